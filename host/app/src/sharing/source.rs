//! Where components come from: those that come with the host, files, and registries.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    thread,
};

use plimsoll_core::{digest::Digest, names::SignerName, ports::PortFailure, reference::ImageReference};
use plimsoll_registry::{Artifact, Registries, RegistryOptions, RegistryRepository};

use super::{
    error::SharingError,
    lock::Lock,
    package::{LARGEST_COMPONENT, layer_of},
    signatures::Signatures,
    signer::Signer,
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

impl PolicySource {
    /// The component of a policy, once everybody has signed it who must. Blocks while it is fetched.
    ///
    /// # Errors
    /// There is none, it is not pinned, or not what it is pinned to, or a signature is missing.
    pub fn component(
        &self,
        reference: &PolicyReference,
        signers: &[Signer],
    ) -> Result<Cow<'static, [u8]>, PortFailure> {
        Ok(match reference {
            PolicyReference::Stock(name) => plimsoll_stock::component(name)
                .map(Cow::Borrowed)
                .ok_or_else(|| SharingError::Unknown { name: name.clone() })?,
            PolicyReference::Path(path) => read(path)
                .map(Cow::Owned)
                .map_err(|source| SharingError::Unreadable { path: path.clone(), source })?,
            PolicyReference::Registry(reference) => Cow::Owned(self.pinned(reference, signers)?.component),
        })
    }

    /// What a reference is pinned to, by its own digest or the lock.
    fn pinned(&self, reference: &ImageReference, signers: &[Signer]) -> Result<Fetched, PortFailure> {
        let boxed = || Box::new(reference.clone());
        let locked = self.lock.as_ref().and_then(|lock| lock.find(reference));
        let exact = match (reference.digest, locked) {
            (Some(digest), Some(locked)) if digest != locked.digest => {
                return Err(
                    SharingError::LockedOtherwise { reference: boxed(), locked: locked.digest }.into()
                );
            }
            (Some(digest), _) => digest,
            (None, Some(locked)) => locked.digest,
            (None, None) if self.lock.is_some() => {
                return Err(SharingError::NotLocked { reference: boxed() }.into());
            }
            (None, None) => self.fetch(reference)?.manifest,
        };
        let exactly = ImageReference { digest: Some(exact), ..reference.clone() };
        let signers = match locked {
            Some(locked) => locked.signers(reference, signers)?,
            None => signers.to_vec(),
        };
        self.verify(&exactly, &signers)?;
        let fetched = self.fetch(&exactly)?;
        let found = Digest::of(&fetched.component);
        match locked.map(|locked| locked.component).filter(|component| *component != found) {
            Some(locked) => Err(SharingError::OtherComponent { reference: boxed(), found, locked }.into()),
            None => Ok(fetched),
        }
    }

    /// The key that each of these signers signed a policy with. Signatures that were verified once are kept beside the policy, so
    /// that it needs no registry the next time; they are verified again. Blocks.
    ///
    /// # Errors
    /// One of them has not signed it, or the registry cannot be asked.
    pub fn verify(
        &self,
        reference: &ImageReference,
        signers: &[Signer],
    ) -> Result<BTreeMap<SignerName, Digest>, PortFailure> {
        if signers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let store = self.cache.as_deref().map(Store::in_cache);
        if let (Some(store), Some(digest)) = (&store, reference.digest)
            && let Ok(keys) = store.signatures(&digest).verify(&digest, signers)
        {
            return Ok(keys);
        }
        let (digest, signatures) = self.signatures(reference)?;
        let keys = signatures
            .verify(&digest, signers)
            .map_err(|source| SharingError::Unsigned { reference: Box::new(reference.clone()), source })?;
        if let Some(store) = &store {
            // Not kept, they are fetched again the next time.
            let _ = store.keep_signatures(&digest, &signatures);
        }
        Ok(keys)
    }

    /// The digest that a reference means, and its signatures in the registry, unverified: [`Signatures::by`] tells whose they are.
    /// Blocks.
    ///
    /// # Errors
    /// There is no such artifact, or the registry cannot be asked.
    pub fn signatures(&self, reference: &ImageReference) -> Result<(Digest, Signatures), PortFailure> {
        let store = self.cache.as_deref().map(Store::in_cache);
        let is_kept = |digest: &Digest| store.as_ref().is_some_and(|store| store.read(digest).is_some());
        self.wait(reference, async {
            let repository = self.repository(reference)?;
            let digest = match reference.digest.filter(is_kept) {
                Some(digest) => digest,
                // What is not there has no signatures either, and that is another answer.
                None => manifest(&repository, reference).await?.digest,
            };
            let signatures = Signatures::fetch(&repository, &digest).await?;
            match &signatures.withheld {
                Some(reason) if signatures.found.is_empty() => {
                    let (reference, reason) = (Box::new(reference.clone()), reason.clone());
                    Err(SharingError::Withheld { reference, reason }.into())
                }
                _ => Ok((digest, signatures)),
            }
        })
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
        let (artifact, component) = self.wait(reference, async {
            let repository = self.repository(reference)?;
            let artifact = manifest(&repository, reference).await?;
            let layer = layer_of(&artifact).map_err(|source| SharingError::NoPolicy {
                reference: Box::new(reference.clone()),
                source,
            })?;
            let component = repository.blob(&layer.digest, LARGEST_COMPONENT).await?;
            Ok((artifact, component))
        })?;
        if let Some(store) = &store {
            // Not kept, it is fetched again the next time.
            let _ = store.write(&component).and_then(|()| store.write(&artifact.manifest));
        }
        Ok(Fetched { manifest: artifact.digest, component })
    }

    fn repository(&self, reference: &ImageReference) -> Result<RegistryRepository, PortFailure> {
        Ok(Registries::new(self.registries.clone())?.repository(reference.repository.clone()))
    }

    /// Waits for work on a reference, in a thread of its own: this may be called from within a runtime.
    fn wait<T: Send>(
        &self,
        reference: &ImageReference,
        work: impl Future<Output = Result<T, PortFailure>> + Send,
    ) -> Result<T, PortFailure> {
        let broken = |reason: String| SharingError::Broken { reference: Box::new(reference.clone()), reason };
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| broken(error.to_string()))?.block_on(work)
        };
        let done = thread::scope(|scope| scope.spawn(run).join());
        done.map_err(|_| broken("its thread ended early".to_owned()))?
    }
}

/// Reads a file that no policy is larger than.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut component = Vec::new();
    File::open(path)?.take(LARGEST_COMPONENT + 1).read_to_end(&mut component)?;
    if u64::try_from(component.len()).is_ok_and(|size| size > LARGEST_COMPONENT) {
        return Err(io::Error::other(format!(
            "it has more than {LARGEST_COMPONENT} bytes, and no policy has"
        )));
    }
    Ok(component)
}

/// A policy that was fetched before.
fn kept(store: &Store, manifest: Digest) -> Option<Fetched> {
    let artifact = Artifact::parse(store.read(&manifest)?).ok()?;
    let component = store.read(&layer_of(&artifact).ok()?.digest)?;
    Some(Fetched { manifest, component })
}

/// The manifest that a reference means.
pub(super) async fn manifest(
    repository: &RegistryRepository,
    reference: &ImageReference,
) -> Result<Artifact, PortFailure> {
    let boxed = || Box::new(reference.clone());
    let target = match (&reference.digest, &reference.tag) {
        (Some(digest), _) => digest.to_string(),
        (None, tag) => tag.as_ref().map_or("latest", |tag| tag.as_str()).to_owned(),
    };
    let artifact = repository.artifact(&target).await?;
    let artifact = artifact.ok_or_else(|| SharingError::NotThere { reference: boxed() })?;
    if reference.digest.is_some_and(|digest| digest != artifact.digest) {
        let reason = format!("the registry gave the manifest {}", artifact.digest);
        return Err(SharingError::Broken { reference: boxed(), reason }.into());
    }
    Ok(artifact)
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
