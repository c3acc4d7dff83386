//! A stand-in for all that takes part when a workflow uses Azure's registry without a password: GitHub's token service, Microsoft
//! Entra ID, and the registry's token server, with a real registry behind it. It follows the published protocols, asks for every field and takes none that is not there
//! ("OpenID Connect reference" of GitHub Actions; "OAuth 2.0 client credentials flow" of the Microsoft identity platform; "AAD-OAuth"
//! of Azure Container Registry).

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use crate::{
    certificate::Certificate,
    http::{self, Response},
    web::{WebAnswer, WebRequest, WebServer},
};

const AUDIENCE: &str = "api://AzureADTokenExchange";
const SCOPE: &str = "https://containerregistry.azure.net/.default";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Azure and GitHub on one free port of loopback, with TLS.
#[derive(Debug)]
pub struct AzureStandIn {
    web: WebServer,
    state: Arc<Mutex<State>>,
}

/// What was handed out and is still good, by what it is good for.
#[derive(Debug, Default)]
struct State {
    count: u32,
    good: HashMap<String, String>,
    seen: Vec<String>,
}

impl AzureStandIn {
    /// The application's client ID.
    pub const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
    /// The tenant that it is in.
    pub const TENANT: &str = "contoso.onmicrosoft.com";
    /// What a workflow shows GitHub to get an assertion.
    pub const REQUEST_TOKEN: &str = "request-token-of-the-workflow";

    /// Starts it with a certificate, in front of a registry that everybody may use.
    ///
    /// # Panics
    /// It cannot listen.
    #[must_use]
    #[track_caller]
    pub fn start(certificate: &Certificate, registry: SocketAddr) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let web =
            WebServer::start(Some(certificate), move |request| match answer(&mut lock(&shared), request) {
                Some(answer) => answer,
                None => pass_on(registry, request),
            });
        Self { web, state }
    }

    /// The registry's name in references.
    #[must_use]
    pub fn host(&self) -> String {
        self.web.address().to_string()
    }

    /// Where Microsoft Entra ID is.
    #[must_use]
    pub fn authority(&self) -> String {
        format!("https://{}/", self.web.address())
    }

    /// Where a workflow asks GitHub for an assertion.
    #[must_use]
    pub fn request_url(&self) -> String {
        format!("https://{}/github?api-version=2.0", self.web.address())
    }

    /// An assertion as Kubernetes writes it into a file.
    #[must_use]
    pub fn assertion(&self) -> String {
        lock(&self.state).hand_out("assertion")
    }

    /// Everything that was handed out runs out.
    pub fn expire(&self) {
        lock(&self.state).good.clear();
    }

    /// What was asked so far, each once it was found right: method and path, and for a token its scope.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        lock(&self.state).seen.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn hand_out(&mut self, what: &str) -> String {
        self.count += 1;
        let secret = format!("secret-{}", self.count);
        self.good.insert(secret.clone(), what.to_owned());
        secret
    }

    fn is_good(&self, secret: Option<&str>, what: &str) -> bool {
        secret.and_then(|secret| self.good.get(secret)).is_some_and(|good| good == what)
    }
}

/// `None` for what the registry behind may answer.
fn answer(state: &mut State, request: &WebRequest) -> Option<WebAnswer> {
    let host = request.header("host").unwrap_or_default().to_owned();
    let entra = format!("/{}/oauth2/v2.0/token", AzureStandIn::TENANT);
    let line = format!("{} {}", request.method, request.path);
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/github") => assertion(state, request),
        ("POST", path) if path == entra => access(state, request),
        ("POST", "/oauth2/exchange") => exchange(state, request, &host),
        ("POST", "/oauth2/token") => token(state, request, &host),
        (_, path) if path.starts_with("/v2/") => return refusal(state, request, &host),
        _ => WebAnswer::json(404, &json!({})),
    };
    if answer.status == 200 {
        let scope =
            if request.path == "/oauth2/token" { request.field("scope").unwrap_or_default() } else { "" };
        state.seen.push(format!("{line} {scope}").trim_end().to_owned());
    }
    Some(answer)
}

/// GitHub's token service.
fn assertion(state: &mut State, request: &WebRequest) -> WebAnswer {
    let shown = request.header("authorization").and_then(|shown| shown.split_once(' '));
    let is_right = shown.is_some_and(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("bearer") && token == AzureStandIn::REQUEST_TOKEN
    });
    if !is_right || request.parameter("api-version") != Some("2.0") {
        return WebAnswer::json(401, &json!({"message": "unauthorised"}));
    }
    // For another audience it is another token, which Entra does not take.
    let what = if request.parameter("audience") == Some(AUDIENCE) { "assertion" } else { "other" };
    WebAnswer::json(200, &json!({"count": 1, "value": state.hand_out(what)}))
}

/// Microsoft Entra ID.
fn access(state: &mut State, request: &WebRequest) -> WebAnswer {
    let is_right = is_form(
        request,
        &["client_assertion"],
        &[
            ("client_id", AzureStandIn::CLIENT),
            ("scope", SCOPE),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
        ],
    );
    if !is_right || !state.is_good(request.field("client_assertion"), "assertion") {
        return WebAnswer::json(
            401,
            &json!({
                "error": "invalid_client",
                "error_description": "AADSTS700213: No matching federated identity record found.\r\nTrace ID: 1",
                "error_codes": [700_213],
            }),
        );
    }
    let token = state.hand_out("access");
    WebAnswer::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token}))
}

/// The registry's exchange of a token of Entra's for one of its own.
fn exchange(state: &mut State, request: &WebRequest, host: &str) -> WebAnswer {
    let fixed = [("grant_type", "access_token"), ("service", host), ("tenant", AzureStandIn::TENANT)];
    if !is_form(request, &["access_token"], &fixed) || !state.is_good(request.field("access_token"), "access")
    {
        return unauthorised();
    }
    WebAnswer::json(200, &json!({"refresh_token": state.hand_out("refresh")}))
}

/// The registry's token server.
fn token(state: &mut State, request: &WebRequest, host: &str) -> WebAnswer {
    let fixed = [("grant_type", "refresh_token"), ("service", host)];
    let free = ["refresh_token", "scope", "client_id"];
    if !is_form(request, &free, &fixed) || !state.is_good(request.field("refresh_token"), "refresh") {
        return unauthorised();
    }
    let scope = request.field("scope").unwrap_or_default().to_owned();
    WebAnswer::json(200, &json!({"access_token": state.hand_out(&scope)}))
}

/// What whoever has no token for this gets.
fn refusal(state: &State, request: &WebRequest, host: &str) -> Option<WebAnswer> {
    let shown = request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    let path = request.path.strip_prefix("/v2/").unwrap_or_default();
    let name = ["/blobs/", "/manifests/", "/tags/", "/referrers/"]
        .iter()
        .find_map(|part| Some(path.split_once(part)?.0));
    let may = |actions: &str| {
        name.is_some_and(|name| state.is_good(shown, &format!("repository:{name}:{actions}")))
    };
    if may("pull,push") || (reads && may("pull")) {
        return None;
    }
    let challenge = format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\"");
    Some(unauthorised().header("WWW-Authenticate", &challenge))
}

/// Asks the registry behind, which knows how it is called from outside.
fn pass_on(registry: SocketAddr, request: &WebRequest) -> WebAnswer {
    let own = ["connection", "authorization", "accept-encoding"];
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut headers: Vec<_> = headers.filter(|(name, _)| !own.contains(name)).collect();
    headers.push(("X-Forwarded-Proto", "https"));
    match http::send(registry, &request.method, &request.target, &headers, &request.body) {
        Ok(Response { status, headers, body }) => {
            let is_head = request.method == "HEAD";
            let own = |name: &str| name == "connection" || (name == "content-length" && !is_head);
            let headers = headers.into_iter().filter(|(name, _)| !own(name)).collect();
            WebAnswer { status, headers, body }
        }
        Err(error) => WebAnswer::json(502, &json!({"error": error.to_string()})),
    }
}

/// Whether a form has these fields, each once, and no other: some with any value, some with just this one.
fn is_form(request: &WebRequest, free: &[&str], fixed: &[(&str, &str)]) -> bool {
    request.header("content-type") == Some("application/x-www-form-urlencoded")
        && request.form.len() == free.len() + fixed.len()
        && free.iter().all(|name| request.field(name).is_some())
        && fixed.iter().all(|(name, value)| request.field(name) == Some(value))
}

fn unauthorised() -> WebAnswer {
    let error: Value = json!({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]});
    WebAnswer::json(401, &error)
}
