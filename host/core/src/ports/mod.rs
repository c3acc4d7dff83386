//! Ports: what the release machine needs from the outside, as traits over plain data.

mod check;
mod deploy;
mod image;
mod journal;
mod platform;
mod policy;
mod progress;
mod registry;
mod remote;

pub use check::{Check, Checked};
pub use deploy::{Aftermath, DeployFailure, Deployed, Deployment, Observation, Previous, Target};
pub use image::{BaseImages, BuildRequest, BuiltImage, Compression, ImageBuilder};
pub use journal::{Journal, JournalCheck, Lease, LeaseScope};
pub use platform::{InvalidPlatform, InvalidPlatforms, Platform, Platforms};
pub use policy::{HistoryReader, PromotionPolicy, RegistryReader, TaggingPolicy};
pub use progress::{Activity, Progress, Silent};
pub use registry::{ImageRepository, PushReport};
pub use remote::{GitSource, RemoteSources};

use std::{error::Error, fmt};

/// Whose business a failure is. It decides the exit code and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// What the user asked for cannot be: a mistake in a Dockerfile, a missing file.
    User,
    /// The configuration is wrong.
    Configuration,
    /// A policy is wrong.
    Policy,
    /// Something outside did not do its part: a registry, a disk, an engine.
    Outside,
    /// A fault of the host itself.
    Internal,
}

/// What a port answers when it could not do what was asked. Each adapter makes it from its own typed error.
#[derive(Debug)]
pub struct PortFailure {
    /// Whose business it is.
    pub class: FailureClass,
    /// What to do next, a sentence.
    pub hint: Option<String>,
    /// The adapter's own error with its causes.
    pub error: Box<dyn Error + Send + Sync>,
}

impl PortFailure {
    /// Wraps an adapter's error.
    #[must_use]
    pub fn new(class: FailureClass, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class, hint: None, error: error.into() }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The error and its causes in one line, `: ` between. A cause that its parent's text already ends with is left out.
impl fmt::Display for PortFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.error.to_string();
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.ends_with(&next) {
                text = format!("{text}: {next}");
            }
            cause = error.source();
        }
        f.write_str(&text)
    }
}

impl Error for PortFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.error.as_ref())
    }
}
