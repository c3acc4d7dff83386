//! The file system of a stage as its layers so far describe it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{
    error::ImageError,
    files::{Files, Node, resolve},
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
        // Most entries are in the folder of the one before.
        let mut last: Option<(PathBuf, PathBuf)> = None;
        for (path, node) in additions {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { continue };
            let real = match &last {
                Some((known, real)) if known == parent => real.clone(),
                _ => self.folder(parent),
            };
            self.insert(real.join(name), node);
            last = Some((parent.to_owned(), real));
        }
    }

    /// Where a folder of a layer is: links of layers below are followed, and what no layer names is made, as engines do it
    /// when they unpack.
    fn folder(&mut self, path: &Path) -> PathBuf {
        // Links in a circle lead nowhere, and what is there is found by nobody.
        let real = resolve(self, path, true).unwrap_or_else(|_| path.to_owned());
        let missing: Vec<PathBuf> = real
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !self.nodes.contains_key(*folder))
            .map(Path::to_owned)
            .collect();
        for folder in missing {
            self.nodes.insert(folder, Node::directory());
        }
        real
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Kind;

    fn tree(layers: &[&[(&str, Kind)]]) -> Vec<String> {
        let mut tree = Tree::default();
        for layer in layers {
            let node = |kind: &Kind| Node { kind: kind.clone(), ..Node::directory() };
            tree.apply(layer.iter().map(|(path, kind)| (PathBuf::from(path), node(kind))));
        }
        tree.nodes.keys().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn layers_remove_before_they_add() {
        let below = [("d", Kind::Directory), ("d/a", Kind::Fifo), ("d/b", Kind::Fifo), ("e/f", Kind::Fifo)];
        for (layer, expected) in [
            (vec![("d/.wh.a", Kind::Fifo)], vec!["d", "d/b", "e", "e/f"]),
            (vec![(".wh.d", Kind::Fifo)], vec!["e", "e/f"]),
            (vec![("d/c", Kind::Fifo), ("d/.wh..wh..opq", Kind::Fifo)], vec!["d", "d/c", "e", "e/f"]),
            (vec![("d/a", Kind::Fifo), ("d/.wh.a", Kind::Fifo)], vec!["d", "d/a", "d/b", "e", "e/f"]),
            (vec![("d", Kind::Fifo)], vec!["d", "e", "e/f"]),
            (vec![("e", Kind::Directory)], vec!["d", "d/a", "d/b", "e", "e/f"]),
        ] {
            assert_eq!(tree(&[&below, &layer]), expected, "{layer:?}");
        }
    }

    #[test]
    fn layers_follow_the_links_below_them() {
        let below = [("usr/bin", Kind::Directory), ("bin", Kind::Symlink(PathBuf::from("usr/bin")))];
        let layer = [("bin/tool", Kind::Fifo), ("bin/deep/er", Kind::Fifo)];
        let expected = ["bin", "usr", "usr/bin", "usr/bin/deep", "usr/bin/deep/er", "usr/bin/tool"];
        assert_eq!(tree(&[&below, &layer]), expected);
    }
}
