//! A token server as the distribution specification has it ("Token Authentication Specification", "OAuth2 Token Authentication"),
//! which asks for every field and signs what a registry can verify.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{PASSWORD, USER};
use crate::{
    certificate::Certificate,
    command::run,
    text::{base64, write},
    web::{WebAnswer, WebRequest, WebServer},
};

/// What the registry is called here.
pub(super) const SERVICE: &str = "registry of the tests";
/// Who signs.
pub(super) const ISSUER: &str = "token server of the tests";
/// A token that stands for [`USER`].
pub const IDENTITY_TOKEN: &str = "identity-of-plimsoll";
/// How long tokens are good, seconds.
const LIFE: u64 = 300;

/// A token server over TLS. [`USER`] may do everything but write below `locked/`; everybody may read below `public/`.
#[derive(Debug)]
pub(super) struct TokenServer {
    web: WebServer,
    asked: Arc<Mutex<Vec<String>>>,
    bundle: PathBuf,
}

/// What signs tokens.
struct Signer {
    folder: PathBuf,
    chain: String,
    count: AtomicUsize,
}

impl TokenServer {
    /// Starts a server with the registry's certificate, and a key of its own.
    #[track_caller]
    pub(super) fn start(folder: &Path, certificate: &Certificate) -> Self {
        let signer = Signer::make(&folder.join("tokens"));
        let bundle = signer.folder.join("signer.pem");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let web = WebServer::start(Some(certificate), move |request| answer(request, &signer, &log));
        Self { web, asked, bundle }
    }

    /// The registry's configuration.
    pub(super) fn configuration(&self) -> Value {
        let realm = format!("https://{}/token", self.web.address());
        json!({ "token": { "realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": self.bundle } })
    }

    /// What was granted: method, who, and the rights that were asked for, blanks between.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What was asked: who asks, and for what.
struct Question {
    user: Option<String>,
    scopes: Vec<String>,
}

fn answer(request: &WebRequest, signer: &Signer, log: &Mutex<Vec<String>>) -> WebAnswer {
    let question = match (request.path.as_str(), request.method.as_str()) {
        ("/token", "GET") => by_get(request),
        ("/token", "POST") => by_post(request),
        _ => return refused(404, "NOT_FOUND"),
    };
    let Question { user, scopes } = match question {
        Ok(question) => question,
        Err(refusal) => return refusal,
    };
    let who = user.as_deref().unwrap_or("anybody");
    log.lock().unwrap_or_else(PoisonError::into_inner).push(format!(
        "{} {who} {}",
        request.method,
        scopes.join(" ")
    ));
    let now = seconds();
    let claims = json!({
        "iss": ISSUER, "sub": user.as_deref().unwrap_or_default(), "aud": SERVICE,
        "exp": now + LIFE, "nbf": now - 10, "iat": now, "jti": now.to_string(),
        "access": scopes.iter().filter_map(|scope| granted(scope, user.is_some())).collect::<Vec<_>>(),
    });
    let name = if request.method == "GET" { "token" } else { "access_token" };
    WebAnswer::json(200, &json!({ name: signer.sign(&claims), "expires_in": LIFE }))
}

fn by_get(request: &WebRequest) -> Result<Question, WebAnswer> {
    if request.parameter("service") != Some(SERVICE) {
        return Err(refused(400, "SERVICE"));
    }
    let user = match request.header("authorization") {
        None => None,
        Some(shown) if shown == format!("Basic {}", base64(format!("{USER}:{PASSWORD}").as_bytes())) => {
            Some(USER.to_owned())
        }
        Some(_) => return Err(refused(401, "UNAUTHORIZED")),
    };
    let scopes = request.query.iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.clone());
    Ok(Question { user, scopes: scopes.collect() })
}

fn by_post(request: &WebRequest) -> Result<Question, WebAnswer> {
    let is_form = request.header("content-type") == Some("application/x-www-form-urlencoded");
    let is_known = request.field("service") == Some(SERVICE) && request.field("client_id").is_some();
    if !is_form || !is_known || request.header("authorization").is_some() {
        return Err(refused(400, "INVALID"));
    }
    let is_right = match request.field("grant_type") {
        Some("refresh_token") => request.field("refresh_token") == Some(IDENTITY_TOKEN),
        Some("password") => {
            (request.field("username"), request.field("password")) == (Some(USER), Some(PASSWORD))
        }
        _ => return Err(refused(400, "GRANT")),
    };
    let scopes = request.field("scope").unwrap_or_default().split(' ').map(str::to_owned).collect();
    if is_right {
        Ok(Question { user: Some(USER.to_owned()), scopes })
    } else {
        Err(refused(401, "UNAUTHORIZED"))
    }
}

/// What is granted of `repository:NAME:ACTIONS`.
fn granted(scope: &str, is_user: bool) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let may = |action: &&str| match *action {
        "pull" => is_user || name.starts_with("public/"),
        "push" => is_user && !name.starts_with("locked/"),
        _ => false,
    };
    let actions: Vec<&str> = actions.split(',').filter(may).collect();
    Some(json!({ "type": kind, "name": name, "actions": actions }))
}

fn refused(status: u16, code: &str) -> WebAnswer {
    WebAnswer::json(status, &json!({ "errors": [{ "code": code, "message": "not like this" }] }))
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Signer {
    #[track_caller]
    fn make(folder: &Path) -> Self {
        write(&folder.join("readme"), "What tokens are signed with.");
        let openssl = |arguments: &str| {
            let mut command = Command::new("openssl");
            let _ = run(command.args(arguments.split_whitespace()).current_dir(folder)).success();
        };
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=signer -keyout signer.key.pem -out signer.pem",
        );
        openssl("x509 -in signer.pem -outform DER -out signer.der");
        let chain = base64(&fs::read(folder.join("signer.der")).expect("openssl wrote it"));
        Self { folder: folder.to_owned(), chain, count: AtomicUsize::new(0) }
    }

    /// A JSON Web Token (RFC 7519) with the signer's certificate (RFC 7515, section 4.1.6).
    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [self.chain] });
        let text =
            format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let (from, to) =
            (self.folder.join(format!("{number}.txt")), self.folder.join(format!("{number}.sig")));
        write(&from, &text);
        let mut command = Command::new("openssl");
        command.args(["dgst", "-sha256", "-sign", "signer.key.pem", "-out"]).arg(&to).arg(&from);
        let _ = run(command.current_dir(&self.folder)).success();
        format!("{text}.{}", encoded(&fs::read(to).expect("openssl wrote it")))
    }
}

/// Base64 for addresses, without the padding (RFC 7515, section 2).
fn encoded(bytes: &[u8]) -> String {
    base64(bytes).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}
