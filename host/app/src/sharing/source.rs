//! Where components come from: those that come with the host, files, and registries.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    thread,
};

use plimsoll_core::{
    digest::Digest,
    ports::{FailureClass, PortFailure},
    reference::ImageReference,
};
use plimsoll_registry::{Artifact, Registries, RegistryOptions};

use super::{
    lock::Lock,
    package::{LARGEST_COMPONENT, PackageError, layer_of},
    store::Store,
};
use crate::configuration::PolicyReference;

/// Where policies are looked for.
#[derive(Debug, Clone, Default)]
pub struct PolicySource {
    /// The folder that keeps what was fetched; without it everything is fetched anew.
    pub cache: Option<PathBuf>,
    /// How registries are reached.
    pub registries: RegistryOptions,
    /// What references are pinned to. Absent: a tag means what it points to now.
    pub lock: Option<Lock>,
}

/// A policy that was fetched from a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Digest of its manifest.
    pub manifest: Digest,
    /// The component.
    pub component: Vec<u8>,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum SharingError {
    /// No stock policy has this name.
    #[error("there is no stock policy `{name}`: there are {}", plimsoll_stock::NAMES.join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The file cannot be read.
    #[error("the policy {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A tag that nothing pins.
    #[error("the policy oci://{reference} is not locked: its tag may point to something else tomorrow")]
    NotLocked {
        /// The reference.
        reference: Box<ImageReference>,
    },
    /// The reference and the lock name different digests.
    #[error("the policy oci://{reference} is locked to {locked}, which is another digest")]
    LockedOtherwise {
        /// The reference.
        reference: Box<ImageReference>,
        /// What the lock says.
        locked: Digest,
    },
    /// There is no such artifact.
    #[error("there is no policy oci://{reference}")]
    NotThere {
        /// The reference.
        reference: Box<ImageReference>,
    },
    /// What is there is no policy.
    #[error("oci://{reference} is no policy: {source}")]
    NoPolicy {
        /// The reference.
        reference: Box<ImageReference>,
        /// Why not.
        source: PackageError,
    },
    /// What is there is not what the lock says.
    #[error("the component of oci://{reference} has the digest {found}, and the lock says {locked}")]
    OtherComponent {
        /// The reference.
        reference: Box<ImageReference>,
        /// What it has.
        found: Digest,
        /// What the lock says.
        locked: Digest,
    },
    /// Fetching came to a bad end.
    #[error("fetching oci://{reference} failed: {reason}")]
    Broken {
        /// The reference.
        reference: Box<ImageReference>,
        /// What happened.
        reason: String,
    },
}

impl From<SharingError> for PortFailure {
    fn from(error: SharingError) -> Self {
        match error {
            SharingError::NotLocked { .. } => Self::new(FailureClass::Configuration, error).hint(
                "run `plimsoll policy lock` and commit plimsoll.lock, or write the digest into the reference",
            ),
            SharingError::LockedOtherwise { .. } | SharingError::OtherComponent { .. } => {
                Self::new(FailureClass::Configuration, error).hint(
                    "if the change is meant, run `plimsoll policy lock --update` and look at what changes",
                )
            }
            SharingError::Broken { .. } => Self::new(FailureClass::Internal, error),
            _ => Self::new(FailureClass::Configuration, error),
        }
    }
}

impl PolicySource {
    /// The component of a policy. Blocks while it is fetched.
    ///
    /// # Errors
    /// There is none, it is not pinned, or not what it is pinned to.
    pub fn component(&self, reference: &PolicyReference) -> Result<Cow<'static, [u8]>, PortFailure> {
        Ok(match reference {
            PolicyReference::Stock(name) => plimsoll_stock::component(name)
                .map(Cow::Borrowed)
                .ok_or_else(|| SharingError::Unknown { name: name.clone() })?,
            PolicyReference::Path(path) => std::fs::read(path)
                .map(Cow::Owned)
                .map_err(|source| SharingError::Unreadable { path: path.clone(), source })?,
            PolicyReference::Registry(reference) => Cow::Owned(self.pinned(reference)?.component),
        })
    }

    /// What a reference is pinned to, by its own digest or the lock.
    fn pinned(&self, reference: &ImageReference) -> Result<Fetched, PortFailure> {
        let Some(lock) = &self.lock else { return self.fetch(reference) };
        let boxed = || Box::new(reference.clone());
        let locked = lock.find(reference);
        let exact = match (reference.digest, locked) {
            (Some(digest), Some(locked)) if digest != locked.digest => {
                return Err(
                    SharingError::LockedOtherwise { reference: boxed(), locked: locked.digest }.into()
                );
            }
            (Some(digest), _) => digest,
            (None, Some(locked)) => locked.digest,
            (None, None) => return Err(SharingError::NotLocked { reference: boxed() }.into()),
        };
        let fetched = self.fetch(&ImageReference { digest: Some(exact), ..reference.clone() })?;
        let found = Digest::of(&fetched.component);
        match locked.map(|locked| locked.component).filter(|component| *component != found) {
            Some(locked) => Err(SharingError::OtherComponent { reference: boxed(), found, locked }.into()),
            None => Ok(fetched),
        }
    }

    /// Fetches a policy, or takes it from where it is kept when its digest is known. Blocks.
    ///
    /// # Errors
    /// There is none, or the registry cannot be asked.
    pub fn fetch(&self, reference: &ImageReference) -> Result<Fetched, PortFailure> {
        let store = self.cache.as_deref().map(Store::in_cache);
        if let (Some(store), Some(digest)) = (&store, reference.digest)
            && let Some(fetched) = kept(store, digest)
        {
            return Ok(fetched);
        }
        let broken = |reason: String| SharingError::Broken { reference: Box::new(reference.clone()), reason };
        // A thread of its own: this may be called from within a runtime, and must wait.
        let work = || -> Result<(Artifact, Vec<u8>), PortFailure> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .map_err(|error| broken(error.to_string()))?
                .block_on(download(&self.registries, reference))
        };
        let fetched = thread::scope(|scope| scope.spawn(work).join());
        let (artifact, component) = fetched.map_err(|_| broken("its thread ended early".to_owned()))??;
        if let Some(store) = &store {
            // Not kept, it is fetched again the next time.
            let _ = store.write(&component).and_then(|()| store.write(&artifact.manifest));
        }
        Ok(Fetched { manifest: artifact.digest, component })
    }
}

/// A policy that was fetched before.
fn kept(store: &Store, manifest: Digest) -> Option<Fetched> {
    let artifact = Artifact::parse(store.read(&manifest)?).ok()?;
    let component = store.read(&layer_of(&artifact).ok()?.digest)?;
    Some(Fetched { manifest, component })
}

async fn download(
    options: &RegistryOptions,
    reference: &ImageReference,
) -> Result<(Artifact, Vec<u8>), PortFailure> {
    let boxed = || Box::new(reference.clone());
    let repository = Registries::new(options.clone())?.repository(reference.repository.clone());
    let target = match (&reference.digest, &reference.tag) {
        (Some(digest), _) => digest.to_string(),
        (None, tag) => tag.as_ref().map_or("latest", |tag| tag.as_str()).to_owned(),
    };
    let artifact = repository.artifact(&target).await?;
    let artifact = artifact.ok_or_else(|| SharingError::NotThere { reference: boxed() })?;
    if reference.digest.is_some_and(|digest| digest != artifact.digest) {
        return Err(SharingError::Broken {
            reference: boxed(),
            reason: format!("the registry gave the manifest {}", artifact.digest),
        }
        .into());
    }
    let layer =
        layer_of(&artifact).map_err(|source| SharingError::NoPolicy { reference: boxed(), source })?;
    let component = repository.blob(&layer.digest, LARGEST_COMPONENT).await?;
    Ok((artifact, component))
}

/// The reference that a text names: `stock:NAME`, `oci://...` or a path.
///
/// # Errors
/// It looks like a reference to a registry and is none; the text says why.
pub(crate) fn parse(written: &str) -> Result<PolicyReference, String> {
    if let Some(name) = written.strip_prefix("stock:") {
        return Ok(PolicyReference::Stock(name.to_owned()));
    }
    match written.strip_prefix("oci://") {
        Some(reference) => {
            reference.parse().map(PolicyReference::Registry).map_err(|error| error.to_string())
        }
        None => Ok(PolicyReference::Path(Path::new(written).to_owned())),
    }
}
