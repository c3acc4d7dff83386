//! The file system of a stage as its layers so far describe it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    error::ImageError,
    files::{Files, Node},
};

/// A file system in memory, without contents. Paths are relative to its root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<PathBuf, Node>,
}

/// Names with a meaning of their own in layers (OCI image specification 1.1, "Image Layer Filesystem Changeset").
pub(crate) const WHITEOUT: &str = ".wh.";
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

impl Tree {
    /// What is at a path.
    pub(crate) fn get(&self, path: &Path) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Puts a node at a path. What is below stays only when both old and new are folders.
    pub(crate) fn insert(&mut self, path: PathBuf, node: Node) {
        let old = self.nodes.get(&path);
        if old.is_some_and(Node::is_directory) && !node.is_directory() {
            self.remove_below(&path);
        }
        self.nodes.insert(path, node);
    }

    /// Removes what is at a path and below it.
    pub(crate) fn remove(&mut self, path: &Path) {
        self.remove_below(path);
        self.nodes.remove(path);
    }

    /// Removes what is below a folder.
    pub(crate) fn remove_below(&mut self, folder: &Path) {
        let below: Vec<PathBuf> = self.below(folder).map(|(path, _)| path.clone()).collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// Everything below a folder, parents first.
    fn below(&self, folder: &Path) -> impl Iterator<Item = (&PathBuf, &Node)> {
        let start = folder.to_owned();
        self.nodes.range(start.clone()..).skip_while(move |(path, _)| path.as_path() == start).take_while({
            let folder = folder.to_owned();
            move |(path, _)| path.starts_with(&folder)
        })
    }

    /// Applies the entries of one layer: first what it removes, then what it adds.
    pub(crate) fn apply(&mut self, entries: impl IntoIterator<Item = (PathBuf, Node)>) {
        let (whiteouts, additions): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(path, _)| whiteout_name(path).is_some());
        for (path, _) in whiteouts {
            let folder = path.parent().unwrap_or(Path::new(""));
            match whiteout_name(&path) {
                Some(name) if name == OPAQUE => self.remove_below(folder),
                Some(name) => self.remove(&folder.join(&name[WHITEOUT.len()..])),
                None => {}
            }
        }
        for (path, node) in additions {
            self.insert(path, node);
        }
    }
}

/// The name, when it is that of a whiteout.
pub(crate) fn whiteout_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str().filter(|name| name.starts_with(WHITEOUT))
}

impl Files for Tree {
    fn node(&self, path: &Path) -> Result<Option<Node>, ImageError> {
        if path.as_os_str().is_empty() {
            return Ok(Some(Node::directory()));
        }
        Ok(self.nodes.get(path).cloned())
    }

    fn names(&self, folder: &Path) -> Result<Vec<OsString>, ImageError> {
        let depth = folder.components().count() + 1;
        let names = self
            .below(folder)
            .filter(|(path, _)| path.components().count() == depth)
            .filter_map(|(path, _)| path.file_name().map(OsString::from));
        Ok(names.collect())
    }

    fn name(&self) -> String {
        "the image".to_owned()
    }
}
