//! Whether the working tree differs from the commit.

use std::path::{Path, PathBuf};

use gix::{
    bstr::ByteSlice,
    status::{Item, UntrackedFiles},
};

use super::Checkout;
use crate::error::SourceError;

/// The first path found that differs from the commit: in the index, in the tree, or as an untracked file that is not
/// ignored. `None` when the tree is clean, or when the repository has none.
pub(super) fn changed_path(repository: &Checkout, ignore: &[PathBuf]) -> Result<Option<String>, SourceError> {
    if repository.git.workdir().is_none() {
        return Ok(None);
    }
    let unreadable = |error| repository.unreadable("the working tree", error);
    let changes = repository
        .git
        .status(gix::progress::Discard)
        .map_err(unreadable)?
        .index_worktree_rewrites(None)
        .tree_index_track_renames(gix::status::tree_index::TrackRenames::Disabled)
        // Single files, for a folder as a whole may hold both what is left out and what is not.
        .untracked_files(UntrackedFiles::Files)
        .into_iter(None)
        .map_err(unreadable)?;
    for change in changes {
        let change = change.map_err(unreadable)?;
        // An entry of the index whose file was touched but not changed.
        if matches!(&change, Item::IndexWorktree(item) if item.summary().is_none()) {
            continue;
        }
        let path = change.location().to_str_lossy().into_owned();
        let absolute = repository.root.join(&path);
        if !ignore.iter().any(|left_out| is_below(&absolute, &repository.root, left_out)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Whether a path is `folder` or below it. Links on the way to `folder` are followed where they can be, for the root of the
/// working tree is free of them.
fn is_below(path: &Path, root: &Path, folder: &Path) -> bool {
    let folder = root.join(folder);
    let resolved = folder.canonicalize();
    path.starts_with(&folder) || resolved.is_ok_and(|folder| path.starts_with(folder))
}
