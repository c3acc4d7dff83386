//! Real git repositories.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::command::run;

/// When the first commit of every repository was made: 2024-01-01T00:00:00Z, Unix seconds. Each further commit or
/// annotated tag is a minute younger.
pub const FIRST_COMMIT_AT: i64 = 1_704_067_200;

/// A git repository in a temporary folder, or in one that the caller keeps. No configuration of the machine or its user
/// reaches it, and its dates are fixed: the same steps give the same commits everywhere.
#[derive(Debug)]
pub struct GitRepository {
    folder: PathBuf,
    clock: Cell<i64>,
    /// Goes with this value.
    _temporary: Option<TempDir>,
}

impl GitRepository {
    /// An empty repository in a temporary folder, on the branch `main`.
    ///
    /// # Panics
    /// git failed.
    #[must_use]
    #[track_caller]
    pub fn create() -> Self {
        let temporary = crate::text::temporary_folder("git");
        // Links in the path of the system's temporary folder would make two names for one file.
        let folder = temporary.path().canonicalize().unwrap_or_else(|_| temporary.path().to_owned());
        let repository = Self { _temporary: Some(temporary), ..Self::at(&folder) };
        let _ = repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// A folder that is a repository already, or is about to become one.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), clock: Cell::new(FIRST_COMMIT_AT), _temporary: None }
    }

    /// The folder of its working tree.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes a file of the working tree.
    ///
    /// # Panics
    /// It could not be written.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        crate::text::write(&self.folder.join(path), content);
    }

    /// Commits everything in the working tree, even if nothing changed, and answers with the commit's id.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn commit(&self, message: &str) -> String {
        let _ = self.git(&["add", "--all"]);
        let _ = self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.clock.set(self.clock.get() + 60);
        self.head()
    }

    /// Puts a plain tag on the commit that is checked out.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn tag(&self, name: &str) {
        let _ = self.git(&["tag", name]);
    }

    /// Puts an annotated tag on the commit that is checked out.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn annotated_tag(&self, name: &str, message: &str) {
        let _ = self.git(&["tag", "--annotate", name, "--message", message]);
        self.clock.set(self.clock.get() + 60);
    }

    /// Makes a branch here and checks it out.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn branch(&self, name: &str) {
        let _ = self.git(&["checkout", "--quiet", "-b", name]);
    }

    /// Checks out a branch.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn checkout(&self, name: &str) {
        let _ = self.git(&["checkout", "--quiet", name]);
    }

    /// Checks out a commit without any branch.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn detach(&self, commit: &str) {
        let _ = self.git(&["checkout", "--quiet", "--detach", commit]);
    }

    /// Gives the repository a remote, such as `origin`.
    ///
    /// # Panics
    /// git failed.
    #[track_caller]
    pub fn remote(&self, name: &str, url: &str) {
        let _ = self.git(&["remote", "add", name, url]);
    }

    /// A clone with the last commit of the branch that is checked out and nothing before it, as CI systems make them.
    ///
    /// # Panics
    /// git failed.
    #[must_use]
    #[track_caller]
    pub fn shallow_clone(&self) -> Self {
        let temporary = crate::text::temporary_folder("clone");
        let folder = temporary.path().canonicalize().unwrap_or_else(|_| temporary.path().to_owned());
        let clone = Self { _temporary: Some(temporary), ..Self::at(&folder) };
        // Only the URL form makes a shallow clone of a repository on the same disk.
        let url = format!("file://{}", self.folder.display());
        let _ = clone.git(&["clone", "--quiet", "--depth=1", &url, "."]);
        clone
    }

    /// The id of the commit that is checked out.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    #[track_caller]
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs any git command in the working tree and answers with its standard output.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let date = format!("{} +0000", self.clock.get());
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Plimsoll tests")
                .env(format!("GIT_{role}_EMAIL"), "tests@plimsoll.invalid")
                .env(format!("GIT_{role}_DATE"), &date);
        }
        run(&mut command).success().text()
    }
}
