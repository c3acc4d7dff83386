//! A registry in memory that misbehaves on demand: just enough HTTP/1.1 and OCI distribution for the tests.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use plimsoll_core::{digest::Digest, reference::RepositoryName};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::uploads::Storage;

/// How to misbehave, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answer with this status and nothing else but these header lines.
    Status(u16, &'static str),
    /// Do what was asked, but leave out every header that is not needed.
    NoHeaders,
    /// Claim another digest than the content has.
    LyingDigest,
    /// Serve other content of the same length.
    WrongContent,
    /// Stop in the middle of the content.
    Truncated,
    /// Take the request and say nothing.
    Silence,
    /// Take so many bytes of the request's body, and break the connection.
    Cut(usize),
    /// Do what was asked, and break the connection.
    CutAfter,
    /// Forget all uploads, as a registry that was started anew, and break the connection.
    Restart,
}

/// What the registry holds and saw.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Manifests by tag and by digest.
    pub(crate) manifests: HashMap<String, Vec<u8>>,
    /// Faults to come: the beginning of the request line that triggers each.
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
    /// The value of the header `Authorization` that is demanded, and the challenge otherwise.
    pub(crate) demanded: Option<(String, String)>,
    /// The greeting needs no credentials, whatever the rest needs.
    pub(crate) greets_everybody: bool,
    /// What the token server may be asked, method and form, and the value of the header `Authorization`.
    pub(crate) token: Option<(Vec<String>, String)>,
    /// What the token server hands out, when it is not `the-token`.
    pub(crate) handed_out: Option<&'static str>,
    /// What it lists as referring to any artifact; absent when it has no such list.
    pub(crate) referrers: Option<Vec<u8>>,
    /// It lists what refers to an artifact by itself, from the manifests that it takes.
    pub(crate) keeps_referrers: bool,
    /// What somebody else puts under a tag right after it was put there, once.
    pub(crate) written_over: Option<(String, Vec<u8>)>,
    /// What somebody else puts there right before the digest of what is there is asked for next.
    pub(crate) written_before: Option<(String, Vec<u8>)>,
    /// All tags come at once, whatever part is asked for.
    pub(crate) no_pages: bool,
    /// Another server that uploads are sent to.
    pub(crate) uploads_at: Option<SocketAddr>,
    /// Every header `Authorization` that was seen.
    pub(crate) shown: Vec<String>,
    /// Every header `Range` that was seen.
    pub(crate) ranges: Vec<String>,
    /// Every request line that was seen but those to `/v2/` itself.
    pub(crate) seen: Vec<String>,
}

/// A running registry. It ends with the test's runtime.
pub(crate) struct FaultServer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    storage: Arc<Mutex<Storage>>,
}

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    path: String,
    query: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// The body did not come whole.
    pub(crate) is_broken: bool,
}

impl Request {
    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()?;
        Some(value.replace("%3A", ":").replace("%2F", "/"))
    }
}

/// An answer.
#[derive(Default)]
pub(crate) struct Answer {
    status: u16,
    pub(crate) headers: String,
    body: Vec<u8>,
    /// How much of the body is sent.
    sent: Option<usize>,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: String, body: &[u8]) -> Self {
        Self { status, headers, body: body.to_vec(), sent: None }
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let error = json!({"errors": [{"code": code, "message": "not here"}]});
        Self::new(status, String::new(), error.to_string().as_bytes())
    }
}

impl FaultServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(Arc::default()).await
    }

    /// Another server with the same blobs.
    pub(crate) async fn start_beside(&self) -> Self {
        Self::start_with(Arc::clone(&self.storage)).await
    }

    async fn start_with(storage: Arc<Mutex<Storage>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = (Arc::clone(&state), Arc::clone(&storage));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone(), address));
            }
        });
        Self { address, state, storage }
    }

    pub(crate) fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fault(&self, request: &'static str, fault: Fault) {
        self.state().faults.push_back((request, fault));
    }

    pub(crate) fn repository(&self) -> RepositoryName {
        format!("{}/site", self.address).parse().unwrap()
    }

    /// How many requests began so.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.state().seen.iter().filter(|seen| seen.starts_with(request)).count()
    }
}

/// One request per connection: simple, and no fault can spill over.
async fn serve(stream: TcpStream, shared: (Arc<Mutex<State>>, Arc<Mutex<Storage>>), address: SocketAddr) {
    let mut stream = BufReader::new(stream);
    let Some(mut request) = read_head(&mut stream).await else { return };
    let fault = note(&mut shared.0.lock().unwrap_or_else(PoisonError::into_inner), &request);
    let length = request.headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let wanted = if let Some(Fault::Cut(most)) = fault { length.min(most) } else { length };
    let mut body = (&mut stream).take(wanted as u64);
    // What has come counts, whole or not.
    let _ = body.read_to_end(&mut request.body).await;
    request.is_broken = request.body.len() < length;
    let answer = {
        let mut state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut storage = shared.1.lock().unwrap_or_else(PoisonError::into_inner);
        if fault == Some(Fault::Restart) {
            storage.forget_uploads();
        }
        answer(&mut state, &mut storage, &request, address, fault.as_ref())
    };
    match fault {
        Some(Fault::Cut(_) | Fault::CutAfter | Fault::Restart) => return,
        Some(Fault::Silence) => sleep(Duration::from_secs(30)).await,
        _ => {}
    }
    let head = format!(
        "HTTP/1.1 {} Status\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n",
        answer.status,
        answer.body.len(),
        answer.headers
    );
    let body = &answer.body[..answer.sent.unwrap_or(answer.body.len())];
    let body = if request.method == "HEAD" { &[] } else { body };
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    let _ = stream.shutdown().await;
}

/// Takes note of a request, and says what goes wrong with it.
fn note(state: &mut State, request: &Request) -> Option<Fault> {
    let line = format!("{} {}", request.method, request.path);
    state.shown.extend(request.headers.get("authorization").cloned());
    state.ranges.extend(request.headers.get("range").cloned());
    let is_next = state.faults.front().is_some_and(|(start, _)| line.starts_with(start));
    if request.path != "/v2/" {
        state.seen.push(line);
    }
    if is_next { state.faults.pop_front().map(|(_, fault)| fault) } else { None }
}

/// `None` for what is no HTTP.
async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: HashMap<_, _> = lines.filter_map(header).collect();
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Request { method, path, query, headers, body: Vec::new(), is_broken: false })
}

fn answer(
    state: &mut State,
    storage: &mut Storage,
    request: &Request,
    address: SocketAddr,
    fault: Option<&Fault>,
) -> Answer {
    if let Some(Fault::Status(status, headers)) = fault {
        return Answer { status: *status, headers: (*headers).to_owned(), ..Answer::default() };
    }
    if let Some(refusal) = refusal(state, request) {
        return refusal;
    }
    if request.path == "/token" {
        let token = state.handed_out.unwrap_or("the-token");
        let body = json!({"token": token}).to_string().into_bytes();
        return Answer { status: 200, body, ..Answer::default() };
    }
    let mut answer = match request.path.strip_prefix("/v2/site/") {
        Some(path) => repository(state, storage, request, path, address),
        None => Answer { status: if request.path == "/v2/" { 200 } else { 404 }, ..Answer::default() },
    };
    match fault {
        Some(Fault::NoHeaders) => answer.headers.clear(),
        Some(Fault::LyingDigest) => {
            answer.headers = format!("Location: /x\r\nDocker-Content-Digest: {}\r\n", Digest::of(b"a lie"));
        }
        Some(Fault::WrongContent) => answer.body.fill(b'x'),
        Some(Fault::Truncated) => answer.sent = Some(answer.body.len() / 2),
        _ => {}
    }
    answer
}

/// What somebody without the right credentials gets.
fn refusal(state: &State, request: &Request) -> Option<Answer> {
    let shown = request.headers.get("authorization").map(String::as_str);
    if request.path == "/token" {
        let (questions, demanded) = state.token.as_ref()?;
        let form = if request.method == "POST" {
            String::from_utf8_lossy(&request.body)
        } else {
            request.query.as_str().into()
        };
        let question = format!("{} {form}", request.method);
        let is_right = questions.contains(&question) && shown.unwrap_or_default() == demanded;
        return (!is_right).then(|| Answer { status: 401, ..Answer::default() });
    }
    if state.greets_everybody && request.path == "/v2/" {
        return None;
    }
    let (demanded, challenge) = state.demanded.as_ref()?;
    (shown != Some(demanded)).then(|| Answer {
        status: 401,
        headers: format!("WWW-Authenticate: {challenge}\r\n"),
        body: br#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#.to_vec(),
        sent: None,
    })
}

fn repository(
    state: &mut State,
    storage: &mut Storage,
    request: &Request,
    path: &str,
    address: SocketAddr,
) -> Answer {
    let ok = Answer::new;
    let digest_header = |bytes: &[u8]| format!("Docker-Content-Digest: {}\r\n", Digest::of(bytes));
    let missing = |code: &str| Answer::error(404, code);
    let (kind, name) = path.split_once('/').unwrap();
    match (request.method.as_str(), kind, name) {
        (_, "blobs", name) => {
            let host = state.uploads_at.unwrap_or(address).to_string();
            storage.answer(request, name, &host).unwrap_or_else(|| missing("NOT_FOUND"))
        }
        (method @ ("GET" | "HEAD"), "manifests", target) => {
            let is_theirs = |(tag, _): &mut (String, Vec<u8>)| method == "HEAD" && tag == target;
            if let Some((tag, theirs)) = state.written_before.take_if(is_theirs) {
                state.manifests.insert(tag, theirs);
            }
            match state.manifests.get(target) {
                Some(bytes) => ok(200, digest_header(bytes), bytes),
                None => missing("MANIFEST_UNKNOWN"),
            }
        }
        ("PUT", "manifests", target) => {
            state.manifests.insert(target.to_owned(), request.body.clone());
            state.manifests.insert(Digest::of(&request.body).to_string(), request.body.clone());
            if let Some((tag, theirs)) = state.written_over.take_if(|(tag, _)| tag == target) {
                state.manifests.insert(tag, theirs);
            }
            let subject = subject(&request.body).filter(|_| state.keeps_referrers);
            let subject = subject.map_or_else(String::new, |subject| format!("OCI-Subject: {subject}\r\n"));
            ok(201, format!("Location: /x\r\n{subject}{}", digest_header(&request.body)), b"")
        }
        ("GET", "referrers", subject) if state.keeps_referrers => {
            // Two to a page.
            let page: usize = request.query.strip_prefix("page=").map_or(0, |page| page.parse().unwrap());
            let (list, is_last) = referrers(state, subject, page);
            let next = format!("Link: </v2/site/referrers/{subject}?page={}>; rel=\"next\"\r\n", page + 1);
            ok(200, if is_last { String::new() } else { next }, list.to_string().as_bytes())
        }
        ("GET", "referrers", _) => match &state.referrers {
            Some(index) => ok(200, String::new(), index),
            None => missing("NOT_FOUND"),
        },
        ("GET", "tags", "list") => {
            let mut tags: Vec<_> = state.manifests.keys().filter(|tag| !tag.contains(':')).collect();
            tags.sort();
            if state.no_pages {
                return ok(200, String::new(), json!({"name": "site", "tags": tags}).to_string().as_bytes());
            }
            // Two to a page, by the last one of the page before.
            let last = request.query.split_once("last=").map_or("", |(_, last)| last);
            let page: Vec<_> = tags.iter().copied().filter(|tag| tag.as_str() > last).take(2).collect();
            let link = match page.last() {
                Some(&end) if Some(&end) != tags.last() => {
                    format!("Link: </v2/site/tags/list?last={end}>; rel=\"next\"\r\n")
                }
                _ => String::new(),
            };
            ok(200, link, json!({"name": "site", "tags": page}).to_string().as_bytes())
        }
        _ => missing("NOT_FOUND"),
    }
}

/// The digest of what a manifest refers to.
fn subject(manifest: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    Some(manifest["subject"]["digest"].as_str()?.to_owned())
}

/// A page of the manifests that name a subject, and whether it is the last.
fn referrers(state: &State, of: &str, page: usize) -> (serde_json::Value, bool) {
    let named = state.manifests.iter().filter(|(name, _)| name.starts_with("sha256:"));
    let mut all: Vec<_> = named.filter(|(_, bytes)| subject(bytes).as_deref() == Some(of)).collect();
    all.sort();
    let entry = |(digest, bytes): &(&String, &Vec<u8>)| {
        let manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        json!({
            "mediaType": manifest["mediaType"], "digest": digest, "size": bytes.len(),
            "artifactType": manifest["artifactType"], "annotations": manifest["annotations"],
        })
    };
    let entries: Vec<_> = all.iter().skip(2 * page).take(2).map(entry).collect();
    let list = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries });
    (list, all.len() <= 2 * page + 2)
}
