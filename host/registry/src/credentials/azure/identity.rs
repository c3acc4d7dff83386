//! The three steps from a workflow to an identity token of the registry.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::IDENTITY;
use crate::{
    credentials::{
        Problem, Wanted,
        asking::{post, safe_url, secret},
    },
    options::AzureAssertion,
    waiting::blocking,
};

/// Whom the assertion is for.
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// What the access token is for: registries, and nothing else of Azure's.
const SCOPE: &str = "https://containerregistry.azure.net/.default";
/// What kind of proof an assertion is (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The largest file with an assertion, bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// All that the exchange needs.
pub(super) struct Identity<'a> {
    pub(super) assertion: &'a AzureAssertion,
    pub(super) client: &'a str,
    pub(super) tenant: &'a str,
    pub(super) authority: Url,
}

impl Identity<'_> {
    /// Who this is, vouched for by whoever runs the workflow. It is good for minutes only, so it is got anew each time.
    pub(super) async fn assertion(&self, http: &reqwest::Client) -> Result<SecretString, Problem> {
        match self.assertion {
            AzureAssertion::GitHub { url, token } => {
                let mut url = safe_url(url).ok_or_else(|| {
                    Problem::new("ACTIONS_ID_TOKEN_REQUEST_URL is no address with TLS", IDENTITY)
                })?;
                url.query_pairs_mut().append_pair("audience", AUDIENCE);
                let mut bearer = HeaderValue::try_from(format!("bearer {}", token.expose_secret()))
                    .map_err(|_| Problem::new("ACTIONS_ID_TOKEN_REQUEST_TOKEN is no token", IDENTITY))?;
                bearer.set_sensitive(true);
                let request = http.get(url).header(AUTHORIZATION, bearer);
                secret(request, "value", "GitHub", "Give the job `permissions: id-token: write`.").await
            }
            AzureAssertion::File(file) => {
                let path = file.clone();
                let read = blocking(move || read(&path)).await;
                let text = read.map_err(|error| {
                    Problem::new(format!("cannot read {}: {error}", file.display()), IDENTITY)
                })?;
                Ok(text.trim().to_owned().into())
            }
        }
    }

    /// An access token for registries.
    pub(super) async fn access(
        &self,
        http: &reqwest::Client,
        assertion: &SecretString,
    ) -> Result<SecretString, Problem> {
        let mut url = self.authority.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([self.tenant, "oauth2", "v2.0", "token"]);
        }
        let question = [
            ("client_id", self.client),
            ("scope", SCOPE),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.expose_secret()),
        ];
        let advice = format!(
            "See that the application {} in the tenant {} has a federated credential for this workflow: the issuer, the subject and \
             the audience must be the same, letter by letter.",
            self.client, self.tenant
        );
        secret(post(http, url, question), "access_token", "Microsoft Entra ID", &advice).await
    }

    /// An identity token of the registry.
    pub(super) async fn exchange(
        &self,
        wanted: &Wanted<'_>,
        access: &SecretString,
    ) -> Result<SecretString, Problem> {
        let registry = wanted.registry;
        let url = Url::parse(&format!("https://{registry}/oauth2/exchange"))
            .map_err(|_| Problem::new(format!("{registry} is no host"), IDENTITY))?;
        let question = [
            ("grant_type", "access_token"),
            ("service", registry),
            ("tenant", self.tenant),
            ("access_token", access.expose_secret()),
        ];
        let advice = format!(
            "Give the application {} the role AcrPush (AcrPull is enough for reading) on the registry {registry}.",
            self.client
        );
        secret(post(wanted.http, url, question), "refresh_token", registry, &advice).await
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
}
