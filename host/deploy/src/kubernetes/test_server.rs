//! An API server that keeps what it is told and misbehaves on command. It serves lists, watches, single objects and
//! logs, on loopback.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};

/// The server; gone with the value.
pub(crate) struct Server {
    address: std::net::SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

struct Shared {
    version: u64,
    /// Objects by the path of their collection and name.
    objects: BTreeMap<(String, String), Value>,
    /// What is answered instead, by a part of the path and query; each is used once.
    faults: Vec<(String, Fault)>,
    logs: BTreeMap<String, String>,
    requests: Vec<String>,
    news: broadcast::Sender<News>,
}

/// How a request is answered instead.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// With a status of this code.
    Status(u16),
    /// With a watch whose first event is a status of this code.
    Event(u16),
}

#[derive(Clone)]
enum News {
    Event(String, Value),
    /// Every watch ends.
    Drop,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Shared {
            version: 1,
            objects: BTreeMap::new(),
            faults: Vec::new(),
            logs: BTreeMap::new(),
            requests: Vec::new(),
            news: broadcast::channel(64).0,
        };
        let mut server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(Mutex::new(shared)),
            task: None,
        };
        server.serve(listener);
        server
    }

    fn serve(&mut self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        self.task = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&shared)));
            }
        }));
    }

    /// Goes away: no connection survives, no new one is taken.
    pub(crate) fn stop(&mut self) {
        self.task.take().unwrap().abort();
        self.drop_watches();
    }

    /// Comes back at the same place.
    pub(crate) async fn restart(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.serve(socket.listen(64).unwrap());
    }

    pub(crate) fn client(&self) -> Client {
        let mut config = Config::new(format!("http://{}", self.address).parse().unwrap());
        config.default_retry = false;
        Client::try_from(config).unwrap()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    /// Puts an object into a collection, such as `/api/v1/namespaces/website/pods`.
    pub(crate) fn put(&self, collection: &str, object: Value) {
        put(&mut self.shared(), collection, object);
    }

    pub(crate) fn delete(&self, collection: &str, name: &str) {
        delete(&mut self.shared(), collection, name);
    }

    /// The names in a collection.
    pub(crate) fn names(&self, collection: &str) -> Vec<String> {
        let shared = self.shared();
        shared.objects.keys().filter(|(found, _)| found == collection).map(|(_, name)| name.clone()).collect()
    }

    pub(crate) fn fault(&self, part: &str, fault: Fault) {
        self.shared().faults.push((part.to_owned(), fault));
    }

    pub(crate) fn log(&self, pod: &str, text: &str) {
        self.shared().logs.insert(pod.to_owned(), text.to_owned());
    }

    /// Ends every watch, as a proxy between would.
    pub(crate) fn drop_watches(&self) {
        let _ = self.shared().news.send(News::Drop);
    }

    /// What was asked, with the query.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared().requests.clone()
    }

    /// Whether every fault was used.
    pub(crate) fn is_out_of_faults(&self) -> bool {
        self.shared().faults.is_empty()
    }

    /// Waits until somebody watches a collection.
    pub(crate) async fn until_watched(&self, collection: &str, times: usize) {
        let asked = |request: &&String| request.starts_with(collection) && request.contains("watch=true");
        while self.requests().iter().filter(asked).count() < times {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn put(shared: &mut Shared, collection: &str, mut object: Value) -> Value {
    shared.version += 1;
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    object["metadata"]["resourceVersion"] = shared.version.to_string().into();
    if object["metadata"]["uid"].is_null() {
        object["metadata"]["uid"] = format!("uid-{name}").into();
    }
    let key = (collection.to_owned(), name);
    let kind = if shared.objects.insert(key, object.clone()).is_some() { "MODIFIED" } else { "ADDED" };
    let event = json!({"type": kind, "object": object});
    let _ = shared.news.send(News::Event(collection.to_owned(), event));
    object
}

fn delete(shared: &mut Shared, collection: &str, name: &str) -> Value {
    shared.version += 1;
    let mut object = shared.objects.remove(&(collection.to_owned(), name.to_owned())).unwrap();
    object["metadata"]["resourceVersion"] = shared.version.to_string().into();
    let event = json!({"type": "DELETED", "object": object});
    let _ = shared.news.send(News::Event(collection.to_owned(), event));
    object
}

/// Makes or deletes an object.
fn change(shared: &mut Shared, method: &str, target: &str, body: &[u8]) -> (u16, String, Option<Watch>) {
    let path = target.split('?').next().unwrap_or_default();
    let object = if method == "POST" {
        let mut object: Value = serde_json::from_slice(body).unwrap();
        if let Some(base) = object["metadata"]["generateName"].as_str() {
            object["metadata"]["name"] = format!("{base}{}", shared.version).into();
        }
        put(shared, path, object)
    } else {
        let (collection, name) = path.rsplit_once('/').unwrap_or_default();
        delete(shared, collection, name)
    };
    (200, object.to_string(), None)
}

fn status(code: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "message": format!("answered {code}"), "reason": "Made"})
}

/// Answers one request. Every connection is for one.
async fn answer(stream: TcpStream, shared: Arc<Mutex<Shared>>) {
    let mut stream = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some((_, value)) = line.to_lowercase().split_once("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if first.is_empty() {
            first = line;
        }
    }
    // Clients open connections that they do not use after all.
    if first.is_empty() {
        return;
    }
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (code, body, watch) = match method {
        "GET" => {
            let mut shared = shared.lock().unwrap();
            shared.requests.push(target.to_owned());
            respond(&mut shared, target)
        }
        _ => change(&mut shared.lock().unwrap(), method, target, &body),
    };
    let head = format!("HTTP/1.1 {code} Said\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
    if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
        return;
    }
    let Some((mut news, path, name)) = watch else { return };
    while let Ok(News::Event(collection, event)) = news.recv().await {
        let is_meant = name.as_deref().is_none_or(|name| event["object"]["metadata"]["name"] == name);
        if collection == path && is_meant && stream.write_all(format!("{event}\n").as_bytes()).await.is_err()
        {
            return;
        }
    }
}

type Watch = (broadcast::Receiver<News>, String, Option<String>);

fn respond(shared: &mut Shared, target: &str) -> (u16, String, Option<Watch>) {
    let fault = shared.faults.iter().position(|(part, _)| target.contains(part.as_str()));
    match fault.map(|place| shared.faults.remove(place).1) {
        Some(Fault::Status(code)) => return (code, status(code).to_string(), None),
        Some(Fault::Event(code)) => {
            return (200, format!("{}\n", json!({"type": "ERROR", "object": status(code)})), None);
        }
        None => {}
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    if let Some(pod) = path.strip_suffix("/log") {
        let pod = pod.rsplit('/').next().unwrap_or_default();
        return match shared.logs.get(pod) {
            Some(log) => (200, log.clone(), None),
            None => (400, status(400).to_string(), None),
        };
    }
    if let Some((collection, name)) = path.rsplit_once('/')
        && let Some(object) = shared.objects.get(&(collection.to_owned(), name.to_owned()))
    {
        return (200, object.to_string(), None);
    }
    let name = parameter("fieldSelector").and_then(|selector| selector.strip_prefix("metadata.name%3D"));
    let mine = shared
        .objects
        .iter()
        .filter(|((collection, found), _)| collection == path && name.is_none_or(|name| name == found));
    let Some(since) = parameter("resourceVersion").filter(|_| query.contains("watch=true")) else {
        let items: Vec<_> = mine.map(|(_, object)| object).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": shared.version.to_string()}, "items": items});
        return (200, list.to_string(), None);
    };
    let since: u64 = since.parse().unwrap_or(0);
    let missed = mine
        .filter(|(_, object)| {
            object["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > since
        })
        .map(|(_, object)| format!("{}\n", json!({"type": "MODIFIED", "object": object})));
    let body = missed.collect();
    (200, body, Some((shared.news.subscribe(), path.to_owned(), name.map(str::to_owned))))
}
