//! Builders of others, to compare with: BuildKit itself, and the engine of Debian's next release, which holds an older
//! BuildKit. Each is started for one test process, knows no image but those of one registry on loopback, and leaves
//! what it builds as an image layout.

mod buildkit;
mod docker;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

pub(crate) use buildkit::obstacle as buildkit_obstacle;
pub use buildkit::{BuildKit, dockerfile_oracle};
pub use docker::LaterDocker;
pub(crate) use docker::obstacle as docker_obstacle;

use crate::{
    command::{Finished, until},
    daemon::Process,
};

/// How long a builder may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be built.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceBuild<'a> {
    /// The folder with the context and its `Dockerfile`.
    pub context: &'a Path,
    /// Build arguments.
    pub arguments: &'a BTreeMap<String, String>,
    /// The stage to build; the last one when absent.
    pub target: Option<&'a str>,
    /// The platform, such as `linux/amd64`.
    pub platform: &'a str,
}

/// A builder of others.
pub trait Reference: Sync {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// Builds into a folder, which becomes an OCI image layout. A build that fails is an answer, too.
    ///
    /// # Panics
    /// The builder could not be asked.
    fn build(&self, build: &ReferenceBuild<'_>, layout: &Path) -> Finished;
}

impl ReferenceBuild<'_> {
    /// The build arguments as `name=value`.
    fn pairs(&self) -> impl Iterator<Item = String> {
        self.arguments.iter().map(|(name, value)| format!("{name}={value}"))
    }
}

/// Waits until a server answers.
#[track_caller]
fn await_answer(process: &mut Process, answers: impl Fn() -> bool) {
    let ready = until(PATIENCE, || {
        if process.has_ended() {
            return Some(false);
        }
        answers().then_some(true)
    });
    assert!(ready == Some(true), "a builder to compare with does not answer:\n{}", process.last_lines());
}

/// Where a registry on loopback is, as names of images have it.
fn registry(address: SocketAddr) -> String {
    format!("localhost:{}", address.port())
}
