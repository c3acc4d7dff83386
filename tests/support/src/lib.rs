//! Real servers and fixtures for tests: Debian's registry, a PostgreSQL server, a Docker engine, a BuildKit, an nginx base image made from
//! Debian packages, git repositories, and the `plimsoll` command itself.
//!
//! A fixture that cannot do its work fails the test that asked for it: it panics with what it ran and what came back.
//! A test that needs a server which not every machine has says so first, with [`require!`]. Everything here is bounded
//! in time, stays on loopback and ends with the value that stands for it.

mod application;
mod artifact;
mod azure;
mod buildx;
mod certificate;
mod cluster;
mod cluster_application;
mod command;
mod daemon;
mod engine;
mod fault_proxy;
mod git;
mod git_server;
mod go_tools;
mod http;
mod nginx;
mod plimsoll;
mod postgres;
mod proxy;
mod reference;
mod registry;
mod requirement;
mod site;
mod text;
mod tools;
mod web;

pub use application::{Application, LAYOUT, configuration, environment};
pub use artifact::{copy_artifact, send_artifact};
pub use azure::AzureStandIn;
pub use buildx::{Buildx, build_buildx};
pub use certificate::Certificate;
pub use cluster::{ControlPlane, KUBECONFIG_VARIABLE, build_cluster_tools, cluster_tool};
pub use cluster_application::ClusterApplication;
pub use command::{Finished, run, run_for};
pub use engine::{Container, DockerEngine};
pub use fault_proxy::{Break, FaultProxy, Seen};
pub use git::{FIRST_COMMIT_AT, GitRepository};
pub use git_server::GitServer;
pub use http::{Response, get, request};
pub use nginx::NginxBase;
pub use plimsoll::{Plimsoll, Ran, Running};
pub use postgres::PostgresServer;
pub use proxy::Proxy;
pub use reference::{BuildKit, LaterDocker, Reference, ReferenceBuild, dockerfile_oracle};
pub use registry::{Access, DebianRegistry, IDENTITY_TOKEN, PASSWORD, USER};
pub use requirement::{Requirement, Skip, missing, report};
pub use site::Site;
pub use tools::{buildah, cosign, skopeo, wkg};
pub use web::{WebAnswer, WebRequest, WebServer};

/// Goes on only where the machine has what the test needs. Elsewhere the test ends here and is reported as skipped, with
/// the reason; in CI (`CI=true`) it fails instead.
///
/// ```
/// # use plimsoll_support::{Requirement, require};
/// fn a_test() {
///     require!(Requirement::Git, Requirement::Skopeo);
/// }
/// ```
#[macro_export]
macro_rules! require {
    ($($requirement:expr),+ $(,)?) => {
        if let Some(skip) = $crate::missing(&[$($requirement),+]) {
            $crate::report(&skip);
            return;
        }
    };
}
