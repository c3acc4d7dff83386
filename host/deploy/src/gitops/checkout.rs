//! The host's own clone of the repository: bare, with the last commit of each branch that is asked for and nothing before it.
//!
//! Nothing is ever checked out: files are read from commits and written as objects, so no link, filter or left-over of a
//! working tree can come between. Whatever is wrong with the clone, it is made anew.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{fs, time::sleep};

use super::{
    error::GitOpsError,
    git::{Call, Git, said},
};

/// The clone in the host's folder, and the file that one process at a time holds a lock on.
const CLONE: &str = "clone.git";
const LOCK: &str = "lock";

/// How long another process may hold the lock, and how often it is looked at.
const LOCK_PATIENCE: Duration = Duration::from_secs(300);
const LOCK_GLANCE: Duration = Duration::from_millis(100);

/// The name that the clone has for the repository.
const REMOTE: &str = "origin";

/// A commit, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit(String);

impl Commit {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.0
    }

    /// Enough of its id for people.
    pub(super) fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// A file in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    /// Its mode, as git writes it.
    mode: String,
    /// Its content.
    pub(super) content: Vec<u8>,
}

/// How a push ended that the server did not refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The branch is at the commit.
    Done,
    /// Somebody else moved the branch first.
    Raced,
}

/// The clone, held by this process.
#[derive(Debug)]
pub(super) struct Checkout {
    git: Git,
    url: String,
    /// Locked as long as it is open; a dead process's lock is free at once.
    _lock: File,
}

impl Checkout {
    /// Waits for its turn, and makes the clone where there is none of this repository.
    pub(super) async fn open(folder: &Path, url: &str) -> Result<Self, GitOpsError> {
        fs::create_dir_all(folder).await.map_err(failed(folder, "made"))?;
        let lock = lock(folder).await?;
        let checkout = Self { git: Git::new(folder.join(CLONE), url), url: url.to_owned(), _lock: lock };
        let written = fs::read_to_string(checkout.git.folder.join("config")).await;
        if written.ok() != Some(configuration(url)) {
            checkout.renew().await?;
        }
        Ok(checkout)
    }

    /// The repository, without secrets.
    pub(super) fn repository(&self) -> &str {
        self.git.repository()
    }

    /// Makes the clone anew.
    pub(super) async fn renew(&self) -> Result<(), GitOpsError> {
        let folder = &self.git.folder;
        match fs::symlink_metadata(folder).await {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(folder).await,
            Ok(_) => fs::remove_file(folder).await,
            Err(_) => Ok(()),
        }
        .map_err(failed(folder, "removed"))?;
        let arguments = words(["init", "--quiet", "--bare", "--template="]);
        self.git.local(&Call { action: "make a clone", arguments, ..Call::default() }).await?;
        // Written last: a clone that its maker left half made is made anew. The URL may hold a secret.
        let file = folder.join("config");
        write_private(&file, &configuration(&self.url)).map_err(failed(&file, "written"))
    }

    /// The last commit of a branch as the repository has it now; none when there is no such branch.
    pub(super) async fn fetch(&self, branch: &str) -> Result<Option<Commit>, GitOpsError> {
        let action = "fetch the branch";
        let (remote, here) = (format!("refs/heads/{branch}"), format!("refs/heads/fetched/{branch}"));
        let refspec = format!("+{remote}:{here}");
        let options =
            ["fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", REMOTE, &refspec];
        let ran = self.git.run(&Call { action, arguments: words(options), ..Call::default() }).await?;
        if !ran.success {
            let is_missing = ran.complaint.contains("couldn't find remote ref");
            return if is_missing { Ok(None) } else { Err(self.git.explained(action, &ran)) };
        }
        let arguments = words(["rev-parse", "--verify", "--quiet", &here]);
        Ok(Some(Commit(self.git.line(&Call { action, arguments, ..Call::default() }).await?)))
    }

    /// The files at a path in a commit: the one that is there, or all those below. Links are none.
    pub(super) async fn files(
        &self,
        commit: &Commit,
        path: &Path,
    ) -> Result<BTreeMap<PathBuf, Blob>, GitOpsError> {
        let action = "list the files";
        let mut arguments = words(["ls-tree", "-r", "-z", "--full-tree", commit.id()]);
        if path != Path::new("") {
            arguments.extend([OsStr::new("--"), path.as_os_str()]);
        }
        let listed = self.git.local(&Call { action, arguments, ..Call::default() }).await?;
        let listed = String::from_utf8_lossy(&listed);
        let entries: Vec<_> = listed.split('\0').filter_map(Listed::of).collect();
        let mut asked = String::new();
        for entry in &entries {
            asked.push_str(entry.id);
            asked.push('\n');
        }
        let arguments = words(["cat-file", "--batch"]);
        let input = asked.as_bytes();
        let printed = self.git.local(&Call { action, arguments, input, ..Call::default() }).await?;
        let mut rest = printed.as_slice();
        let mut files = BTreeMap::new();
        for entry in entries {
            let unreadable =
                || GitOpsError::Git { action, message: format!("{} is not readable", entry.path) };
            let (content, after) = next_content(rest).ok_or_else(unreadable)?;
            rest = after;
            files.insert(
                PathBuf::from(entry.path),
                Blob { mode: entry.mode.to_owned(), content: content.to_owned() },
            );
        }
        Ok(files)
    }

    /// Makes a commit on top of another, in which the files have new content.
    pub(super) async fn commit(
        &self,
        parent: &Commit,
        files: &BTreeMap<PathBuf, Blob>,
        message: &str,
        author: &Author,
    ) -> Result<Commit, GitOpsError> {
        let action = "make a commit";
        let index = self.git.folder.join("plimsoll-index");
        let indexed = |arguments, input| {
            let variables = vec![("GIT_INDEX_FILE", index.as_os_str())];
            Call { action, arguments, input, variables }
        };
        self.git.local(&indexed(words(["read-tree", parent.id()]), b"")).await?;
        let mut entries = Vec::new();
        for (path, blob) in files {
            let arguments = words(["hash-object", "-w", "--stdin", "--no-filters"]);
            let id =
                self.git.line(&Call { action, arguments, input: &blob.content, ..Call::default() }).await?;
            entries.extend_from_slice(format!("{} {id}\t", blob.mode).as_bytes());
            entries.extend_from_slice(path.as_os_str().as_encoded_bytes());
            entries.push(0);
        }
        self.git.local(&indexed(words(["update-index", "-z", "--index-info"]), &entries)).await?;
        let tree = self.git.line(&indexed(words(["write-tree"]), b"")).await?;
        let variables = author.variables();
        let arguments = words(["commit-tree", &tree, "-p", parent.id()]);
        let call = Call { action, arguments, input: message.as_bytes(), variables };
        Ok(Commit(self.git.line(&call).await?))
    }

    /// What a commit's message says, and the commit before it.
    pub(super) async fn message(&self, commit: &Commit) -> Result<String, GitOpsError> {
        let arguments = words(["cat-file", "commit", commit.id()]);
        self.git.line(&Call { action: "read a commit", arguments, ..Call::default() }).await
    }

    /// Pushes a commit to a branch: on top of what is there, or, where `instead_of` is given, in the place of exactly that
    /// (nothing: no such branch).
    pub(super) async fn push(
        &self,
        commit: &Commit,
        branch: &str,
        instead_of: Option<Option<&Commit>>,
    ) -> Result<Pushed, GitOpsError> {
        let action = "push to the branch";
        let refspec = format!("{}:refs/heads/{branch}", commit.id());
        let lease = instead_of
            .map(|old| format!("--force-with-lease=refs/heads/{branch}:{}", old.map_or("", Commit::id)));
        let mut arguments = words(["push", "--porcelain", "--quiet", "--no-verify"]);
        arguments.extend(lease.as_deref().map(OsStr::new));
        arguments.extend(words([REMOTE, &refspec]));
        let ran = self.git.run(&Call { action, arguments, ..Call::default() }).await?;
        if ran.success {
            return Ok(Pushed::Done);
        }
        let printed = String::from_utf8_lossy(&ran.output);
        let Some(refused) = printed.lines().find_map(|line| line.strip_prefix("!\t")) else {
            return Err(self.git.explained(action, &ran));
        };
        if is_race(refused) {
            return Ok(Pushed::Raced);
        }
        let (branch, message) =
            (branch.to_owned(), format!("{} ({})", said(&ran.complaint), reason(refused)));
        Err(if is_protected(&message) {
            GitOpsError::Protected { branch, message }
        } else {
            GitOpsError::Refused { branch, message }
        })
    }
}

/// Who makes commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Author {
    name: String,
    address: String,
}

impl Author {
    /// Reads `Name <address>`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('<')?;
        let (name, address) = (name.trim(), rest.trim().strip_suffix('>')?.trim());
        let is_fine = |part: &str| !part.is_empty() && !part.contains(['<', '>', '\n', '\0']);
        (is_fine(name) && is_fine(address))
            .then(|| Self { name: name.to_owned(), address: address.to_owned() })
    }

    fn variables(&self) -> Vec<(&'static str, &OsStr)> {
        let (name, address) = (OsStr::new(&self.name), OsStr::new(&self.address));
        vec![
            ("GIT_AUTHOR_NAME", name),
            ("GIT_AUTHOR_EMAIL", address),
            ("GIT_COMMITTER_NAME", name),
            ("GIT_COMMITTER_EMAIL", address),
        ]
    }
}

/// A line of `git ls-tree`.
struct Listed<'a> {
    mode: &'a str,
    id: &'a str,
    path: &'a str,
}

impl<'a> Listed<'a> {
    /// Regular files alone, with names that are text.
    fn of(line: &'a str) -> Option<Self> {
        let (about, path) = line.split_once('\t')?;
        let mut about = about.split(' ');
        let (mode, _kind, id) = (about.next()?, about.next()?, about.next()?);
        (matches!(mode, "100644" | "100755") && !path.contains(char::REPLACEMENT_CHARACTER)).then_some(Self {
            mode,
            id,
            path,
        })
    }
}

/// The first content that `git cat-file --batch` printed, and what comes after it.
fn next_content(printed: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = printed.iter().position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(&printed[..end]).ok()?;
    let size = header.rsplit_once(' ')?.1.parse::<usize>().ok()?;
    let content = printed.get(end + 1..)?;
    Some((content.get(..size)?, content.get(size + 1..)?))
}

/// Whether a line of `git push --porcelain` says that somebody else was first.
fn is_race(refused: &str) -> bool {
    let reason = reason(refused);
    let from_here = refused.contains("[rejected]")
        && ["fetch first", "non-fast-forward", "stale info", "needs force"].contains(&reason);
    from_here
        || ["cannot lock ref", "failed to update ref", "incorrect old value"]
            .iter()
            .any(|words| reason.contains(words))
}

/// What is in the parentheses at the end of such a line.
fn reason(refused: &str) -> &str {
    refused.rsplit_once(" (").map_or(refused, |(_, reason)| reason.trim_end_matches(')'))
}

/// What GitHub, GitLab, Gitea and Bitbucket say of protected branches.
fn is_protected(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["protected branch", "gh006", "gh013", "not allowed to push"].iter().any(|words| message.contains(words))
}

/// The configuration of the clone, by which it is known to be the host's own and of this repository.
fn configuration(url: &str) -> String {
    let url = url.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "# Made by Plimsoll.\n[core]\n\trepositoryFormatVersion = 0\n\tbare = true\n[remote \"{REMOTE}\"]\n\turl = \"{url}\"\n"
    )
}

fn write_private(file: &Path, text: &str) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    std::fs::remove_file(file)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())
}

async fn lock(folder: &Path) -> Result<File, GitOpsError> {
    let path = folder.join(LOCK);
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = open.map_err(failed(&path, "opened"))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(failed(&path, "locked")(source)),
            Err(TryLockError::WouldBlock) if waited >= LOCK_PATIENCE => {
                return Err(GitOpsError::Busy { checkout: folder.to_owned(), patience: LOCK_PATIENCE });
            }
            Err(TryLockError::WouldBlock) => sleep(LOCK_GLANCE).await,
        }
        waited += LOCK_GLANCE;
    }
}

fn failed(path: &Path, verb: &'static str) -> impl FnOnce(io::Error) -> GitOpsError {
    move |source| GitOpsError::Io { path: path.to_owned(), verb, source }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<&OsStr> {
    words.into_iter().map(OsStr::new).collect()
}

impl Blob {
    /// The same file with other content.
    pub(super) fn with(&self, content: &str) -> Self {
        Self { mode: self.mode.clone(), content: content.as_bytes().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_are_names_with_addresses() {
        let author = Author::of("Plimsoll <plimsoll@example.com>").unwrap();
        assert_eq!((author.name.as_str(), author.address.as_str()), ("Plimsoll", "plimsoll@example.com"));
        for text in ["Plimsoll", "<a@b>", "A <>", "A <a@b> c", "A <a<b>>", "A\nB <a@b>"] {
            assert_eq!(Author::of(text), None, "{text}");
        }
    }

    #[test]
    fn races_are_told_from_refusals() {
        for race in [
            "a:refs/heads/main\t[rejected] (fetch first)",
            "a:refs/heads/main\t[rejected] (non-fast-forward)",
            "a:refs/heads/main\t[rejected] (stale info)",
            "a:refs/heads/main\t[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)",
            "a:refs/heads/main\t[remote rejected] (failed to update ref)",
        ] {
            assert!(is_race(race), "{race}");
        }
        assert!(!is_race("a:refs/heads/main\t[remote rejected] (pre-receive hook declined)"));
        assert!(is_protected("GH006: Protected branch update failed for refs/heads/main."));
    }
}
