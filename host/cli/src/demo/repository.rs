//! The demo's git repository, with a bare one beside it to push to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use plimsoll_core::ports::FailureClass;

use crate::{
    failure::Failure,
    output::{FAINT, PLAIN},
};

/// The page that changes between releases.
const PAGE: &str = "site/index.html";

/// A git repository in a folder that stays after the demo.
pub(super) struct DemoRepository {
    root: PathBuf,
}

impl DemoRepository {
    /// Makes the repository and the bare one that it pushes to.
    pub(super) fn create() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("plimsoll-demo-").tempdir().map_err(|error| {
            Failure::new(FailureClass::Outside, format!("cannot make a temporary folder: {error}"))
        })?;
        let folder = folder.keep();
        let remote = folder.join("remote/contoso/website.git");
        let repository = Self { root: folder.join("website") };
        for path in [&remote, &repository.root] {
            fs::create_dir_all(path).map_err(|error| outside("make", path, &error))?;
        }
        repository.quietly(&[
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            &remote.to_string_lossy(),
        ])?;
        repository.quietly(&["init", "--quiet", "--initial-branch=main"])?;
        repository.quietly(&["remote", "add", "origin", &remote.to_string_lossy()])?;
        // As a clone would have it.
        repository.quietly(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"])?;
        Ok(repository)
    }

    /// The work tree.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes files into the work tree.
    pub(super) fn write_all(&self, files: &[(&str, &[u8])]) -> Result<(), Failure> {
        files.iter().try_for_each(|(name, content)| self.write(name, content))
    }

    /// Writes one file into the work tree.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(&self.root);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, content));
        written.map_err(|error| outside("write", &path, &error))
    }

    /// Reads one file of the work tree.
    pub(super) fn read(&self, name: &str) -> Result<String, Failure> {
        let path = self.root.join(name);
        fs::read_to_string(&path).map_err(|error| outside("read", &path, &error))
    }

    /// Changes the site: a new line at the end of its page's body.
    pub(super) fn edit_page(&self, news: &str) -> Result<(), Failure> {
        let page = self.read(PAGE)?;
        self.write(PAGE, page.replace("</body>", &format!("<p>{news}</p>\n</body>")).as_bytes())
    }

    pub(super) fn commit(&self, message: &str) -> Result<(), Failure> {
        self.quietly(&["add", "--all"])?;
        self.shown(&["commit", "--quiet", "--message", message])
    }

    pub(super) fn tag(&self, name: &str) -> Result<(), Failure> {
        self.shown(&["tag", name])
    }

    pub(super) fn push(&self, references: &[&str]) -> Result<(), Failure> {
        self.shown(&[&["push", "--quiet", "origin"], references].concat())
    }

    fn shown(&self, arguments: &[&str]) -> Result<(), Failure> {
        let words: Vec<String> = arguments
            .iter()
            .filter(|word| **word != "--quiet")
            .map(|word| if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() })
            .collect();
        say!("{FAINT}${PLAIN} git {}", words.join(" "));
        self.quietly(arguments)
    }

    /// Runs git with nobody's configuration but its own.
    fn quietly(&self, arguments: &[&str]) -> Result<(), Failure> {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "tag.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ]);
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null());
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Plimsoll demo");
            command.env(format!("GIT_{role}_EMAIL"), "demo@plimsoll.invalid");
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        let output = command.output().map_err(|error| {
            Failure::new(FailureClass::Outside, format!("cannot run git: {error}"))
                .hint("the demo plays in a git repository: install git")
        })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(
            FailureClass::Outside,
            format!("`git {}` failed: {}", arguments.join(" "), said.trim()),
        ))
    }
}

fn outside(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(FailureClass::Outside, format!("cannot {verb} {}: {error}", path.display()))
}
