//! Azure's registry with a federated workflow identity, no password anywhere. In three steps:
//!
//! 1. Whoever runs the workflow vouches for it with an assertion: GitHub on request (GitHub, "OpenID Connect reference"), Kubernetes
//!    in a file (Microsoft Entra Workload ID).
//! 2. Microsoft Entra ID takes the assertion for a password of the application that trusts it, and hands out an access token
//!    (Microsoft identity platform, "OAuth 2.0 client credentials flow", third case).
//! 3. The registry exchanges that for an identity token of its own (Azure Container Registry, "AAD-OAuth", `/oauth2/exchange`).
//!
//! From there on it is like after `docker login`: the registry's token server takes the identity token.

mod identity;

use async_trait::async_trait;

use super::{Credential, Problem, Source, Wanted, asking::safe_url};
use crate::options::{AzureAssertion, AzureWorkload, RegistryOptions};
use identity::Identity;

/// What every registry of Azure's public cloud is called.
pub(crate) const AZURE_REGISTRIES: &str = ".azurecr.io";
/// Where Microsoft Entra ID is found in Azure's public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com/";

/// The identity of the workflow that this process runs in.
#[derive(Debug)]
pub(super) struct AzureWorkflow {
    client: Option<String>,
    tenant: Option<String>,
    workload: AzureWorkload,
    /// The configuration says that this registry wants it.
    is_written: bool,
}

impl AzureWorkflow {
    /// The identity for a registry of Azure's, or for one that the options call so.
    pub(super) fn for_registry(registry: &str, options: &RegistryOptions) -> Option<Self> {
        let written = options.host(registry).and_then(|host| host.azure.as_ref());
        let is_azure = registry.strip_suffix(AZURE_REGISTRIES).is_some_and(|name| !name.is_empty());
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

/// What to do when the identity is not complete.
const IDENTITY: &str = "Write `azure = { tenant = \"...\", client = \"...\" }` for the registry, or set AZURE_TENANT_ID and \
    AZURE_CLIENT_ID; docs/registries.md shows the whole of it.";

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
}
