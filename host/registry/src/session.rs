//! The way to one registry, found before the first request: its protocol, what it asks for, and the clients that reach it.

use reqwest::{StatusCode, Url};

use crate::{
    address::{self, Protocol},
    authentication::{Access, Challenge, NoAddress, challenge},
    certificates::trust,
    connection::{Connection, GREETING},
    error::RegistryError,
    failure::is_passing,
    retry_after::retry_after,
};

/// What is known of a registry once it was greeted.
#[derive(Debug)]
pub(crate) struct Session {
    /// Makes requests of the registry.
    pub(crate) http: reqwest::Client,
    /// Scheme, host and port of the registry.
    pub(crate) base: Url,
    /// Makes requests with secrets in them: it follows no redirections.
    pub(crate) token_http: reqwest::Client,
    /// What is shown to the registry.
    pub(crate) access: Access,
    /// There is no TLS.
    pub(crate) is_plain: bool,
}

impl Session {
    /// Whether an address is the registry's own.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }
}

impl Connection {
    /// Greets the registry and prepares a client for it. Credentials are only looked for when it asks for some.
    pub(crate) async fn open(&self) -> Result<Session, RegistryError> {
        let trust = trust(&self.registry, &self.authorities, &self.options)?;
        let http = self.http(&trust, true)?;
        let (is_plain, challenge) = match self.protocol {
            Protocol::Https => (false, self.greet(&http, false).await?.1),
            Protocol::PlainHttp => (true, self.greet(&http, true).await?.1),
            Protocol::Either => self.greet_either(&http).await?,
        };
        let access = Access::default();
        if let Some(challenge) = challenge {
            access.learn(challenge);
        }
        let (token_http, base) = (self.http(&trust, false)?, self.base(is_plain)?);
        Ok(Session { http, token_http, base, access, is_plain })
    }

    /// A registry on loopback is first greeted in the clear. One that speaks TLS answers something else than HTTP, or
    /// with status 400.
    async fn greet_either(&self, http: &reqwest::Client) -> Result<(bool, Option<Challenge>), RegistryError> {
        match self.greet(http, true).await {
            Ok((StatusCode::BAD_REQUEST, _)) | Err(RegistryError::Interrupted { .. }) => {
                Ok((false, self.greet(http, false).await?.1))
            }
            greeted => Ok((true, greeted?.1)),
        }
    }

    /// Asks whether there is a registry (OCI distribution specification 1.1, "Determining Support"), without credentials.
    async fn greet(
        &self,
        http: &reqwest::Client,
        is_plain: bool,
    ) -> Result<(StatusCode, Option<Challenge>), RegistryError> {
        let mut url = self.base(is_plain)?;
        let origin = url.origin();
        url.set_path("/v2/");
        let answer = self.in_time(http.get(url).send()).await?.map_err(|error| self.transport(error))?;
        let status = answer.status();
        if is_passing(status) {
            return Err(self.refusal(GREETING, status, String::new()).later(retry_after(answer.headers())));
        }
        // Only the registry itself may say who is shown its credentials.
        if answer.url().origin() != origin {
            return Ok((status, None));
        }
        let challenge = challenge(answer.headers()).map_err(|NoAddress(realm)| {
            self.nonsense(GREETING, format!("the token server `{realm}`, which is no address"))
        })?;
        Ok((status, challenge))
    }

    fn base(&self, is_plain: bool) -> Result<Url, RegistryError> {
        let scheme = if is_plain { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{}/", address::host(&self.registry)))
            .map_err(|error| RegistryError::Client { source: error.into() })
    }
}
