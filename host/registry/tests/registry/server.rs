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
}

/// What the registry holds and saw.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Blobs by digest.
    pub(crate) blobs: HashMap<String, Vec<u8>>,
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
    /// All tags come at once, whatever part is asked for.
    pub(crate) no_pages: bool,
    /// Another server that uploads are sent to.
    pub(crate) uploads_at: Option<SocketAddr>,
    /// Every header `Authorization` that was seen.
    pub(crate) shown: Vec<String>,
    /// Every request line that was seen but those to `/v2/` itself.
    pub(crate) seen: Vec<String>,
}

/// A running registry. It ends with the test's runtime.
pub(crate) struct FaultServer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// A request.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// An answer.
#[derive(Default)]
struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
    /// How much of the body is sent.
    sent: Option<usize>,
}

impl FaultServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), address));
            }
        });
        Self { address, state }
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
async fn serve(stream: TcpStream, state: Arc<Mutex<State>>, address: SocketAddr) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read_request(&mut stream).await else { return };
    let line = format!("{} {}", request.method, request.path);
    let (answer, is_silent) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if request.path != "/v2/" {
            state.seen.push(line.clone());
        }
        state.shown.extend(request.headers.get("authorization").cloned());
        let fault = match state.faults.front() {
            Some((start, _)) if line.starts_with(start) => state.faults.pop_front().map(|(_, fault)| fault),
            _ => None,
        };
        let is_silent = fault == Some(Fault::Silence);
        (answer(&mut state, &request, address, fault.as_ref()), is_silent)
    };
    if is_silent {
        sleep(Duration::from_secs(30)).await;
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

/// `None` for what is no HTTP.
async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
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
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

fn answer(state: &mut State, request: &Request, address: SocketAddr, fault: Option<&Fault>) -> Answer {
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
        Some(path) => repository(state, request, path, address),
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

fn repository(state: &mut State, request: &Request, path: &str, address: SocketAddr) -> Answer {
    let ok =
        |status, headers: String, body: &[u8]| Answer { status, headers, body: body.to_vec(), sent: None };
    let digest_header = |bytes: &[u8]| format!("Docker-Content-Digest: {}\r\n", Digest::of(bytes));
    let missing = |code: &str| {
        let error = json!({"errors": [{"code": code, "message": "not here"}]});
        ok(404, String::new(), error.to_string().as_bytes())
    };
    let (kind, name) = path.split_once('/').unwrap();
    match (request.method.as_str(), kind, name) {
        ("GET" | "HEAD", "blobs", digest) => match state.blobs.get(digest) {
            Some(bytes) => ok(200, digest_header(bytes), bytes),
            None => missing("BLOB_UNKNOWN"),
        },
        ("GET" | "HEAD", "manifests", target) => match state.manifests.get(target) {
            Some(bytes) => ok(200, digest_header(bytes), bytes),
            None => missing("MANIFEST_UNKNOWN"),
        },
        ("POST", "blobs", "uploads/") => {
            let address = state.uploads_at.unwrap_or(address);
            ok(202, format!("Location: http://{address}/v2/site/blobs/uploads/1?state=a\r\n"), b"")
        }
        ("PUT", "blobs", "uploads/1") => {
            let digest = Digest::of(&request.body).to_string();
            let claimed = request.query.strip_prefix("state=a&digest=").unwrap().replace("%3A", ":");
            if claimed != digest {
                return ok(400, String::new(), br#"{"errors":[{"code":"DIGEST_INVALID"}]}"#);
            }
            state.blobs.insert(digest, request.body.clone());
            ok(201, format!("Location: /x\r\n{}", digest_header(&request.body)), b"")
        }
        ("PUT", "manifests", target) => {
            state.manifests.insert(target.to_owned(), request.body.clone());
            state.manifests.insert(Digest::of(&request.body).to_string(), request.body.clone());
            ok(201, format!("Location: /x\r\n{}", digest_header(&request.body)), b"")
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
