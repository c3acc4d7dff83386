//! A state of a git repository as a folder.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use plimsoll_core::ports::GitSource;

use crate::{
    error::{FetchError, unreadable},
    git::Git,
    history,
};

/// The shortest beginning of a commit that git takes for one.
const SHORTEST_COMMIT: usize = 4;

/// What git says of a reference that is not there, and servers of a commit that they do not give by itself.
const NOT_GIVEN: [&str; 3] = ["couldn't find remote ref", "not our ref", "unadvertised object"];

/// Fetches a state into an empty folder, its submodules with it; answers the commit.
pub(crate) async fn check_out(source: &GitSource, into: &Path) -> Result<String, FetchError> {
    let git = Git { folder: into.to_owned(), url: &source.url };
    git.run("prepare a folder for", &["init", "--quiet", "--template="]).await?;
    // The addresses of submodules may be relative to it (gitmodules(5)).
    git.run("prepare a folder for", &["config", "remote.origin.url", &source.url]).await?;
    let state = fetch(&git, source).await?;
    git.run("check out", &["checkout", "--quiet", "--force", "--detach", &state]).await?;
    let commit = git.run("read", &["rev-parse", "HEAD"]).await?;
    if into.join(".gitmodules").is_file() {
        let update = ["submodule", "--quiet", "update", "--init", "--recursive", "--force"];
        git.run("fetch the submodules of", &update).await?;
    }
    if source.with_history {
        history::make_common(&git).await?;
    }
    let (folder, keep) = (into.to_owned(), source.with_history);
    let ordered = tokio::task::spawn_blocking(move || put_in_order(&folder, keep)).await;
    ordered.map_err(io::Error::other).and_then(|ordered| ordered).map_err(unreadable(&source.url))?;
    Ok(commit)
}

/// Fetches as little as the server allows; answers what is to be checked out.
async fn fetch(git: &Git<'_>, source: &GitSource) -> Result<String, FetchError> {
    const ACTION: &str = "fetch";
    let wanted = source.reference.as_deref().unwrap_or("HEAD");
    let shallow = ["fetch", "--quiet", "--depth=1", "--no-tags", "--", &source.url, wanted];
    let Err(refused) = git.run(ACTION, &shallow).await else { return Ok("FETCH_HEAD".to_owned()) };
    // Servers may give commits only with what leads to them, and some know nothing but everything.
    let may_be_commit =
        wanted.len() >= SHORTEST_COMMIT && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
    let FetchError::Git { message, .. } = &refused else { return Err(refused) };
    if may_be_commit && NOT_GIVEN.iter().any(|said| message.contains(said)) {
        git.run(ACTION, &["fetch", "--quiet", "--no-tags", "--", &source.url, "+refs/*:refs/remotes/all/*"])
            .await?;
        let commit = format!("{wanted}^{{commit}}");
        return git.run(ACTION, &["rev-parse", "--verify", "--end-of-options", &commit]).await;
    }
    if message.contains("shallow") {
        git.run(ACTION, &["fetch", "--quiet", "--no-tags", "--", &source.url, wanted]).await?;
        return Ok("FETCH_HEAD".to_owned());
    }
    Err(refused)
}

/// Gives everything the modes that git means, whatever the process's mask made of them, and removes git's own folders.
fn put_in_order(folder: &Path, keep_git: bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if entry.file_name() == ".git" && !keep_git {
            if kind.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
        } else if kind.is_dir() {
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
            put_in_order(&path, keep_git)?;
        } else if kind.is_file() {
            let executable = entry.metadata()?.permissions().mode() & 0o100 != 0;
            fs::set_permissions(&path, Permissions::from_mode(if executable { 0o755 } else { 0o644 }))?;
        }
    }
    Ok(())
}
