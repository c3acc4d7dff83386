//! The token that GitHub gives each run of a workflow, for GitHub's own registry and no other (GitHub, "Working with the Container
//! registry").

use async_trait::async_trait;

use super::{Credential, Problem, Source, Wanted};
use crate::options::{RegistryOptions, WorkflowToken};

/// GitHub's registry.
pub(crate) const GITHUB_REGISTRY: &str = "ghcr.io";

/// The token of the workflow that this process runs in.
#[derive(Debug)]
pub(super) struct GitHubWorkflow(WorkflowToken);

impl GitHubWorkflow {
    pub(super) fn for_registry(registry: &str, options: &RegistryOptions) -> Option<Self> {
        options.workflow_token.clone().filter(|_| registry == GITHUB_REGISTRY).map(Self)
    }
}

#[async_trait]
impl Source for GitHubWorkflow {
    fn place(&self) -> String {
        "the workflow's GITHUB_TOKEN".to_owned()
    }

    async fn look_up(&self, _: &Wanted<'_>) -> Result<Option<Credential>, Problem> {
        let WorkflowToken { actor, token } = &self.0;
        Ok(Some(Credential::Password { username: actor.clone(), password: token.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_registry_gets_the_token() {
        let token = WorkflowToken { actor: "octocat".to_owned(), token: "secret".into() };
        let options = RegistryOptions { workflow_token: Some(token), ..RegistryOptions::default() };
        assert!(GitHubWorkflow::for_registry("ghcr.io", &options).is_some());
        for registry in
            ["ghcr.io:5000", "ghcr.io.example.org", "docker.io", "docker.pkg.github.com", "xghcr.io"]
        {
            assert!(GitHubWorkflow::for_registry(registry, &options).is_none(), "{registry}");
        }
        assert!(GitHubWorkflow::for_registry("ghcr.io", &RegistryOptions::default()).is_none());
    }
}
