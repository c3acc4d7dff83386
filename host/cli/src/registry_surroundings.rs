//! Where this process finds credentials for registries, and the way to them. The libraries are told; they read no environment.

use std::path::PathBuf;

use plimsoll_app::host::{AzureAssertion, AzureWorkload, Proxies, RegistryOptions, WorkflowToken};
use secrecy::SecretString;

use crate::world::World;

/// What the surroundings say of registries.
pub(crate) fn registry_surroundings(world: World) -> RegistryOptions {
    RegistryOptions {
        docker_config: docker_config(world),
        podman_config: podman_config(world),
        workflow_token: workflow_token(world),
        azure: azure(world),
        proxies: proxies(world),
        ..RegistryOptions::default()
    }
}

/// The Docker configuration file: in `DOCKER_CONFIG`, else in `~/.docker`.
fn docker_config(world: World) -> Option<PathBuf> {
    let named = world.variable("DOCKER_CONFIG").map(PathBuf::from);
    let file = named.or_else(|| world.home().map(|home| home.join(".docker")))?.join("config.json");
    file.is_file().then_some(file)
}

/// Podman's file: `REGISTRY_AUTH_FILE`, else the one in the user's runtime folder (containers-auth.json(5)).
fn podman_config(world: World) -> Option<PathBuf> {
    let named = world.variable("REGISTRY_AUTH_FILE").map(PathBuf::from);
    let usual =
        || world.variable("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("containers/auth.json"));
    named.or_else(usual).filter(|file| file.is_file())
}

/// The token of a GitHub workflow. Elsewhere a variable of that name may be anything.
fn workflow_token(world: World) -> Option<WorkflowToken> {
    world.variable("GITHUB_ACTIONS").filter(|value| value == "true")?;
    Some(WorkflowToken { actor: world.variable("GITHUB_ACTOR")?, token: world.secret("GITHUB_TOKEN")? })
}

/// The identity towards Azure: that of a workload in Kubernetes, else that of a GitHub workflow which may ask for one.
fn azure(world: World) -> AzureWorkload {
    let of_workload =
        world.variable("AZURE_FEDERATED_TOKEN_FILE").map(|file| AzureAssertion::File(file.into()));
    let of_workflow = || {
        Some(AzureAssertion::GitHub {
            url: world.variable("ACTIONS_ID_TOKEN_REQUEST_URL")?,
            token: world.secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?,
        })
    };
    AzureWorkload {
        assertion: of_workload.or_else(of_workflow),
        client: world.variable("AZURE_CLIENT_ID"),
        tenant: world.variable("AZURE_TENANT_ID"),
        authority: world.variable("AZURE_AUTHORITY_HOST"),
    }
}

/// The proxies, each under its small name first, as curl has it.
fn proxies(world: World) -> Proxies {
    let either = |name: &str| world.variable(&name.to_lowercase()).or_else(|| world.variable(name));
    let secret = |name: &str| either(name).map(SecretString::from);
    Proxies {
        http: secret("HTTP_PROXY").or_else(|| secret("ALL_PROXY")),
        https: secret("HTTPS_PROXY").or_else(|| secret("ALL_PROXY")),
        except: either("NO_PROXY"),
    }
}
