//! Who is told of a release: a webhook gets the events, signed, from every command that has some; one that does not answer
//! neither holds a release up nor fails it.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use plimsoll_support::{Application, LAYOUT, Requirement, require, run};
use serde_json::Value;

const SECRET: &str = "signing-secret";

/// What a webhook was sent.
#[derive(Debug, Clone)]
struct Request {
    /// By their names in lower case.
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a webhook is sent JSON")
    }

    /// Event, environment and release, in one line.
    fn line(&self) -> String {
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or("-").to_owned();
        assert_eq!(self.headers["x-plimsoll-event"], text("event"));
        format!("{} {} {}", text("event"), text("environment"), text("release"))
    }

    /// Whether the signature is right; `openssl` is the witness.
    fn is_signed(&self) -> bool {
        let file = tempfile::NamedTempFile::new().expect("there is room for a file");
        std::fs::write(file.path(), &self.body).expect("there is room for a file");
        let mut openssl = Command::new("openssl");
        let printed =
            run(openssl.args(["dgst", "-sha256", "-hmac", SECRET]).arg(file.path())).success().text();
        let (_, expected) = printed.rsplit_once("= ").expect("openssl prints a name and a digest");
        self.headers["x-plimsoll-signature-256"] == format!("sha256={expected}")
    }
}

/// A webhook that takes everything. Its thread ends with the process.
struct Webhook {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Webhook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let keeping = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is no fault of the server.
                if let Ok(request) = take(stream) {
                    keeping.lock().expect("no thread panics with it").push(request);
                }
            }
        });
        Self { address, seen }
    }

    /// The requests since the last time.
    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.seen.lock().expect("no thread panics with it"))
    }
}

/// Reads one request and answers it.
fn take(mut stream: TcpStream) -> io::Result<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        line.clear();
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
    Ok(Request { headers, body })
}

/// A notification as the configuration writes it, about everything that webhooks are told.
fn webhook(address: SocketAddr) -> String {
    format!(
        "[[notifications]]\nkind = \"webhook\"\nurl = \"http://{address}/hooks/path-secret\"\nsecret-file = \"hook.secret\"\n"
    )
}

/// The site with these notifications.
fn site(more: &str) -> Application {
    let application = Application::with_rules("scratch", LAYOUT, more);
    application.git.write("hook.secret", format!("{SECRET}\n"));
    application.git.commit("Sign what webhooks are sent");
    application
}

#[test]
fn a_webhook_gets_the_events_of_every_command_signed_and_in_order() {
    require!(Requirement::Git, Requirement::Openssl);
    let server = Webhook::start();
    let application = site(&webhook(server.address));
    let gate = r#"[{ policy = "stock:version-gate", settings = { pattern = "v*" } }]"#;
    application.rule(gate, r#"[{ policy = "stock:approvals" }]"#);
    let commit = application.git.head();

    let held = application.release();
    let release = held["release"].as_str().expect("it has an id");
    let _ = application.run(&["approve", release, "--by", "ann"]).code(0);
    let _ = application.run(&["tick"]).code(0);
    let requests = server.take();
    let lines: Vec<_> = requests.iter().map(Request::line).collect();
    let expected = ["deployed staging", "held production", "deployed production", "done -"];
    assert_eq!(lines, expected.map(|line| format!("{line} {release}")));
    for request in &requests {
        assert!(request.is_signed(), "{request:?}");
        assert_eq!(request.json()["source"]["commit"], commit);
    }
    let sequences: Vec<_> = requests.iter().map(|request| request.json()["sequence"].as_u64()).collect();
    assert!(sequences.is_sorted() && !sequences.contains(&None), "{sequences:?}");
    assert_eq!(requests[2].json()["digest"], held["digest"]);

    // What fails is told, too.
    application.replace("k8s/deployment.yaml", "image: website", "image: another");
    application.change("Nothing to deploy");
    let failed = application.run(&["release"]).code(2);
    assert!(!failed.stderr.contains("webhook"), "{}", failed.stderr);
    let requests = server.take();
    let failure = requests.iter().find(|request| request.headers["x-plimsoll-event"] == "failed");
    let message = failure.expect("it failed").json()["message"].to_string();
    assert!(message.contains("no container"), "{message}");
}

#[test]
fn a_webhook_that_does_not_answer_neither_holds_a_release_up_nor_fails_it() {
    require!(Requirement::Git);
    // Nobody listens at one, and the other takes connections and says nothing.
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let closed = closed.expect("loopback has a free port");
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let quiet = silent.local_addr().expect("it is bound");
    let application = site(&(webhook(closed) + &webhook(quiet)));
    application.git.tag("v1.0.0");

    let released = application.run(&["release", "--format", "json"]).code(0);
    let report = released.json();
    assert_eq!(report["standing"], "done");
    for name in ["staging", "production"] {
        assert_eq!(application.running(name).as_deref(), report["digest"].as_str());
    }
    for address in [closed, quiet] {
        let told = format!("the webhook at {address}");
        assert!(released.stderr.contains(&told), "{told}: {}", released.stderr);
    }
    assert!(!released.stderr.contains("path-secret"), "{}", released.stderr);
    let _ = application.run(&["journal", "verify"]).code(0);
}
