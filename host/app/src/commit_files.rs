//! The files that a release is made from and deployed with: those of its own commit, whatever is checked out.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use plimsoll_core::{contract::Source, ports::PortFailure};
use plimsoll_source::git;

use crate::{events, host::Host};

/// Below the host's own folder: one folder for each commit.
const FOLDER: &str = "commits";
/// How many commits are kept.
const KEPT: usize = 8;
/// For how long a commit's files may be in use after they were asked for: longer than any build and rollout.
const IN_USE: Duration = Duration::from_secs(6 * 60 * 60);
/// How the name of a folder ends that is being removed.
const FORGOTTEN: &str = "forgotten";

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
        match events::other_checkout(host, source)? {
            Some(_) => Self::written(host, source).map(Some),
            None => Ok(None),
        }
    }

    /// As [`CommitFiles::of`], but also where the commit is checked out and something in the working tree differs from it. A
    /// release that began dirty has no other files than those.
    ///
    /// # Errors
    /// As [`CommitFiles::of`].
    pub fn unchanged(host: &Host, source: &Source) -> Result<Option<Self>, PortFailure> {
        match Self::of(host, source)? {
            None if !source.dirty && events::changed(host)?.is_some() => {
                Self::written(host, source).map(Some)
            }
            files => Ok(files),
        }
    }

    fn written(host: &Host, source: &Source) -> Result<Self, PortFailure> {
        let working_tree = git::root(host.root())?;
        let commits = host.own_folder().join(FOLDER);
        let folder = commits.join(&source.commit.id);
        if !folder.is_dir() {
            forget(&commits);
            git::export(host.root(), &source.commit.id, &folder)?;
        }
        // In use again: it is not to be forgotten soon. Where that cannot be said, the time of its writing counts.
        let _ = fs::File::open(&folder).and_then(|folder| folder.set_modified(SystemTime::now()));
        Ok(Self { working_tree, folder })
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

/// Removes the commits that were not used for longest. Losing one costs writing it again, unless somebody is at it.
fn forget(commits: &Path) {
    let age =
        |path: &PathBuf| fs::metadata(path).and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let Ok(entries) = fs::read_dir(commits) else { return };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort_by_key(|path| std::cmp::Reverse(age(path)));
    let in_use =
        |folder: &PathBuf| age(folder).elapsed().is_ok_and(|age| age < IN_USE) && !is_forgotten(folder);
    for (number, folder) in folders.iter().skip(KEPT - 1).filter(|folder| !in_use(folder)).enumerate() {
        // Under its own name the folder is whole or not there. Another process may be at it too.
        let forgotten = folder.with_extension(format!("{FORGOTTEN}-{}-{number}", std::process::id()));
        if fs::rename(folder, &forgotten).is_ok() {
            let _ = fs::remove_dir_all(forgotten);
        }
    }
}

fn is_forgotten(folder: &Path) -> bool {
    folder.extension().is_some_and(|end| end.to_string_lossy().starts_with(FORGOTTEN))
}
