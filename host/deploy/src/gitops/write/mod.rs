//! Writing a digest into the files of a commit.

mod edit;
mod kustomization;
mod manifests;
mod values;

use edit::Splice;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use plimsoll_core::reference::RepositoryName;

use super::{error::GitOpsError, options::GitOpsWrite};
use crate::files::Files;

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The repository whose images are written.
    pub(super) repository: RepositoryName,
    /// The digest, or what stands for one that is not known yet.
    pub(super) digest: String,
    /// What becomes of a tag that stands beside the digest in a file of values.
    pub(super) tag: TagBeside,
}

/// What becomes of a tag beside a digest. It chooses nothing, for the digest wins, but it should not name another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TagBeside {
    /// It stays as it is: the version is not known yet.
    Keep,
    /// It becomes the version, or empty where there is none that can be a tag.
    Set(String),
}

/// A text with the digest in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Edited {
    /// The text.
    pub(super) text: String,
    /// The images or digests that stood in the places written to, as they were written.
    pub(super) before: Vec<String>,
}

/// The files that change, and what stood there.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// The files that change, as they are.
    pub(super) old: Files,
    /// The same as they should be.
    pub(super) new: Files,
    /// What stood in the places that are written to, as it was written.
    pub(super) before: Vec<String>,
}

/// Where to look in a commit for what is written to.
pub(super) fn place(write: &GitOpsWrite) -> &'static str {
    match write {
        GitOpsWrite::Manifests => "Kubernetes manifest",
        GitOpsWrite::Kustomization => "kustomization.yaml",
        GitOpsWrite::Values { .. } => "file of values",
    }
}

/// Which of the files at a path may be written to.
pub(super) fn chosen<T>(
    write: &GitOpsWrite,
    path: &Path,
    mut files: BTreeMap<PathBuf, T>,
) -> BTreeMap<PathBuf, T> {
    match write {
        GitOpsWrite::Manifests => files.retain(|file, _| manifests::is_manifest(path, file)),
        GitOpsWrite::Kustomization => {
            files.retain(|file, _| {
                file == path || kustomization::NAMES.iter().any(|name| *file == path.join(name))
            });
        }
        GitOpsWrite::Values { .. } => files.retain(|file, _| file == path),
    }
    files
}

/// Writes a change into the chosen files.
pub(super) fn write(
    write: &GitOpsWrite,
    path: &Path,
    files: Files,
    change: &Change,
) -> Result<Writing, GitOpsError> {
    let edited = match write {
        GitOpsWrite::Manifests => manifests::write(path, &files, change)?,
        GitOpsWrite::Kustomization => each(&files, |file, text| kustomization::write(file, text, change))?,
        GitOpsWrite::Values { path } => each(&files, |file, text| values::write(file, text, path, change))?,
    };
    let mut writing = Writing::default();
    for (file, old) in files {
        let Some(edited) = edited.get(&file).filter(|edited| edited.text != old) else { continue };
        writing.before.extend(edited.before.iter().cloned());
        writing.new.insert(file.clone(), edited.text.clone());
        writing.old.insert(file, old);
    }
    writing.before.sort();
    writing.before.dedup();
    Ok(writing)
}

type EditedFiles = BTreeMap<PathBuf, Edited>;

fn each(
    files: &Files,
    edit: impl Fn(&Path, &str) -> Result<Edited, GitOpsError>,
) -> Result<EditedFiles, GitOpsError> {
    files.iter().map(|(file, text)| Ok((file.clone(), edit(file, text)?))).collect()
}

/// How the repository is usually written: without what Docker Hub's names leave out.
fn familiar(repository: &RepositoryName) -> String {
    let name = repository.to_string();
    match name.strip_prefix("docker.io/") {
        Some(path) => path.strip_prefix("library/").unwrap_or(path).to_owned(),
        None => name,
    }
}
