//! Talking to one registry: protocol, authorisation, time-outs, retries, and what its statuses mean.

use std::{collections::HashMap, future::Future, path::Path, sync::Mutex, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    address::{self, Protocol},
    authorization::{Authorization, Scope},
    body::retry_after,
    credentials::{Credential, CredentialSource},
    error::{RegistryError, is_certificate_error},
    options::RegistryOptions,
};

/// The longest pause between two tries that this program chooses by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One registry.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) registry: String,
    pub(crate) options: RegistryOptions,
    client: Client,
    protocol: Protocol,
    base: OnceCell<Url>,
    credentials: CredentialSource,
    credential: OnceCell<Credential>,
    authorizations: Mutex<HashMap<Scope, Authorization>>,
}

/// What a request is about.
pub(crate) struct Ask<'a> {
    /// What it needs permission for.
    pub(crate) scope: &'a Scope,
    /// What it asks for, for messages.
    pub(crate) what: &'a str,
}

/// The client for all registries.
pub(crate) fn client(options: &RegistryOptions) -> Result<Client, RegistryError> {
    let mut authorities = Vec::new();
    for path in &options.certificate_authorities {
        authorities.extend(certificates(path)?);
    }
    Client::builder()
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        // Transfers side by side get a connection each: HTTP/2 would make them share one window.
        .http1_only()
        .tls_certs_merge(authorities)
        .build()
        .map_err(|source| RegistryError::Client { source })
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, RegistryError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| RegistryError::CertificateAuthority {
        path: path.to_owned(),
        source,
    };
    let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
    match reqwest::Certificate::from_pem_bundle(&pem) {
        Ok(found) if found.is_empty() => Err(failed("there is no certificate in it".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(failed(error.into())),
    }
}

impl Connection {
    pub(crate) fn new(registry: &str, client: Client, options: RegistryOptions) -> Self {
        Self {
            registry: registry.to_owned(),
            client,
            protocol: address::protocol(registry, &options.plain_http),
            base: OnceCell::new(),
            credentials: CredentialSource {
                file: options.docker_config.clone(),
                helper_timeout: options.helper_timeout,
            },
            credential: OnceCell::new(),
            authorizations: Mutex::default(),
            options,
        }
    }

    /// The address of something below `/v2/`.
    pub(crate) async fn url(&self, path: &str) -> Result<Url, RegistryError> {
        let base = self.base.get_or_try_init(|| self.retrying(|| self.find_base())).await?;
        base.join(path)
            .map_err(|_| self.nonsense("a request", format!("the address `{path}`, which is none")))
    }

    async fn find_base(&self) -> Result<Url, RegistryError> {
        let plain = match self.protocol {
            Protocol::Https => false,
            Protocol::PlainHttp => true,
            Protocol::Either => self.speaks_plain_http().await?,
        };
        let scheme = if plain { "http" } else { "https" };
        let base = format!("{scheme}://{}/v2/", address::host(&self.registry));
        Url::parse(&base)
            .map_err(|_| self.nonsense("a request", format!("the address `{base}`, which is none")))
    }

    /// Asks a registry on loopback in the clear, without credentials. One that speaks TLS answers something else than
    /// HTTP, or with status 400.
    async fn speaks_plain_http(&self) -> Result<bool, RegistryError> {
        let url = format!("http://{}/v2/", self.registry);
        match timeout(self.options.idle_timeout, self.client.get(url).send()).await {
            Ok(Ok(answer)) => Ok(answer.status() != StatusCode::BAD_REQUEST),
            Ok(Err(error)) if error.is_connect() => Err(self.transport(error)),
            Ok(Err(_)) => Ok(false),
            Err(_) => Err(self.stalled()),
        }
    }

    /// Whether the registry is spoken to without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.base.get().is_some_and(|base| base.scheme() == "http")
    }

    pub(crate) async fn credential(&self) -> Result<&Credential, RegistryError> {
        self.credential.get_or_try_init(|| self.credentials.look_up(&self.registry)).await
    }

    /// A request without authorisation.
    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request, answering a challenge if there is one, and checks the status of the answer.
    pub(crate) async fn ask(
        &self,
        ask: &Ask<'_>,
        (method, url): (Method, Url),
        complete: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let build = || complete(self.authorized(ask.scope, method.clone(), &url));
        let mut answer = self.send_raw(build()).await?;
        // Somebody else's server, where an upload may lead, gets no credentials, whatever it asks.
        if answer.status() == StatusCode::UNAUTHORIZED && self.is_own(&url) {
            let authorization = self.authorize(ask.scope, answer.headers(), ask.what).await?;
            self.authorizations().insert(ask.scope.clone(), authorization);
            answer = self.send_raw(build()).await?;
        }
        self.check(ask, answer).await
    }

    /// A request with the authorisation that is known, if it goes to this registry and no other.
    pub(crate) fn authorized(&self, scope: &Scope, method: Method, url: &Url) -> RequestBuilder {
        let request = self.request(method, url.clone());
        let known = self.authorizations().get(scope).filter(|_| self.is_own(url)).cloned();
        match known {
            Some(authorization) => authorization.apply(request),
            None => request,
        }
    }

    fn is_own(&self, url: &Url) -> bool {
        self.base.get().is_some_and(|base| base.origin() == url.origin())
    }

    fn authorizations(&self) -> std::sync::MutexGuard<'_, HashMap<Scope, Authorization>> {
        self.authorizations.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Sends a request as it is and answers whatever comes back.
    pub(crate) async fn send_raw(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        match timeout(self.options.idle_timeout, request.send()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.transport(error)),
            Err(_) => Err(self.stalled()),
        }
    }

    /// Turns a status that means failure into an error.
    pub(crate) async fn check(&self, ask: &Ask<'_>, answer: Response) -> Result<Response, RegistryError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let pause = retry_after(answer.headers());
        let reason = self.reason(answer).await;
        let (registry, what) = (self.registry.clone(), ask.what.to_owned());
        Err(match status {
            StatusCode::UNAUTHORIZED => {
                // It may have run out: the next request asks for a new one.
                self.authorizations().remove(ask.scope);
                self.unauthorised(ask.what, reason)
            }
            StatusCode::FORBIDDEN => RegistryError::Denied { registry, what, reason },
            StatusCode::NOT_FOUND => RegistryError::NotFound { registry, what, reason },
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                self.failing(ask.what, status, reason, pause)
            }
            status if status.is_server_error() => self.failing(ask.what, status, reason, pause),
            status => RegistryError::Refused { registry, what, status: status.as_u16(), reason },
        })
    }

    /// Does something until it works, fails for good, or was tried often enough.
    pub(crate) async fn retrying<T, Attempt>(
        &self,
        attempt: impl FnMut() -> Attempt + Send,
    ) -> Result<T, RegistryError>
    where
        Attempt: Future<Output = Result<T, RegistryError>> + Send,
    {
        let tries = self.options.tries.max(1);
        let pauses = ExponentialBuilder::new()
            .with_min_delay(self.options.first_pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .with_max_times(tries - 1);
        let result = attempt
            .retry(pauses)
            .when(RegistryError::is_passing)
            .adjust(|error, pause| match error {
                RegistryError::Failing { retry_after: Some(asked), .. } => {
                    pause.map(|pause| pause.max(*asked))
                }
                _ => pause,
            })
            .notify(|error, pause| tracing::warn!(%error, ?pause, "the registry failed, trying again"))
            .await;
        result.map_err(|error| match error {
            error if error.is_passing() && tries > 1 => {
                RegistryError::GaveUp { tries, source: Box::new(error) }
            }
            error => error,
        })
    }
}

/// The errors of this registry.
impl Connection {
    pub(crate) fn transport(&self, error: reqwest::Error) -> RegistryError {
        let registry = self.registry.clone();
        // Addresses of uploads hold secrets of the registry.
        let source = error.without_url();
        if is_certificate_error(&source) {
            RegistryError::Untrusted { registry, source }
        } else if source.is_connect() {
            RegistryError::Unreachable { registry, source }
        } else {
            RegistryError::Interrupted { registry, source: Some(source) }
        }
    }

    pub(crate) fn interrupted(&self, error: reqwest::Error) -> RegistryError {
        RegistryError::Interrupted { registry: self.registry.clone(), source: Some(error.without_url()) }
    }

    pub(crate) fn stalled(&self) -> RegistryError {
        RegistryError::Stalled { registry: self.registry.clone(), idle: self.options.idle_timeout }
    }

    pub(crate) fn failing(
        &self,
        what: &str,
        status: StatusCode,
        reason: String,
        retry_after: Option<Duration>,
    ) -> RegistryError {
        let (registry, what, status) = (self.registry.clone(), what.to_owned(), status.as_u16());
        RegistryError::Failing { registry, what, status, reason, retry_after }
    }

    pub(crate) fn unauthorised(&self, what: &str, reason: String) -> RegistryError {
        let found = self.credential.get().unwrap_or(&Credential::Anonymous);
        let credentials = self.credentials.describe(found);
        let (registry, what) = (self.registry.clone(), what.to_owned());
        RegistryError::Unauthorised { registry, what, credentials, reason }
    }

    pub(crate) fn nonsense(&self, what: &str, problem: String) -> RegistryError {
        RegistryError::Nonsense { registry: self.registry.clone(), what: what.to_owned(), problem }
    }
}
