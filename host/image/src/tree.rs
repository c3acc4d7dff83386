//! The file system of a stage as its layers so far describe it.

use std::{
    collections::{BTreeMap, btree_map},
    ffi::{OsStr, OsString},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::ImageError,
    files::{Files, Node, resolve},
    layer::Entries,
    survey::Listing,
};

/// A file system in memory, without contents. Paths are relative to its root.
///
/// Its folders lie side by side, so that nothing here recurs: archives may be as deep as they like.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// All folders, the root first; those that were removed stay, and nothing leads to them.
    folders: Vec<Folder>,
    /// Counts the layers.
    turn: u64,
}

/// A folder of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FolderId(usize);

const ROOT: FolderId = FolderId(0);

/// What is in a folder, by name.
type Folder = BTreeMap<OsString, Place>;

/// A place in a file system.
#[derive(Debug, Clone)]
struct Place {
    node: Arc<Node>,
    /// The layer that put it there.
    turn: u64,
    /// What is in it, where that is something.
    inside: Option<FolderId>,
}

/// Names with a meaning of their own in layers (OCI image specification 1.1, "Image Layer Filesystem Changeset").
pub(crate) const WHITEOUT: &str = ".wh.";
pub(crate) const OPAQUE: &str = ".wh..wh..opq";

impl Default for Tree {
    fn default() -> Self {
        Self { folders: vec![Folder::new()], turn: 0 }
    }
}

impl Tree {
    /// What is put in from here on is another layer.
    pub(crate) const fn begin_layer(&mut self) {
        self.turn += 1;
    }

    /// The entries of the layer that was begun last.
    pub(crate) fn layer(&self) -> Entries {
        let mut entries = Entries::new();
        let mut path = PathBuf::new();
        // The folders that the path leads through.
        let mut open = vec![self.folders[ROOT.0].iter()];
        while let Some(folder) = open.last_mut() {
            let Some((name, place)) = folder.next() else {
                open.pop();
                path.pop();
                continue;
            };
            path.push(name);
            if place.turn == self.turn {
                entries.push((path.clone(), Arc::clone(&place.node)));
            }
            match place.inside {
                Some(inside) => open.push(self.folders[inside.0].iter()),
                None => drop(path.pop()),
            }
        }
        entries
    }

    /// What is at a path.
    pub(crate) fn get(&self, path: &Path) -> Option<&Node> {
        let folder = self.folder(path.parent()?)?;
        folder.get(path.file_name()?).map(|place| &*place.node)
    }

    /// Puts a node at a path, below folders that are there or are made. What is below stays only when both old and new
    /// are folders.
    pub(crate) fn insert(&mut self, path: &Path, node: impl Into<Arc<Node>>) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        let folder = self.open(parent);
        self.insert_in(folder, name.to_owned(), node);
    }

    /// The folder at a path; it, and those above it, are made where they are missing, as parts of no layer.
    pub(crate) fn open(&mut self, path: &Path) -> FolderId {
        names(path).fold(ROOT, |folder, name| self.enter(folder, name))
    }

    /// The folder of this name in a folder, which is made where there is none, as part of no layer.
    pub(crate) fn enter(&mut self, folder: FolderId, name: &OsStr) -> FolderId {
        if let Some(Place { inside: Some(inside), .. }) = self.folders[folder.0].get(name) {
            return *inside;
        }
        let inside = FolderId(self.folders.len());
        self.folders.push(Folder::new());
        let made = || Place { node: Node::directory().into(), turn: 0, inside: None };
        self.folders[folder.0].entry(name.to_owned()).or_insert_with(made).inside = Some(inside);
        inside
    }

    /// Whether nothing is in a folder.
    pub(crate) fn is_empty(&self, folder: FolderId) -> bool {
        self.folders[folder.0].is_empty()
    }

    /// What has this name in a folder.
    pub(crate) fn get_in(&self, folder: FolderId, name: &OsStr) -> Option<&Node> {
        self.folders[folder.0].get(name).map(|place| &*place.node)
    }

    /// Puts a node into a folder. What is below stays only when both old and new are folders.
    pub(crate) fn insert_in(&mut self, folder: FolderId, name: OsString, node: impl Into<Arc<Node>>) {
        let (node, turn) = (node.into(), self.turn);
        match self.folders[folder.0].entry(name) {
            btree_map::Entry::Vacant(vacant) => {
                vacant.insert(Place { node, turn, inside: None });
            }
            btree_map::Entry::Occupied(mut occupied) => {
                let place = occupied.get_mut();
                if !node.is_directory() {
                    place.inside = None;
                }
                (place.node, place.turn) = (node, turn);
            }
        }
    }

    /// Removes what has this name in a folder.
    pub(crate) fn remove_in(&mut self, folder: FolderId, name: &OsStr) {
        self.folders[folder.0].remove(name);
    }

    /// Removes what is at a path and below it.
    fn remove(&mut self, path: &Path) {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name())
            && let Some(folder) = self.folder_mut(parent)
        {
            folder.remove(name);
        }
    }

    /// Removes what is below a folder.
    fn remove_below(&mut self, folder: &Path) {
        if let Some(folder) = self.folder_mut(folder) {
            folder.clear();
        }
    }

    fn find(&self, path: &Path) -> Option<FolderId> {
        names(path).try_fold(ROOT, |folder, name| self.folders[folder.0].get(name)?.inside)
    }

    fn folder(&self, path: &Path) -> Option<&Folder> {
        self.find(path).map(|folder| &self.folders[folder.0])
    }

    fn folder_mut(&mut self, path: &Path) -> Option<&mut Folder> {
        self.find(path).map(|folder| &mut self.folders[folder.0])
    }

    /// Applies the entries of one layer: first what it removes, then what it adds.
    pub(crate) fn apply(&mut self, entries: impl IntoIterator<Item = (PathBuf, impl Into<Arc<Node>>)>) {
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
                // Links of layers below are followed, as engines do it when they unpack. Links in a circle lead
                // nowhere, and what is there is found by nobody.
                _ => resolve(self, parent, true).unwrap_or_else(|_| parent.to_owned()),
            };
            let folder = self.open(&real);
            self.insert_in(folder, name.to_owned(), node);
            last = Some((parent.to_owned(), real));
        }
    }
}

/// The names that a path is made of.
fn names(path: &Path) -> impl Iterator<Item = &OsStr> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name),
        _ => None,
    })
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
        Ok(self.get(path).cloned())
    }

    fn list(&self, folder: &Path) -> Result<Listing, ImageError> {
        let places = self.folder(folder).into_iter().flatten();
        Ok(places.map(|(name, place)| (name.clone(), Arc::clone(&place.node))).collect())
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
        paths(&tree, Path::new(""))
    }

    fn paths(tree: &Tree, folder: &Path) -> Vec<String> {
        let mut all = Vec::new();
        for (name, _) in tree.list(folder).unwrap() {
            let path = folder.join(name);
            all.push(path.display().to_string());
            all.extend(paths(tree, &path));
        }
        all
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

    #[test]
    fn a_layer_is_what_was_put_in_since_it_began() {
        let mut tree = Tree::default();
        let node = |mode| Node { mode, ..Node::directory() };
        tree.insert(Path::new("etc"), node(0o700));
        tree.begin_layer();
        tree.insert(Path::new("etc/deep/site"), node(1));
        tree.insert(Path::new("etc-files"), node(2));
        let etc = tree.open(Path::new("etc"));
        tree.insert_in(etc, "a".into(), node(3));
        let put = |tree: &Tree| -> Vec<(String, u32)> {
            tree.layer().iter().map(|(path, node)| (path.display().to_string(), node.mode)).collect()
        };
        let expected = [("etc/a", 3), ("etc/deep/site", 1), ("etc-files", 2)];
        assert_eq!(put(&tree), expected.map(|(path, mode)| (path.to_owned(), mode)));
        tree.begin_layer();
        tree.insert(Path::new("etc/deep"), Node { kind: Kind::Fifo, ..node(4) });
        assert_eq!(put(&tree), [("etc/deep".to_owned(), 4)]);
        assert!(tree.get(Path::new("etc/deep/site")).is_none());
    }

    #[test]
    fn no_depth_is_too_much() {
        let deep = PathBuf::from("a/".repeat(100_000));
        let mut tree = Tree::default();
        tree.begin_layer();
        tree.insert(&deep, Node::directory());
        assert_eq!(tree.clone().layer().len(), 1);
        assert!(tree.get(&deep).is_some());
        tree.remove(Path::new("a"));
        assert!(tree.layer().is_empty());
    }
}
