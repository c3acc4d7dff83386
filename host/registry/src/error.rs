//! What can go wrong with a registry.

use std::{error::Error, io, path::PathBuf, time::Duration};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, PortFailure},
};
use plimsoll_layout::{
    LayoutError,
    manifest::{ManifestError, NoSuchPlatform},
};

use crate::credentials::{AZURE_REGISTRIES, GITHUB_REGISTRY};

/// Why a registry or a repository in it could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No connection came about.
    #[error("cannot reach the registry {registry}")]
    Unreachable {
        /// Host and port.
        registry: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// The registry's certificate is not one to trust.
    #[error("the certificate of the registry {registry} cannot be trusted")]
    Untrusted {
        /// Host and port.
        registry: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// Nothing happened for too long.
    #[error("the registry {registry} did nothing for {} s", .idle.as_secs_f32())]
    Stalled {
        /// Host and port.
        registry: String,
        /// How long was waited.
        idle: Duration,
    },
    /// A connection broke, or its content ended early.
    #[error("the connection to the registry {registry} broke")]
    Interrupted {
        /// Host and port.
        registry: String,
        /// The cause; absent when the content merely ended early.
        source: Option<reqwest::Error>,
    },
    /// The registry is busy or broken at the moment: status 429 or 5xx.
    #[error("the registry {registry} failed on {what}: status {status}{reason}")]
    Failing {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// HTTP status.
        status: u16,
        /// What the registry says, in brackets; empty when it says nothing.
        reason: String,
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// The registry wants to be left alone for longer than anybody waits.
    #[error("it wants to be left alone for {} s, which is more than is waited for", .asked.as_secs())]
    TooBusy {
        /// How long.
        asked: Duration,
        /// What it answered.
        source: Box<Self>,
    },
    /// The registry does not know an upload any more, or not what it said it had taken.
    #[error("the registry {registry} lost what was sent of {what}")]
    UploadLost {
        /// Host and port.
        registry: String,
        /// What was sent.
        what: String,
    },
    /// The registry wants credentials, or other ones.
    #[error("the registry {registry} refuses {what} without valid credentials: {credentials}{reason}")]
    Unauthorised {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// Where credentials were looked for and what was found, without any secret.
        credentials: String,
        /// What the registry says, in brackets; empty when it says nothing.
        reason: String,
    },
    /// These credentials may not do this.
    #[error("the registry {registry} denies {what}{reason}")]
    Denied {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// What the registry says, in brackets; empty when it says nothing.
        reason: String,
    },
    /// There is no such thing.
    #[error("the registry {registry} has no {what}{reason}")]
    NotFound {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// What the registry says, in brackets; empty when it says nothing.
        reason: String,
    },
    /// The registry refused for a reason of its own.
    #[error("the registry {registry} refused {what}{reason}")]
    Refused {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// What the registry says, in brackets, or the HTTP status.
        reason: String,
    },
    /// The registry's answer makes no sense.
    #[error("the registry {registry} answered {what} with {problem}")]
    Nonsense {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// What is wrong with the answer.
        problem: String,
    },
    /// Content or a claim about it has another digest than it must have.
    #[error("the registry {registry} gave the digest {found} for {what}, and {expected} is right")]
    WrongDigest {
        /// Host and port.
        registry: String,
        /// What was asked for.
        what: String,
        /// What it must be.
        expected: Digest,
        /// What it is.
        found: String,
    },
    /// A manifest cannot be used.
    #[error("cannot use {what}")]
    Manifest {
        /// Which one.
        what: String,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// There is no image for the platform.
    #[error("cannot use {what}")]
    Platform {
        /// The image.
        what: String,
        /// What there is.
        source: Box<NoSuchPlatform>,
    },
    /// A blob in the layout does not have the size that its manifest states.
    #[error("the blob {digest} has {found} bytes on disk and {expected} in its manifest")]
    WrongSize {
        /// The blob.
        digest: Digest,
        /// Bytes in the manifest.
        expected: u64,
        /// Bytes on disk.
        found: u64,
    },
    /// The layout failed.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The credentials cannot be had: a configuration file, a credential helper or a cloud failed.
    #[error("cannot get the credentials for the registry {registry} from {place}: {problem}")]
    Credentials {
        /// Host and port.
        registry: String,
        /// Where they were looked for.
        place: String,
        /// What is wrong, without any secret.
        problem: String,
        /// What to do.
        advice: String,
        /// Whether it may work a little later.
        is_passing: bool,
    },
    /// A file with certificates or a key cannot be used.
    #[error("cannot use {what} in {}", path.display())]
    Certificate {
        /// What is in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The address of a proxy is none.
    #[error("the proxy for {scheme} has no address that can be used")]
    Proxy {
        /// What the proxy is for.
        scheme: &'static str,
    },
    /// The HTTP client could not be made.
    #[error("cannot prepare connections to registries")]
    Client {
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It was tried as often as the options say.
    #[error("gave up after {tries} tries")]
    GaveUp {
        /// How often it was tried.
        tries: usize,
        /// Why the last try failed.
        source: Box<Self>,
    },
}

impl RegistryError {
    /// Whether it may work when it is tried again.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Stalled { .. }
                | Self::Interrupted { .. }
                | Self::Failing { .. }
                | Self::UploadLost { .. }
                | Self::Credentials { is_passing: true, .. }
        )
    }

    /// Adds how long the registry wants to be left alone.
    pub(crate) fn later(mut self, pause: Option<Duration>) -> Self {
        if let Self::Failing { retry_after, .. } = &mut self {
            *retry_after = pause;
        }
        self
    }

    /// How long the registry wants to be left alone, if it says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failing { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the registry has too much to do.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Failing { status: 429, .. })
    }

    /// Turns "there is no such thing" into `None`.
    pub(crate) fn optional<T>(result: Result<T, Self>) -> Result<Option<T>, Self> {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(Self::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Unreachable { registry, .. } => format!(
                "Check that {registry} is the right host and port, that it is running, and that the network, or the proxy that the surroundings name, reaches it."
            ),
            Self::Untrusted { registry, .. } => format!(
                "Name the certificate authority of {registry} in the configuration; do not send images past a certificate that is wrong."
            ),
            Self::Stalled { .. }
            | Self::Interrupted { .. }
            | Self::Failing { .. }
            | Self::TooBusy { .. }
            | Self::UploadLost { .. } => {
                "Run it again when the registry is well: what was sent already is not sent again.".to_owned()
            }
            Self::Unauthorised { registry, .. } if registry == GITHUB_REGISTRY => {
                "In GitHub Actions hand the step the token, `env: GITHUB_TOKEN: ${{ github.token }}`; elsewhere log in with `docker \
                 login ghcr.io`."
                    .to_owned()
            }
            Self::Unauthorised { registry, .. } => {
                format!("Log in with `docker login {registry}`, or correct the stored password.")
            }
            Self::Denied { registry, .. } if registry == GITHUB_REGISTRY => {
                "In GitHub Actions give the job `permissions: packages: write`, and the repository access to the package (in the \
                 package's settings); elsewhere use a token with the scope `write:packages`."
                    .to_owned()
            }
            Self::Denied { registry, .. } if registry.ends_with(AZURE_REGISTRIES) => {
                "Give the account or application the role AcrPush on the registry; AcrPull is enough for reading.".to_owned()
            }
            Self::Denied { .. } => "Use an account that may do this in that repository.".to_owned(),
            Self::NotFound { .. } => "Check the name, the tag and the digest.".to_owned(),
            Self::Refused { .. } | Self::Nonsense { .. } => {
                "Check that this is an OCI registry and what its log says.".to_owned()
            }
            Self::WrongDigest { .. } => {
                "Do not trust this registry, or what lies between it and you, until it is explained."
                    .to_owned()
            }
            Self::Manifest { .. } => "Name another image.".to_owned(),
            Self::Platform { .. } => "Choose one of these platforms, or another image.".to_owned(),
            Self::WrongSize { .. } => "Remove the damaged blob and build the image again.".to_owned(),
            Self::Credentials { advice, .. } => advice.clone(),
            Self::Certificate { .. } => "Name a file in PEM format that this user may read.".to_owned(),
            Self::Proxy { .. } => {
                "Write it as `http://host:port`, with `user:password@` before the host where it wants them."
                    .to_owned()
            }
            Self::Client { .. } => "Check the certificates of the system.".to_owned(),
            Self::Layout(_) => String::new(),
            Self::GaveUp { source, .. } => source.hint(),
        }
    }

    fn class(&self) -> FailureClass {
        match self {
            Self::NotFound { .. } | Self::Manifest { .. } | Self::Platform { .. } => FailureClass::User,
            Self::Credentials { is_passing: false, .. } | Self::Certificate { .. } | Self::Proxy { .. } => {
                FailureClass::Configuration
            }
            Self::GaveUp { source, .. } => source.class(),
            _ => FailureClass::Outside,
        }
    }
}

impl From<RegistryError> for PortFailure {
    fn from(error: RegistryError) -> Self {
        if let RegistryError::Layout(error) = error {
            return error.into();
        }
        let hint = error.hint();
        Self::new(error.class(), error).hint(hint)
    }
}

/// Whether TLS refused a certificate, wherever that is among the causes.
pub(crate) fn is_certificate_error(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // An error of input and output does not count the error that it wraps as its source.
        cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    false
}
