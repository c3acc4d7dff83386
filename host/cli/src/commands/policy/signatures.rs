//! `plimsoll policy sign`, `verify` and `keygen`

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;
use plimsoll_app::sharing::{self, PrivateKey, PublicKey, Signed, SignedBy, Signer};
use plimsoll_core::{names::SignerName, ports::FailureClass, reference::ImageReference};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::share;
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN},
    session::{KEY_PASSWORD as PASSWORD, Session},
};

#[derive(Debug, Clone, Args)]
pub(crate) struct SignArguments {
    /// The policy: oci://REGISTRY/REPOSITORY, with a tag, a digest or both.
    reference: String,
    /// The private key: cosign's, or PKCS#8 without a password. COSIGN_PASSWORD has the password.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArguments {
    /// The policy: oci://REGISTRY/REPOSITORY, with a tag, a digest or both.
    reference: String,
    /// The public key, such as cosign.pub.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct KeygenArguments {
    /// The name of the two files.
    name: PathBuf,
}

pub(crate) async fn sign(session: &Session, arguments: &SignArguments) -> Result<Ending, Failure> {
    let reference = share::reference(&arguments.reference)?;
    let key = private_key(session, &arguments.key)?;
    let signed = attach(session, &reference, &key).await?;
    let exact = ImageReference { digest: Some(signed.manifest), ..reference };
    if session.format == Format::Json {
        output::json(&json!({
            "reference": format!("oci://{exact}"), "digest": signed.manifest, "key": key.public().id(),
            "changed": !signed.was_there,
        }))?;
    } else {
        say!("{} oci://{exact}", if signed.was_there { "is signed already:" } else { "signed" });
    }
    Ok(Ending::Done)
}

/// Signs what a reference means.
pub(super) async fn attach(
    session: &Session,
    reference: &ImageReference,
    key: &PrivateKey,
) -> Result<Signed, Failure> {
    Ok(sharing::sign(&*session.registries()?, reference, key, &session.progress()).await?)
}

pub(crate) fn verify(session: &Session, arguments: &VerifyArguments) -> Result<Ending, Failure> {
    let reference = share::reference(&arguments.reference)?;
    let key = public_key(&arguments.key)?;
    let (digest, signatures) = session.policy_source()?.signatures(&reference)?;
    let verified = signatures.signed_with(&digest, &[key]);
    let exact = ImageReference { digest: Some(digest), ..reference };
    if session.format == Format::Json {
        let signer = SignerName::new("key").map(|name| Signer { name, keys: vec![key] });
        let signatures = signatures.by(&digest, &signer.into_iter().collect::<Vec<_>>());
        let signature =
            |SignedBy { signer, form }: &SignedBy| json!({ "form": form, "verified": signer.is_some() });
        output::json(&json!({
            "reference": format!("oci://{exact}"), "digest": digest, "key": key.id(),
            "verified": verified.is_ok(), "reason": verified.as_ref().err().map(ToString::to_string),
            "signatures": signatures.iter().map(signature).collect::<Vec<_>>(),
        }))?;
    } else {
        match &verified {
            Ok(id) => say!("oci://{exact} is signed with {} {FAINT}{id}{PLAIN}", arguments.key.display()),
            Err(reason) => say!("oci://{exact} is not signed with {}: {reason}", arguments.key.display()),
        }
    }
    Ok(if verified.is_ok() { Ending::Done } else { Ending::No })
}

pub(crate) fn keygen(session: &Session, arguments: &KeygenArguments) -> Result<Ending, Failure> {
    let Some(password) = session.world.secret(PASSWORD) else {
        return Err(Failure::new(FailureClass::Configuration, format!("{PASSWORD} is not set"))
            .hint("set it to the password that the private key will be locked with"));
    };
    let file = |extension: &str| {
        let mut name = arguments.name.clone().into_os_string();
        name.push(extension);
        PathBuf::from(name)
    };
    let (private, public) = (file(".key"), file(".pub"));
    if let Some(there) = [&private, &public].into_iter().find(|path| path.exists()) {
        return Err(Failure::new(FailureClass::User, format!("{} exists", there.display()))
            .hint("give the key another name: a key that is gone cannot sign again"));
    }
    let key = PrivateKey::generate(&password)
        .map_err(|error| Failure::new(FailureClass::Outside, error.to_string()))?;
    write(&private, key.private.expose_secret(), 0o600)?;
    write(&public, &key.public.to_pem(), 0o644)?;
    if session.format == Format::Json {
        output::json(&json!({ "private": private, "public": public, "id": key.public.id() }))?;
    } else {
        say!("{} {FAINT}keep it secret{PLAIN}", private.display());
        say!("{} {FAINT}{}{PLAIN}", public.display(), key.public.id());
    }
    Ok(Ending::Done)
}

/// Reads a private key and opens it with the password from the surroundings; without one, with the empty password.
pub(super) fn private_key(session: &Session, file: &Path) -> Result<PrivateKey, Failure> {
    let text = SecretString::from(read(file)?);
    let password = session.world.secret(PASSWORD);
    PrivateKey::from_pem(&text, &password.clone().unwrap_or_default()).map_err(|error| {
        let failure = unusable(file, &error);
        match (&error, password) {
            (sharing::KeyError::Password, None) => failure.hint(format!("set {PASSWORD} to the password of the key")),
            (sharing::KeyError::Password, Some(_)) => failure.hint(format!("correct {PASSWORD}")),
            _ => failure.hint("name a key of `plimsoll policy keygen`, of `cosign generate-key-pair`, or a PKCS#8 key for P-256"),
        }
    })
}

pub(in crate::commands) fn public_key(file: &Path) -> Result<PublicKey, Failure> {
    PublicKey::from_pem(&read(file)?)
        .map_err(|error| unusable(file, &error).hint("name a public key such as cosign.pub"))
}

fn unusable(file: &Path, error: &sharing::KeyError) -> Failure {
    Failure::new(FailureClass::Configuration, format!("the key {} cannot be used: {error}", file.display()))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::new(FailureClass::Configuration, format!("cannot read {}: {error}", file.display()))
    })
}

/// Writes a file that is not there yet.
fn write(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(file).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", file.display()))
    })
}
