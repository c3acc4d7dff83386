//! git's own folders in a checkout that keeps them: the same whoever fetched it, when and where.

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

/// Leaves of git's folders what another fetch of the same state would give, too.
pub(crate) async fn make_common(git: &Git<'_>) -> Result<(), FetchError> {
    for folder in git_folders(&git.folder).map_err(unreadable(git.url))? {
        for name in OF_ONE_FETCH {
            remove(&folder.join(name)).map_err(unreadable(git.url))?;
        }
        let inside = Git { folder, url: git.url };
        // An index without what is known of the files.
        inside.run("read", &["--git-dir=.", "read-tree", "HEAD"]).await?;
    }
    Ok(())
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
