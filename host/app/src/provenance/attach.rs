//! Putting statements beside images, signed where there is a key.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_core::{
    digest::Digest,
    ports::{Attachment, FailureClass, PortFailure, Referrers},
};
use plimsoll_provenance::{LARGEST_STATEMENT, Statement};
use plimsoll_signature::{BUNDLE, KeyError, PrivateKey, STATEMENT, SignedStatement};
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::configuration::{self, Configuration};

/// The digest of the statement in a referrer, by which it is found again: a signature is another one each time.
const OWN: &str = "plimsoll.dev/statement";
/// What others look for (cosign, "Bundle Specification"; BuildKit, "Attestation storage").
const BUNDLE_CONTENT: (&str, &str) = ("dev.sigstore.bundle.content", "dsse-envelope");
const BUNDLE_PREDICATE: &str = "dev.sigstore.bundle.predicateType";
const PREDICATE: &str = "in-toto.io/predicate-type";
/// The largest bundle, bytes: base64 takes four bytes for three.
pub(super) const LARGEST_BUNDLE: u64 = LARGEST_STATEMENT / 3 * 4 + (16 << 10);

/// Puts statements about the images of an application beside them.
pub struct Provenance {
    referrers: Arc<dyn Referrers>,
    key: Option<PrivateKey>,
    /// What the configuration says of the build.
    pub(super) recipe: Recipe,
    /// Where a tag stands for the list of referrers, it is read and written: one at a time.
    turn: Mutex<()>,
}

/// What the configuration says of the build; paths are relative to its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The Dockerfile.
    pub dockerfile: String,
    /// The folder that COPY and ADD read from.
    pub context: String,
    /// What builds.
    pub builder: &'static str,
}

/// Why the private key cannot be used.
#[derive(Debug, thiserror::Error)]
enum UnusableKey {
    #[error("cannot read the key {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the key {} cannot be used: {source}", path.display())]
    Unusable { path: PathBuf, source: KeyError },
}

/// What puts statements beside the images of a configuration; `None` when it wants none. They are signed when a password is given,
/// which may be none, and the configuration names a key.
pub(crate) fn of(
    configuration: &Configuration,
    root: &Path,
    referrers: Arc<dyn Referrers>,
    password: Option<Option<&SecretString>>,
) -> Result<Option<Provenance>, PortFailure> {
    let configuration::Provenance { attach, key: file } = &configuration.provenance;
    if !attach {
        return Ok(None);
    }
    let signing = file.as_deref().zip(password);
    let key = signing.map(|(file, password)| key(file, password)).transpose()?;
    let image = &configuration.image;
    let written = |path: &Path| match path.strip_prefix(root).unwrap_or(path).display().to_string() {
        folder if folder.is_empty() => ".".to_owned(),
        path => path,
    };
    let recipe = Recipe {
        dockerfile: written(&image.dockerfile),
        context: written(&image.context),
        builder: image.builder.word(),
    };
    Ok(Some(Provenance::new(referrers, key, recipe)))
}

/// The private key in a file, opened with its password.
fn key(path: &Path, password: Option<&SecretString>) -> Result<PrivateKey, PortFailure> {
    let failed = |error: UnusableKey| PortFailure::new(FailureClass::Configuration, error);
    let text = std::fs::read_to_string(path)
        .map(SecretString::from)
        .map_err(|source| failed(UnusableKey::Unreadable { path: path.to_owned(), source }))?;
    PrivateKey::from_pem(&text, &password.cloned().unwrap_or_default()).map_err(|source| {
        let hint = match (&source, password) {
            (KeyError::Password, None) => "set COSIGN_PASSWORD to the password of the key",
            (KeyError::Password, Some(_)) => "correct COSIGN_PASSWORD",
            _ => "name a key of `plimsoll policy keygen`, of `cosign generate-key-pair`, or a PKCS#8 key for P-256",
        };
        failed(UnusableKey::Unusable { path: path.to_owned(), source }).hint(hint)
    })
}

impl Provenance {
    /// Statements go there, signed with the key if there is one.
    #[must_use]
    pub fn new(referrers: Arc<dyn Referrers>, key: Option<PrivateKey>, recipe: Recipe) -> Self {
        Self { referrers, key, recipe, turn: Mutex::default() }
    }

    /// Puts a statement beside an image, unless it is there: then it answers where. Without a key the same statement is the same
    /// bytes, with one it is looked for.
    pub(crate) async fn attach(&self, image: &Digest, statement: &Statement) -> Result<Digest, PortFailure> {
        let internal = |error| PortFailure::new(FailureClass::Internal, error);
        let payload = statement.to_bytes().map_err(internal)?;
        let own = Digest::of(&payload).to_string();
        let predicate = statement.claim.predicate_type().to_owned();
        let _turn = self.turn.lock().await;
        let Some(key) = &self.key else {
            let annotations = BTreeMap::from([(OWN.to_owned(), own), (PREDICATE.to_owned(), predicate)]);
            let attachment = Attachment { media_type: STATEMENT.to_owned(), content: payload, annotations };
            return self.referrers.attach(image, &attachment).await;
        };
        if let Some(there) = self.find(image, &own, &payload, key).await? {
            return Ok(there);
        }
        let signed = SignedStatement::sign(key, payload)
            .map_err(|error| PortFailure::new(FailureClass::Outside, error))?;
        let annotations = [(OWN, own.as_str()), BUNDLE_CONTENT, (BUNDLE_PREDICATE, predicate.as_str())];
        let attachment = Attachment {
            media_type: BUNDLE.to_owned(),
            content: signed.to_bundle(&key.public()),
            annotations: annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        };
        self.referrers.attach(image, &attachment).await
    }

    /// A statement that an earlier try put there and signed with this key.
    async fn find(
        &self,
        image: &Digest,
        own: &str,
        payload: &[u8],
        key: &PrivateKey,
    ) -> Result<Option<Digest>, PortFailure> {
        let listed = self.referrers.referrers(image).await?;
        let is_own =
            |annotations: &BTreeMap<String, String>| annotations.get(OWN).is_some_and(|it| it == own);
        for referrer in listed.iter().filter(|referrer| is_own(&referrer.annotations)) {
            let Some(attached) = self.referrers.attached(&referrer.digest, LARGEST_BUNDLE).await? else {
                continue;
            };
            let signed = SignedStatement::from_bundle(&attached.content);
            let is_signed = |signed: SignedStatement| {
                signed.payload() == payload && signed.signed_with(&[key.public()]).is_some()
            };
            if attached.subject == Some(*image) && signed.is_ok_and(is_signed) {
                return Ok(Some(referrer.digest));
            }
        }
        Ok(None)
    }
}
