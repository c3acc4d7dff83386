//! git's own folders in a checkout that keeps them: the same whoever fetched it, when and where, and without credentials.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{FetchError, unreadable},
    git::Git,
};

/// Files that say who fetched what and when, and the index, which says when files were written.
const OF_ONE_FETCH: [&str; 4] = ["logs", "FETCH_HEAD", "ORIG_HEAD", "index"];

/// Leaves of git's folders what another fetch of the same state would give, too, and what anybody may read.
pub(crate) async fn make_common(git: &Git<'_>) -> Result<(), FetchError> {
    for folder in git_folders(&git.folder).map_err(unreadable(git.url))? {
        for name in OF_ONE_FETCH {
            remove(&folder.join(name)).map_err(unreadable(git.url))?;
        }
        let inside = Git { folder, url: git.url };
        // An index without what is known of the files.
        inside.run("read", &["--git-dir=.", "read-tree", "HEAD"]).await?;
        forget_credentials(&inside).await?;
    }
    Ok(())
}

/// Takes names and passwords out of the addresses that a folder of git's remembers.
async fn forget_credentials(git: &Git<'_>) -> Result<(), FetchError> {
    // Each key is followed by a line break and its value, and that by a zero (git-config(1), `--null`).
    let list = git.run("read", &["--git-dir=.", "config", "--null", "--local", "--list"]).await?;
    for (key, address) in list.split('\0').filter_map(|entry| entry.split_once('\n')) {
        let public = without_credentials(address);
        if key.ends_with(".url") && public != address {
            let set = ["--git-dir=.", "config", "--local", key, &public];
            git.run("take the credentials out of the checkout of", &set).await?;
        }
    }
    Ok(())
}

/// An address without its password, and on the web without its name, which may be a token.
fn without_credentials(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    let Some((user, host)) = authority.rsplit_once('@') else { return address.to_owned() };
    let name = user.split(':').next().filter(|_| !scheme.starts_with("http"));
    let name = name.map(|name| format!("{name}@")).unwrap_or_default();
    format!("{scheme}://{name}{host}{path}")
}

/// The folder of the repository in a checkout, and those of its submodules.
fn git_folders(checkout: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![checkout.join(".git")];
    while let Some(folder) = open.pop() {
        // The names of submodules may have slashes.
        let below = if folder.join("HEAD").is_file() { folder.join("modules") } else { folder.clone() };
        if below != folder {
            found.push(folder);
        }
        if below.is_dir() {
            for entry in fs::read_dir(&below)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    open.push(entry.path());
                }
            }
        }
    }
    Ok(found)
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_no_credentials() {
        for (address, expected) in [
            ("https://token@h/a.git", "https://h/a.git"),
            ("https://me:to@ken@h:1/a@b", "https://h:1/a@b"),
            ("ssh://git:secret@h/a", "ssh://git@h/a"),
            ("ssh://git@h/a", "ssh://git@h/a"),
            ("git@h:a", "git@h:a"),
            ("https://h/a", "https://h/a"),
        ] {
            assert_eq!(without_credentials(address), expected);
        }
    }

    #[tokio::test]
    async fn no_address_that_is_remembered_has_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let url = "https://me:secret@h/a.git";
        let git = Git { folder: folder.path().to_owned(), url };
        git.run("prepare", &["init", "--quiet", "--template="]).await.unwrap();
        for key in ["remote.origin.url", "submodule.deep/S.ub.url"] {
            git.run("prepare", &["config", key, url]).await.unwrap();
        }
        let inside = Git { folder: folder.path().join(".git"), url };
        forget_credentials(&inside).await.unwrap();
        let config = fs::read_to_string(inside.folder.join("config")).unwrap();
        assert_eq!(config.matches("url = https://h/a.git\n").count(), 2, "{config}");
        assert!(!config.contains("secret"), "{config}");
    }
}
