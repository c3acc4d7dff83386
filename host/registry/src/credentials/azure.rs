//! Azure's registry with a federated workflow identity, no password anywhere. In three steps:
//!
//! 1. Whoever runs the workflow vouches for it with an assertion: GitHub on request (GitHub, "OpenID Connect reference"), Kubernetes
//!    in a file (Microsoft Entra Workload ID).
//! 2. Microsoft Entra ID takes the assertion for a password of the application that trusts it, and hands out an access token
//!    (Microsoft identity platform, "OAuth 2.0 client credentials flow", third case).
//! 3. The registry exchanges that for an identity token of its own (Azure Container Registry, "AAD-OAuth", `/oauth2/exchange`).
//!
//! From there on it is like after `docker login`: the registry's token server takes the identity token.

use std::path::Path;

use async_trait::async_trait;
use reqwest::{
    RequestBuilder, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{Credential, Problem, Source, Wanted};
use crate::{
    failure::{is_passing, reason},
    http::{form, read_at_most},
    options::{AzureAssertion, AzureWorkload, RegistryOptions},
    waiting::blocking,
};

/// What every registry of Azure's public cloud is called.
const REGISTRIES: &str = ".azurecr.io";
/// Where Microsoft Entra ID is found in Azure's public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com/";
/// Whom the assertion is for.
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// What the access token is for: registries, and nothing else of Azure's.
const SCOPE: &str = "https://containerregistry.azure.net/.default";
/// What kind of proof an assertion is (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The largest answer, and the largest file with an assertion, bytes.
const LARGEST_ANSWER: usize = 1 << 20;

/// The identity of the workflow that this process runs in.
#[derive(Debug)]
pub(super) struct AzureWorkflow {
    client: Option<String>,
    tenant: Option<String>,
    workload: AzureWorkload,
    /// The configuration says that this registry wants it.
    is_written: bool,
}

/// All that the exchange needs.
struct Identity<'a> {
    assertion: &'a AzureAssertion,
    client: &'a str,
    tenant: &'a str,
    authority: Url,
}

impl AzureWorkflow {
    /// The identity for a registry of Azure's, or for one that the options call so.
    pub(super) fn for_registry(registry: &str, options: &RegistryOptions) -> Option<Self> {
        let written = options.host(registry).and_then(|host| host.azure.as_ref());
        let is_azure = registry.strip_suffix(REGISTRIES).is_some_and(|name| !name.is_empty());
        let workload = options.azure.clone();
        let is_there = workload.assertion.is_some() && is_azure;
        (written.is_some() || is_there).then(|| Self {
            client: written.and_then(|written| written.client.clone()).or_else(|| workload.client.clone()),
            tenant: written.and_then(|written| written.tenant.clone()).or_else(|| workload.tenant.clone()),
            is_written: written.is_some(),
            workload,
        })
    }

    /// `None` when nobody asked for it and it is not complete.
    fn identity(&self) -> Result<Option<Identity<'_>>, Problem> {
        let authority = self.workload.authority.as_deref().unwrap_or(AUTHORITY);
        let (assertion, client, tenant) = (&self.workload.assertion, &self.client, &self.tenant);
        match (assertion, client, tenant) {
            (Some(assertion), Some(client), Some(tenant)) => {
                let wrong = |what: &str| Problem::new(format!("{what} is no address with TLS"), IDENTITY);
                let authority = safe_url(authority).ok_or_else(|| wrong("AZURE_AUTHORITY_HOST"))?;
                Ok(Some(Identity { assertion, client, tenant, authority }))
            }
            (Some(_), ..) if self.is_written => {
                Err(Problem::new("the client or the tenant is not known", IDENTITY))
            }
            // Outside a workflow there is none, and somebody may have logged in.
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Source for AzureWorkflow {
    fn place(&self) -> String {
        match self.workload.assertion {
            Some(AzureAssertion::GitHub { .. }) => "the Azure identity of the GitHub workflow".to_owned(),
            Some(AzureAssertion::File(_)) => "the Azure identity of the workload".to_owned(),
            None => "an Azure identity, which needs `permissions: id-token: write` in GitHub Actions, or AZURE_FEDERATED_TOKEN_FILE"
                .to_owned(),
        }
    }

    async fn look_up(&self, wanted: &Wanted<'_>) -> Result<Option<Credential>, Problem> {
        let Some(identity) = self.identity()? else { return Ok(None) };
        let assertion = identity.assertion(wanted.http).await?;
        let access = identity.access(wanted.http, &assertion).await?;
        identity.exchange(wanted, &access).await.map(|token| Some(Credential::IdentityToken(token)))
    }
}

impl Identity<'_> {
    /// Who this is, vouched for by whoever runs the workflow. It is good for minutes only, so it is got anew each time.
    async fn assertion(&self, http: &reqwest::Client) -> Result<SecretString, Problem> {
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
    async fn access(
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
    async fn exchange(&self, wanted: &Wanted<'_>, access: &SecretString) -> Result<SecretString, Problem> {
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

/// What to do when the identity is not complete.
const IDENTITY: &str = "Write `azure = { tenant = \"...\", client = \"...\" }` for the registry, or set AZURE_TENANT_ID and \
    AZURE_CLIENT_ID; docs/registries.md shows the whole of it.";

/// Asks somebody for a secret, which stands in one field of the answer. No answer is shown but the reason of a refusal.
async fn secret(
    request: RequestBuilder,
    field: &str,
    who: &str,
    advice: &str,
) -> Result<SecretString, Problem> {
    let ask = async {
        let mut answer = request.send().await?;
        let bytes = read_at_most(&mut answer, LARGEST_ANSWER).await?;
        Ok((answer.status(), bytes))
    };
    let unreachable = |error: reqwest::Error| Problem {
        text: format!("cannot ask {who} for a token: {}", chain(&error.without_url())),
        advice: "Check that the network reaches it, and that its certificate is trusted.".to_owned(),
        is_passing: true,
    };
    let (status, bytes) = ask.await.map_err(unreachable)?;
    if !status.is_success() {
        let text = format!("{who} refused a token: status {}{}", status.as_u16(), refusal(&bytes));
        return Err(Problem { text, advice: advice.to_owned(), is_passing: is_passing(status) });
    }
    let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
    let found = answer.as_ref().and_then(|answer| answer[field].as_str()).filter(|text| !text.is_empty());
    let nothing = || Problem::new(format!("{who} answered something that holds no token"), advice);
    found.map(|text| SecretString::from(text.to_owned())).ok_or_else(nothing)
}

/// The reason of a refusal: as OAuth 2.0 has it (RFC 6749, section 5.2), or as registries do.
fn refusal(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    match serde_json::from_slice::<Refusal>(bytes) {
        Ok(Refusal { error, error_description }) => {
            // What follows the first line are marks for Microsoft's support.
            let first = error_description.lines().next().unwrap_or_default();
            reason(format!("{error}: {first}").as_bytes())
        }
        Err(_) => reason(bytes),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn post(
    http: &reqwest::Client,
    url: Url,
    question: impl IntoIterator<Item = (&'static str, impl AsRef<str>)>,
) -> RequestBuilder {
    let question: Vec<_> = question.into_iter().collect();
    let pairs = question.iter().map(|(name, value)| (*name, value.as_ref()));
    http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(pairs))
}

/// An address that secrets may be sent to.
fn safe_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.host().is_some())
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST_ANSWER as u64).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{AzureClient, RegistryHost};

    fn options() -> RegistryOptions {
        let assertion = Some(AzureAssertion::File("token".into()));
        let azure = AzureWorkload {
            assertion,
            client: Some("c".to_owned()),
            tenant: Some("t".to_owned()),
            authority: None,
        };
        RegistryOptions { azure, ..RegistryOptions::default() }
    }

    #[test]
    fn only_registries_of_azure_and_named_ones_get_the_identity() {
        let mut options = options();
        assert!(AzureWorkflow::for_registry("contoso.azurecr.io", &options).is_some());
        for registry in [
            ".azurecr.io",
            "azurecr.io",
            "contoso.azurecr.io.example.org",
            "r.example",
            "contoso.azurecr.io:5000",
        ] {
            assert!(AzureWorkflow::for_registry(registry, &options).is_none(), "{registry}");
        }
        let azure = Some(AzureClient { client: Some("other".to_owned()), tenant: None });
        options.hosts.insert("r.example".to_owned(), RegistryHost { azure, ..RegistryHost::default() });
        let workflow = AzureWorkflow::for_registry("r.example", &options).unwrap();
        let identity = workflow.identity().unwrap().unwrap();
        assert_eq!((identity.client, identity.tenant), ("other", "t"));
    }

    #[test]
    fn what_is_not_complete_is_only_told_when_somebody_wants_it() {
        let mut options = options();
        options.azure.client = None;
        let workflow = AzureWorkflow::for_registry("contoso.azurecr.io", &options).unwrap();
        assert!(workflow.identity().unwrap().is_none());
        let host = RegistryHost { azure: Some(AzureClient::default()), ..RegistryHost::default() };
        options.hosts.insert("contoso.azurecr.io".to_owned(), host);
        let workflow = AzureWorkflow::for_registry("contoso.azurecr.io", &options).unwrap();
        assert!(workflow.identity().is_err());
        options.azure.assertion = None;
        let workflow = AzureWorkflow::for_registry("contoso.azurecr.io", &options).unwrap();
        assert!(workflow.identity().unwrap().is_none() && workflow.place().contains("id-token: write"));
    }

    #[test]
    fn refusals_are_read_in_both_forms() {
        let entra = br#"{"error":"invalid_client","error_description":"AADSTS700213: No match.\r\nTrace ID: 1","error_codes":[1]}"#;
        assert_eq!(refusal(entra), " (invalid_client: AADSTS700213: No match.)");
        assert_eq!(refusal(br#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#), " (UNAUTHORIZED: no)");
    }
}
