//! Git repositories.

use std::{
    collections::BTreeMap,
    fs,
    os::{fd::OwnedFd, unix::fs::PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use plimsoll_core::ports::{GitSource, PortFailure, RemoteSources as _, Silent};
use tokio::net::TcpListener;

use crate::fetcher;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Serves the repositories of a folder with `git daemon`, one process a connection.
async fn serve_git(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder.to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stream = stream.into_std().unwrap();
            stream.set_nonblocking(false).unwrap();
            let input = OwnedFd::from(stream.try_clone().unwrap());
            let served = tokio::process::Command::new("git")
                .args(["daemon", "--inetd", "--export-all"])
                .arg(format!("--base-path={}", folder.display()))
                .stdin(Stdio::from(input))
                .stdout(Stdio::from(OwnedFd::from(stream)))
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn();
            tokio::spawn(async move { served.unwrap().wait().await });
        }
    });
    format!("git://{address}")
}

async fn check_out(url: &str, reference: Option<&str>, with_history: bool) -> Result<Checkout, PortFailure> {
    let folder = tempfile::tempdir().unwrap();
    let source = GitSource { url: url.to_owned(), reference: reference.map(str::to_owned), with_history };
    let commit = fetcher().repository(&source, folder.path(), &Silent).await?;
    Ok(Checkout { commit, folder })
}

struct Checkout {
    commit: String,
    folder: tempfile::TempDir,
}

impl Checkout {
    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.folder.path().join(path)).unwrap().permissions().mode() & 0o7777
    }

    /// All files with their contents.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut open) = (BTreeMap::new(), vec![self.folder.path().to_owned()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).unwrap().to_owned();
                    files.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        files
    }

    fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }
}

#[tokio::test]
async fn states_of_a_repository_are_checked_out() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("r.git");
    fs::create_dir(&repository).unwrap();
    git(&repository, &["init", "--quiet"]);
    let commit = |content: &str| {
        fs::create_dir_all(repository.join("d")).unwrap();
        fs::write(repository.join("d/f"), content).unwrap();
        fs::write(repository.join("run"), "run").unwrap();
        fs::set_permissions(repository.join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        git(&repository, &["add", "."]);
        git(&repository, &["commit", "--quiet", "-m", content]);
        git(&repository, &["rev-parse", "HEAD"])
    };
    let first = commit("first");
    git(&repository, &["tag", "v1"]);
    let second = commit("second");
    let url = format!("{}/r.git", serve_git(folder.path()).await);
    for (reference, expected, content) in [
        (None, &second, "second"),
        (Some("main"), &second, "second"),
        (Some("v1"), &first, "first"),
        (Some("refs/tags/v1"), &first, "first"),
        (Some(first.as_str()), &first, "first"),
        (Some(&first[..9]), &first, "first"),
    ] {
        let checkout = check_out(&url, reference, false).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((&checkout.commit, checkout.read("d/f").as_str()), (expected, content), "{reference:?}");
        assert_eq!((checkout.mode("d"), checkout.mode("d/f"), checkout.mode("run")), (0o755, 0o644, 0o755));
        assert!(!checkout.has(".git"));
    }
    let checkout = check_out(&url, None, true).await.unwrap();
    assert_eq!(git(checkout.folder.path(), &["rev-parse", "HEAD"]), second);
    for (url, reference) in [
        (url.as_str(), Some("nope")),
        (url.as_str(), Some("--upload-pack=x")),
        (url.as_str(), Some("dead")),
        (&format!("{url}x"), None),
        ("file:///", None),
        ("ext::sh -c x", None),
    ] {
        let failure = check_out(url, reference, false).await.err().unwrap();
        assert!(failure.to_string().starts_with("git could not fetch "), "{failure}");
    }
}

/// A repository in a folder, with one commit of the files.
fn repository(folder: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(folder).unwrap();
    git(folder, &["init", "--quiet"]);
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", "first"]);
}

/// A folder with `r.git`, which has a submodule at `address` in `deep/sub`, which has one in `deeper`.
fn with_submodules(folder: &Path, address: impl Fn(&str) -> String) {
    repository(&folder.join("c.git"), &[("in-c", "c")]);
    for (name, below, at) in [("b.git", "c.git", "deeper"), ("r.git", "b.git", "deep/sub")] {
        let place = folder.join(name);
        repository(&place, &[("f", name)]);
        let commit = git(&folder.join(below), &["rev-parse", "HEAD"]);
        let modules = format!("[submodule \"{at}\"]\n\tpath = {at}\n\turl = {}\n", address(below));
        fs::write(place.join(".gitmodules"), modules).unwrap();
        git(&place, &["add", "."]);
        git(&place, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{at}")]);
        git(&place, &["commit", "--quiet", "-m", "submodule"]);
    }
}

#[tokio::test]
async fn what_is_fetched_twice_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve_git(folder.path()).await;
    with_submodules(folder.path(), |name| format!("{server}/{name}"));
    let url = format!("{server}/r.git");
    let [first, second] =
        [check_out(&url, None, true).await.unwrap(), check_out(&url, None, true).await.unwrap()];
    assert_eq!(first.read("deep/sub/deeper/in-c"), "c");
    let (one, other) = (first.files(), second.files());
    assert!(one.keys().eq(other.keys()), "{:?} {:?}", one.keys(), other.keys());
    for (path, content) in &one {
        assert!(other[path] == *content, "{}", path.display());
        assert!(
            !path.iter().any(|part| part == "logs" || part == "hooks" || part == "FETCH_HEAD"),
            "{}",
            path.display()
        );
    }
    assert_eq!(git(first.folder.path(), &["status", "--short"]), "");
    let plain = check_out(&url, None, false).await.unwrap();
    assert!(!plain.files().keys().any(|path| path.iter().any(|part| part == ".git")));
}

#[tokio::test]
async fn addresses_of_submodules_may_be_relative() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve_git(folder.path()).await;
    with_submodules(folder.path(), |name| format!("../{name}"));
    let url = format!("{server}/r.git");
    assert_eq!(check_out(&url, None, false).await.unwrap().read("deep/sub/deeper/in-c"), "c");
    let with_history = check_out(&url, None, true).await.unwrap();
    for (config, address) in [
        (".git/config", "/r.git"),
        (".git/config", "/b.git"),
        (".git/modules/deep/sub/config", "/b.git"),
        (".git/modules/deep/sub/modules/deeper/config", "/c.git"),
    ] {
        let line = format!("\turl = {server}{address}\n");
        assert!(with_history.read(config).contains(&line), "{config}: {}", with_history.read(config));
    }
}
