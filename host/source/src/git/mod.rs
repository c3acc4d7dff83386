//! A git repository: its HEAD as an event.

mod branches;
mod export;
mod remote;
mod tags;
mod tree;

use std::path::{Path, PathBuf};

use gix::{bstr::ByteSlice, discover::upwards::Error as DiscoveryError};
use plimsoll_core::contract::{Commit, GitRef, Repository, Source, Trigger};

use crate::{
    error::SourceError,
    event::{Event, listed, parse_commit_id},
};
use remote::Remote;

pub use export::export;

/// How a repository is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Files and folders whose changes do not make the tree dirty, because the host itself writes there; absolute, or
    /// relative to the root of the working tree.
    pub ignore: Vec<PathBuf>,
}

/// Reads the repository that a directory is in: its HEAD, taken as a push of it.
///
/// # Errors
/// There is no repository, it has no commit, or it cannot be read.
pub fn read(directory: &Path, options: &Options) -> Result<Event, SourceError> {
    let repository = Checkout::open(directory)?;
    let mut notes = Vec::new();

    let (git_ref, commit) = repository.head(&mut notes)?;
    let tags = tags::on_head(&repository, &mut notes)?;
    if repository.git.is_shallow().map_err(|error| repository.unreadable("the shallow boundary", error))? {
        notes.push("This is a shallow clone: tags and earlier history may be missing.".to_owned());
    }
    let remote = remote_of(&repository, &mut notes);
    let default_branch = branches::default(&repository, &mut notes)?;

    let name = remote.as_ref().map_or_else(|| repository.folder_name(), |remote| remote.name.clone());
    let source = Source {
        repository: Repository {
            name,
            url: remote.and_then(|remote| remote.url),
            default_branch,
            description: None,
            license: None,
        },
        trigger: Trigger::Push,
        git_ref,
        commit,
        tags,
        actor: None,
        dirty: false,
        facts: Vec::new(),
    };
    let mut event = Event { source, occurrence: None, notes };
    if let Some(path) = tree::changed_path(&repository, &options.ignore)? {
        event.mark_changed(&path);
    }
    Ok(event)
}

/// The first path found in the working tree that differs from the commit that is checked out: changed, added or removed.
/// `None` when there is none, or no working tree.
///
/// # Errors
/// There is no repository, or it cannot be read.
pub fn changed(directory: &Path, options: &Options) -> Result<Option<String>, SourceError> {
    tree::changed_path(&Checkout::open(directory)?, &options.ignore)
}

/// The root of the working tree that a directory is in; of a bare repository the repository itself.
///
/// # Errors
/// There is no repository.
pub fn root(directory: &Path) -> Result<PathBuf, SourceError> {
    Ok(Checkout::open(directory)?.root)
}

/// Id of the commit that is checked out where a directory is.
///
/// # Errors
/// There is no repository, or it has no commit yet.
pub fn head(directory: &Path) -> Result<String, SourceError> {
    let (_, commit) = Checkout::open(directory)?.head(&mut Vec::new())?;
    Ok(commit.id)
}

/// The `user.name` of git's configuration as it counts in a directory: the name that the same person's commits bear.
#[must_use]
pub fn user(directory: &Path) -> Option<String> {
    let repository = gix::discover(directory).ok()?;
    let name = repository.config_snapshot().string("user.name")?;
    Some(name.to_str_lossy().into_owned())
}

/// A commit of the repository that a directory is in.
///
/// # Errors
/// There is no repository, or the commit is not in it.
pub fn commit(directory: &Path, id: &str) -> Result<Commit, SourceError> {
    let repository = Checkout::open(directory)?;
    let id = parse_commit_id(id)?;
    let unknown = |error| SourceError::UnknownCommit {
        commit: id.clone(),
        repository: repository.root.clone(),
        source: Box::new(error),
    };
    let object = gix::ObjectId::from_hex(id.as_bytes())
        .map_err(|_| SourceError::InvalidCommit { text: id.clone() })?;
    let commit = repository.git.find_commit(object).map_err(unknown)?;
    facts(&commit).map_err(unknown)
}

/// An open repository.
struct Checkout {
    git: gix::Repository,
    root: PathBuf,
}

impl Checkout {
    fn open(directory: &Path) -> Result<Self, SourceError> {
        let git = gix::discover(directory).map_err(|source| not_opened(directory, source))?;
        let root = git.workdir().unwrap_or(git.git_dir());
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        Ok(Self { git, root })
    }

    /// What HEAD stands on.
    fn head(&self, notes: &mut Vec<String>) -> Result<(GitRef, Commit), SourceError> {
        let unreadable = |error| self.unreadable("the HEAD", error);
        let head = self.git.head().map_err(unreadable)?;
        if head.is_unborn() {
            return Err(SourceError::NoCommit { repository: self.root.clone() });
        }
        let branch = head
            .referent_name()
            .and_then(|name| name.as_bstr().strip_prefix(b"refs/heads/"))
            .map(|name| GitRef::Branch(name.to_str_lossy().into_owned()));
        if branch.is_none() {
            notes.push("HEAD is detached: no branch is known for this commit.".to_owned());
        }
        let commit = self.git.head_commit().map_err(unreadable)?;
        Ok((branch.unwrap_or(GitRef::Detached), facts(&commit).map_err(unreadable)?))
    }

    /// The name of the folder, for a repository that has no other name.
    fn folder_name(&self) -> String {
        self.root.file_name().unwrap_or(self.root.as_os_str()).to_string_lossy().into_owned()
    }

    fn unreadable(&self, what: &'static str, source: gix::Error) -> SourceError {
        SourceError::Unreadable { what, repository: self.root.clone(), source: Box::new(source) }
    }
}

/// Tells a folder without a repository from one whose repository is damaged. A `.git` that lacks so much that gix passes it
/// by is still one that somebody made: whoever takes it for nothing compares nothing.
fn not_opened(directory: &Path, source: gix::Error) -> SourceError {
    let missing = matches!(
        source.downcast_any_ref(),
        Some(
            DiscoveryError::NoGitRepository { .. }
                | DiscoveryError::NoGitRepositoryWithinCeiling { .. }
                | DiscoveryError::NoGitRepositoryWithinFs { .. }
        )
    );
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let remains = absolute.ancestors().any(|folder| folder.join(".git").symlink_metadata().is_ok());
    let (directory, source) = (directory.to_owned(), Box::new(source));
    if missing && !remains {
        SourceError::NoRepository { directory, source }
    } else {
        SourceError::NotOpened { directory, source }
    }
}

/// What a policy is told of a commit.
fn facts(commit: &gix::Commit<'_>) -> Result<Commit, gix::Error> {
    let author = commit.author()?.name.to_str_lossy().trim().to_owned();
    Ok(Commit {
        id: commit.id().to_string(),
        time: commit.time()?.seconds,
        author: Some(author).filter(|name| !name.is_empty()),
        message: Some(commit.message_raw()?.to_str_lossy().into_owned()),
    })
}

/// The remote `origin`, else the only one there is.
fn remote_of(repository: &Checkout, notes: &mut Vec<String>) -> Option<Remote> {
    let names: Vec<String> = repository.git.remote_names().iter().map(ToString::to_string).collect();
    let chosen = match names.as_slice() {
        names if names.iter().any(|name| name == "origin") => "origin",
        [only] => only,
        [] => {
            notes.push("The repository has no remote: it goes by the name of its folder.".to_owned());
            return None;
        }
        several => {
            notes.push(format!(
                "None of the remotes {} is called origin: the repository goes by the name of its folder.",
                listed(several)
            ));
            return None;
        }
    };
    // As configured: rewriting for the network (`url.*.insteadOf`) is no part of the name.
    let url = repository.git.config_snapshot().string(format!("remote.{chosen}.url").as_str())?;
    Remote::parse(&url.to_str_lossy())
}
