//! `plimsoll policy push`, `pull` and `lock`

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use plimsoll_app::{
    host::policy_source,
    policies,
    sharing::{Lock, LockedPolicy, PolicySource, Signer, lock_path, pack},
};
use plimsoll_core::{
    ports::{FailureClass, ImageRepository as _},
    reference::ImageReference,
};
use serde_json::json;

use super::signatures;
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct PushArguments {
    /// The component.
    file: PathBuf,
    /// Where it goes: oci://REGISTRY/REPOSITORY:TAG.
    reference: String,
    /// Moves a tag that points to something else.
    #[arg(long)]
    force: bool,
    /// Signs it with this private key, as `policy sign` does.
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PullArguments {
    /// Where it is: oci://REGISTRY/REPOSITORY, with a tag, a digest or both.
    reference: String,
    /// Where it is written. Without it: the name of the repository's last part, `.wasm`.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LockArguments {
    /// Looks every reference up anew, also those that are locked.
    #[arg(long, conflicts_with = "check")]
    update: bool,
    /// Writes nothing; exits with 1 when the lock file does not say what every reference means.
    #[arg(long)]
    check: bool,
}

pub(crate) async fn push(session: &Session, arguments: &PushArguments) -> Result<Ending, Failure> {
    let reference = reference(&arguments.reference)?;
    let Some(tag) = reference.tag.clone().filter(|_| reference.digest.is_none()) else {
        return Err(Failure::new(
            FailureClass::User,
            format!("`{}` names no tag to push to", arguments.reference),
        )
        .hint("write oci://REGISTRY/REPOSITORY:TAG, without a digest: pushing tells it"));
    };
    let key = arguments.sign_key.as_ref().map(|file| signatures::private_key(session, file)).transpose()?;
    // Loading it shows before anything is sent whether it is a policy at all.
    let policy = policies::open(&session.policy_source()?, &arguments.file.display().to_string())?;
    let component = read(&arguments.file)?;
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::new(FailureClass::Outside, format!("there is no room for a temporary folder: {error}"))
    })?;
    let package = pack(folder.path(), &component, &policy)?;
    let repository = session.registries()?.repository(reference.repository.clone());
    let there = repository.resolve(&tag).await?;
    if let Some(other) = there.filter(|other| *other != package.manifest && !arguments.force) {
        return Err(Failure::new(FailureClass::User, format!("oci://{reference} exists, and is {other}"))
            .hint("give the policy a version of its own, or move the tag knowingly with --force"));
    }
    repository.push(folder.path(), &package.manifest, &session.progress()).await?;
    repository.set_tag(&tag, &package.manifest).await?;
    let exact = ImageReference { digest: Some(package.manifest), ..reference };
    if let Some(key) = &key {
        signatures::attach(session, &exact, key).await?;
    }
    if session.format == Format::Json {
        output::json(&json!({
            "reference": format!("oci://{exact}"), "digest": package.manifest, "component": package.component,
            "policy": policy.identity(), "signed-with": key.as_ref().map(|key| key.public().id()),
        }))?;
    } else {
        say!("pushed {} {}", policy.identity().name, policy.identity().version);
        say!("oci://{exact}");
    }
    Ok(Ending::Done)
}

pub(crate) fn pull(session: &Session, arguments: &PullArguments) -> Result<Ending, Failure> {
    let reference = reference(&arguments.reference)?;
    let fetched = session.policy_source()?.fetch(&reference)?;
    let name = reference.repository.path().rsplit('/').next().unwrap_or("policy");
    let file = arguments.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.wasm")));
    fs::write(&file, &fetched.component).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", file.display()))
    })?;
    if session.format == Format::Json {
        output::json(&json!({ "file": file, "digest": fetched.manifest, "size": fetched.component.len() }))?;
    } else {
        say!("{} {FAINT}{} bytes, {}{PLAIN}", file.display(), fetched.component.len(), fetched.manifest);
    }
    Ok(Ending::Done)
}

pub(crate) fn lock(session: &Session, arguments: &LockArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let options = session.options()?;
    let path = lock_path(&options.configuration);
    let old = Lock::read(&path).map_err(|error| Failure::new(FailureClass::Configuration, error.to_string()));
    // A file that is damaged is written anew where that is asked for.
    let old = if arguments.update { old.unwrap_or_else(|_| Lock::new(Vec::new())) } else { old? };
    let source = policy_source(&options, &host.configuration().registries);
    let mut policies = Vec::new();
    for (reference, signers) in host.remote_policies()? {
        let known = old.find(&reference).filter(|_| !arguments.update);
        policies.push(match known {
            Some(known) if known.is_signed_by(&signers) => known.clone(),
            // Somebody else must have signed it now: what it is stays, and its signatures are looked at again.
            Some(known) => {
                let exact = ImageReference { digest: Some(known.digest), ..reference };
                LockedPolicy { signed_by: source.verify(&exact, &signers)?, ..known.clone() }
            }
            None => look_up(&source, &reference, &signers)?,
        });
    }
    let new = Lock::new(policies);
    let changed = new != old;
    if !arguments.check && (changed || !path.exists()) {
        new.write(&path).map_err(|error| Failure::new(FailureClass::Outside, error.to_string()))?;
    }
    report(session, &path, &old, &new)?;
    Ok(if arguments.check && changed { Ending::No } else { Ending::Done })
}

fn look_up(
    source: &PolicySource,
    reference: &ImageReference,
    signers: &[Signer],
) -> Result<LockedPolicy, Failure> {
    let fetched = source.fetch(reference)?;
    let exact = ImageReference { digest: Some(fetched.manifest), ..reference.clone() };
    let signed_by = source.verify(&exact, signers)?;
    let policy = policies::open(source, &format!("oci://{exact}"))?;
    let identity = policy.identity();
    Ok(LockedPolicy {
        reference: format!("oci://{reference}"),
        digest: fetched.manifest,
        component: identity.digest,
        contract: identity.contract.clone(),
        signed_by,
    })
}

fn report(session: &Session, path: &Path, old: &Lock, new: &Lock) -> Result<(), Failure> {
    if session.format == Format::Json {
        return output::json(&json!({ "file": path, "changed": old != new, "policies": new.policies }));
    }
    for policy in &new.policies {
        let before = old.policies.iter().find(|known| known.reference == policy.reference);
        let change = match before {
            None => "new",
            Some(before) if before == policy => "as before",
            Some(_) => "changed",
        };
        say!("{} {} {FAINT}{change}{PLAIN}", policy.reference, policy.digest);
        for (signer, key) in &policy.signed_by {
            say!("  signed by {signer} {FAINT}{key}{PLAIN}");
        }
    }
    for gone in old
        .policies
        .iter()
        .filter(|known| new.policies.iter().all(|policy| policy.reference != known.reference))
    {
        say!("{} {FAINT}gone{PLAIN}", gone.reference);
    }
    if new.policies.is_empty() {
        say!("no policy comes from a registry");
    }
    Ok(())
}

pub(super) fn reference(written: &str) -> Result<ImageReference, Failure> {
    let parsed = written.strip_prefix("oci://").map(str::parse::<ImageReference>);
    match parsed {
        Some(Ok(reference)) => Ok(reference),
        Some(Err(error)) => Err(Failure::new(FailureClass::Configuration, error.to_string())),
        None => Err(Failure::new(FailureClass::Configuration, format!("`{written}` names no registry"))
            .hint("write oci://REGISTRY/REPOSITORY:TAG")),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file)
        .map_err(|error| Failure::new(FailureClass::User, format!("cannot read {}: {error}", file.display())))
}
