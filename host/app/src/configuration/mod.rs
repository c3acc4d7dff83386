//! The configuration of an application: `plimsoll.toml` from text to checked values.
//!
//! Reading has two stages. The first compares the file with the table of keys in `keys.rs` and reports unknown keys,
//! missing ones and wrong types. The second reads what is there into the types of `model.rs` and reports what cannot
//! be. Both report into one list, so that all mistakes are shown at once; only a file that is no TOML at all ends before.

mod address;
mod apart;
mod binding;
mod builder;
mod check;
mod environments;
mod folders;
mod image;
mod init;
mod journal;
mod keys;
mod model;
mod notifications;
mod order;
mod problem;
mod provenance;
mod quantity;
mod reader;
mod registries;
mod schema;
mod settings;
mod shadow;
mod shape;
mod signers;
mod target;
#[cfg(test)]
mod tests;
mod verify;

use std::{path::Path, sync::Arc};

use plimsoll_core::digest::Digest;
use toml::de::DeTable;

pub use init::init_text;
pub use model::{
    Binding, BuildahIsolation, Builder, Capability, Check, CheckAction, ClusterAccess, Configuration,
    Destination, ENVIRONMENT_PLACEHOLDER, EngineBuild, Environment, GitOpsTarget, GitOpsWait, GitOpsWrite,
    Image, ImagePath, Impersonation, Journal, KubernetesTarget, LimitOverrides, ManifestSource, Notification,
    NotificationEvent, OnFailure, PolicyReference, Provenance, Queue, ReadyWhen, Registries, Secret,
    SecretPlace, Signer, Target,
};
pub use problem::{ConfigurationError, Problem};
pub use schema::schema;
pub use shadow::ConfiguredShadow;
pub(crate) use shadow::configured;
pub use signers::RepositoryPattern;

use binding::Surroundings;
use folders::Folder;
use problem::Source;
use reader::Reader;

impl Configuration {
    /// Reads a configuration. Touches no file: `path` gives messages their file name and relative paths their folder.
    /// `stock` are the names of the policies that come with Plimsoll.
    ///
    /// # Errors
    /// Everything that is wrong with the text, in the order of the text. When it is no TOML, that alone.
    pub fn parse(path: &Path, text: &str, stock: &[&str]) -> Result<Self, ConfigurationError> {
        let source = Source { path: path.to_owned(), text: Arc::from(text) };
        let (document, mistakes) = DeTable::parse_recoverable(text);
        if !mistakes.is_empty() {
            let problems = mistakes.iter().map(|mistake| not_toml(mistake, text)).collect();
            return Err(ConfigurationError::new(&source, problems));
        }
        let mut problems = Vec::new();
        check::check_table(document.get_ref(), &keys::FILE, (0, 0).into(), "", &mut problems);
        let file = Reader::new(document.get_ref(), &keys::FILE);
        match resolve(&file, &source, stock, &mut problems) {
            Some(configuration) if problems.is_empty() => Ok(configuration),
            _ => Err(ConfigurationError::new(&source, problems)),
        }
    }
}

/// The values of the file; absent when a problem was reported.
fn resolve(
    file: &Reader<'_>,
    source: &Source,
    stock: &[&str],
    problems: &mut Vec<Problem>,
) -> Option<Configuration> {
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let signers = signers::signers(&file.tables("signers"), folder, problems);
    let surroundings = Surroundings { folder, stock, signers: signers.as_deref() };
    let image = file.table("image").and_then(|image| image::image(&image, folder, problems));
    let tags = match file.table("tags") {
        Some(tags) => binding::binding(&tags, surroundings, problems),
        None => Some(binding::default_tagging()),
    };
    let journal = journal::journal(file.table("journal").as_ref(), folder, problems);
    let notifications = notifications::notifications(&file.tables("notifications"), folder, problems);
    let registries = registries::registries(file.table("registries"), folder, problems);
    let environments = file.tables("environments");
    folders::check(&environments, folder, &kept(image.as_ref(), journal.as_ref()), problems);
    let environments = environments::environments(&environments, surroundings, problems);
    Some(Configuration {
        digest: Digest::of(source.text.as_bytes()),
        image: image?,
        tags: tags?,
        environments: environments?,
        provenance: provenance::provenance(file.table("provenance").as_ref(), folder),
        journal: journal?,
        notifications: notifications?,
        registries: registries?,
        signers: signers?,
        source: source.clone(),
    })
}

/// What the host keeps on disk and no deployment may replace.
fn kept(image: Option<&Image>, journal: Option<&Journal>) -> Vec<Folder> {
    let layout = image.and_then(|image| match &image.destination {
        Destination::Layout { path, .. } => Some(Folder::new("the image layout", path)),
        Destination::Registry(_) => None,
    });
    let journal = journal.and_then(|journal| match journal {
        Journal::Sqlite(path) => Some(Folder::new("the journal", path)),
        Journal::Postgres { .. } => None,
    });
    layout.into_iter().chain(journal).collect()
}

/// A mistake in the TOML itself.
fn not_toml(mistake: &toml::de::Error, text: &str) -> Problem {
    let end = text.len();
    let span = mistake.span().unwrap_or(end..end);
    Problem::new(span.into(), format!("this is no TOML: {}", mistake.message()))
}
