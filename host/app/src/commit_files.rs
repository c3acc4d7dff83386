//! The files that a release is made from and deployed with: those of its own commit, whatever is checked out.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use plimsoll_core::{contract::Source, ports::PortFailure};
use plimsoll_source::git;

use crate::{events, host::Host};

/// Below the host's own folder: one folder for each commit.
const FOLDER: &str = "commits";
/// How many commits are kept.
const KEPT: usize = 8;

/// The files of a commit that is not checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFiles {
    /// The root of the working tree.
    working_tree: PathBuf,
    /// Where the files of the commit lie instead.
    folder: PathBuf,
}

impl CommitFiles {
    /// The files of a release's commit, written beside the working tree; `None` when that commit is what is checked out, or
    /// when there is no git repository that could say.
    ///
    /// # Errors
    /// The commit is not in the repository, or its files cannot be written.
    pub fn of(host: &Host, source: &Source) -> Result<Option<Self>, PortFailure> {
        if events::other_checkout(host, source)?.is_none() {
            return Ok(None);
        }
        let working_tree = git::root(host.root())?;
        let commits = host.own_folder().join(FOLDER);
        let folder = commits.join(&source.commit.id);
        if !folder.is_dir() {
            forget(&commits);
            git::export(host.root(), &source.commit.id, &folder)?;
        }
        Ok(Some(Self { working_tree, folder }))
    }

    /// Where a file or folder of the working tree lies. What is outside of it stays where it is.
    #[must_use]
    pub fn locate(&self, path: &Path) -> PathBuf {
        let absolute = resolve(path);
        match absolute.strip_prefix(&self.working_tree) {
            Ok(below) => self.folder.join(below),
            Err(_) => path.to_owned(),
        }
    }
}

/// The path without links and dots; what does not exist is appended to the part that does.
fn resolve(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in absolute.ancestors() {
        if let (Ok(found), Ok(rest)) = (ancestor.canonicalize(), absolute.strip_prefix(ancestor)) {
            return found.components().chain(rest.components()).collect();
        }
    }
    absolute
}

/// Removes the commits that were written longest ago. Losing one costs writing it again.
fn forget(commits: &Path) {
    let age =
        |path: &PathBuf| fs::metadata(path).and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Ok(entries) = fs::read_dir(commits) else { return };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort_by_key(|path| std::cmp::Reverse(age(path)));
    for folder in folders.iter().skip(KEPT - 1) {
        // Another process may be at it too.
        let _ = fs::remove_dir_all(folder);
    }
}
