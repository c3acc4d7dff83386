//! The way to one registry, found before the first request: its protocol, what it asks for, the credentials, and the
//! client that speaks the protocol.

use std::{fmt, path::Path};

use oci_client::{
    Client,
    client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol},
    secrets::RegistryAuth,
};
use reqwest::StatusCode;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::ExposeSecret as _;

use crate::{
    address::{self, Protocol},
    challenge::{Challenge, NoAddress, challenge},
    connection::Connection,
    credentials::Credential,
    error::RegistryError,
    failure::is_passing,
    options::RegistryOptions,
    retry_after::retry_after,
};

/// How this program calls itself.
const USER_AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));
/// What the first request is about, for messages.
const GREETING: &str = "a first request";

/// What is known of a registry once it was greeted.
pub(crate) struct Session {
    /// There is no TLS.
    pub(crate) is_plain: bool,
    /// Makes the requests that the client cannot.
    pub(crate) http: reqwest::Client,
    /// Speaks the protocol.
    pub(crate) client: Client,
    /// What the client shows the registry; it knows nothing of identity tokens.
    pub(crate) authentication: RegistryAuth,
    /// What was found in the Docker configuration.
    pub(crate) credential: Credential,
    /// What the registry asks for.
    pub(crate) challenge: Option<Challenge>,
}

/// The client and what it shows hold secrets.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { credential, challenge, .. } = self;
        f.debug_struct("Session")
            .field("credential", credential)
            .field("challenge", challenge)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Greets the registry and prepares a client for it. Credentials are only looked for when it asks for some.
    pub(crate) async fn open(&self) -> Result<Session, RegistryError> {
        let http = self.http()?;
        let (is_plain, challenge) = match self.protocol {
            Protocol::Https => (false, self.greet(&http, false).await?.1),
            Protocol::PlainHttp => (true, self.greet(&http, true).await?.1),
            Protocol::Either => self.greet_either(&http).await?,
        };
        let credential = match challenge {
            Some(_) => self.credentials.look_up(&self.registry).await?,
            None => Credential::Anonymous,
        };
        if let Some(Challenge::Bearer { realm, .. }) = &challenge
            && !matches!(credential, Credential::Anonymous)
            && realm.scheme() != "https"
            && !is_plain
        {
            // The client would send the password there in the clear.
            return Err(self.nonsense(GREETING, format!("the token server `{realm}`, which has no TLS")));
        }
        let authentication = match &credential {
            Credential::Password { username, password } => {
                RegistryAuth::Basic(username.clone(), password.expose_secret().to_owned())
            }
            Credential::Anonymous | Credential::IdentityToken(_) => RegistryAuth::Anonymous,
        };
        let client = self.client(is_plain)?;
        client.store_auth_if_needed(address::host(&self.registry), &authentication).await;
        Ok(Session { is_plain, http, client, authentication, credential, challenge })
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
        in_the_clear: bool,
    ) -> Result<(StatusCode, Option<Challenge>), RegistryError> {
        let scheme = if in_the_clear { "http" } else { "https" };
        let url = format!("{scheme}://{}/v2/", address::host(&self.registry));
        let answer = self.in_time(http.get(url).send()).await?.map_err(|error| self.transport(error))?;
        let status = answer.status();
        if is_passing(status) {
            return Err(self.refusal(GREETING, status, String::new()).later(retry_after(answer.headers())));
        }
        let challenge = challenge(answer.headers()).map_err(|NoAddress(realm)| {
            self.nonsense(GREETING, format!("the token server `{realm}`, which is no address"))
        })?;
        Ok((status, challenge))
    }

    fn http(&self) -> Result<reqwest::Client, RegistryError> {
        let failed = |source: reqwest::Error| RegistryError::Client { source: source.into() };
        let authorities: Result<Vec<_>, _> =
            self.authorities.iter().map(|der| reqwest::Certificate::from_der(der)).collect();
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(self.options.connect_timeout)
            .tls_certs_merge(authorities.map_err(failed)?)
            .build()
            .map_err(failed)
    }

    fn client(&self, is_plain: bool) -> Result<Client, RegistryError> {
        let as_der =
            |der: &CertificateDer<'_>| Certificate { encoding: CertificateEncoding::Der, data: der.to_vec() };
        let configuration = ClientConfig {
            protocol: if is_plain { ClientProtocol::Http } else { ClientProtocol::Https },
            // Uploads in pieces would hold each piece in memory.
            use_monolithic_push: true,
            extra_root_certificates: self.authorities.iter().map(as_der).collect(),
            connect_timeout: Some(self.options.connect_timeout),
            user_agent: USER_AGENT,
            ..ClientConfig::default()
        };
        Client::try_from(configuration).map_err(|source| RegistryError::Client { source: source.into() })
    }
}

/// The certificate authorities that the options name.
pub(crate) fn authorities(options: &RegistryOptions) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    let mut authorities = Vec::new();
    for path in &options.certificate_authorities {
        authorities.extend(certificates(path)?);
    }
    Ok(authorities)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| RegistryError::CertificateAuthority {
        path: path.to_owned(),
        source,
    };
    let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(failed("there is no certificate in it".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(failed(error.to_string().into())),
    }
}
