//! COPY and ADD: from found sources to the entries of a layer (Dockerfile reference, "COPY"; where it leaves a choice,
//! as BuildKit does it).

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use crate::{
    dockerignore::Ignore,
    error::ImageError,
    files::{Files, Kind, Node, clamp, expand_pattern, resolve, unescape},
    glob, layer,
    mode::Mode,
    owner::Owner,
    survey::Listing,
    tree::Tree,
    walk::Walk,
};

/// One thing to copy.
#[derive(Debug)]
pub(crate) struct Found {
    /// The name that it gets in a folder.
    pub(crate) name: OsString,
    /// Where it really is, links followed; meaningless for a text that stands in the Dockerfile.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) node: Node,
}

/// Finds what one source of COPY means: nothing, when it is a pattern that matches nothing.
pub(crate) fn find(files: &dyn Files, source: &str) -> Result<Vec<Found>, ImageError> {
    if glob::is_pattern(source) {
        let mut found = Vec::new();
        for path in expand_pattern(files, source)? {
            found.extend(follow(files, &path)?);
        }
        return Ok(found);
    }
    let path = clamp(Path::new(&unescape(source)));
    match follow(files, &path)? {
        Some(found) => Ok(vec![found]),
        None => {
            let remark = files.remark(&path);
            Err(ImageError::Copy(format!("`{source}` is not in {}{remark}", files.name())))
        }
    }
}

/// What is at a path, its last link followed, under the name as written.
fn follow(files: &dyn Files, path: &Path) -> Result<Option<Found>, ImageError> {
    let name = path.file_name().unwrap_or_default().to_owned();
    let real = resolve(files, path, true)?;
    let Some(node) = files.node(&real)? else { return Ok(None) };
    Ok(Some(Found { name, path: real, node }))
}

/// Where COPY puts things.
#[derive(Debug)]
pub(crate) struct Destination {
    /// The place in the image, links followed.
    path: PathBuf,
    /// Whether it was written as a folder: with a slash at its end, or as the working directory.
    is_folder: bool,
    /// As written, for messages.
    text: String,
}

impl Destination {
    pub(crate) fn new(text: &str, working_directory: &Path, tree: &Tree) -> Result<Self, ImageError> {
        let last = text.rsplit('/').next().unwrap_or_default();
        let is_folder = matches!(last, "" | "." | "..");
        let path = resolve(tree, &working_directory.join(text), true)?;
        Ok(Self { path, is_folder, text: text.to_owned() })
    }

    /// Several things need a folder to go to.
    pub(crate) fn check_several(&self, written: usize, found: usize, tree: &Tree) -> Result<(), ImageError> {
        let into_folder = self.is_folder || (written == 1 && is_directory(tree, &self.path));
        if found > 1 && !into_folder {
            return Err(ImageError::Copy(format!(
                "{found} sources cannot all become `{0}`: end the destination with a slash, `{0}/`",
                self.text
            )));
        }
        Ok(())
    }
}

/// The files below a folder, which is the root for all that links say.
struct Below<'a> {
    tree: &'a Tree,
    root: &'a Path,
}

impl Files for Below<'_> {
    fn node(&self, path: &Path) -> Result<Option<Node>, ImageError> {
        self.tree.node(&self.root.join(path))
    }

    fn list(&self, folder: &Path) -> Result<Listing, ImageError> {
        self.tree.list(&self.root.join(folder))
    }

    fn name(&self) -> String {
        self.tree.name()
    }
}

/// Copies into a tree, whose layer that was begun last gets what changes.
pub(crate) struct Copier<'a> {
    /// The file system that is changed.
    pub(crate) tree: &'a mut Tree,
    /// `--chown`.
    pub(crate) owner: Option<Owner>,
    /// `--chmod`.
    pub(crate) mode: Option<&'a Mode>,
    /// `--exclude`.
    pub(crate) exclude: &'a Ignore,
}

impl Copier<'_> {
    /// Copies one source: of a folder its contents, anything else as itself.
    pub(crate) fn copy(
        &mut self,
        files: &dyn Files,
        found: Found,
        to: &Destination,
    ) -> Result<(), ImageError> {
        if found.node.is_directory() {
            self.make_directories(&to.path)?;
            self.copy_contents(files, &found.path, self.exclude, &to.path)?;
            return Ok(());
        }
        let target = if to.is_folder || is_directory(self.tree, &to.path) {
            if found.name.is_empty() {
                let message = "the address names no file: write the file's name into the destination";
                return Err(ImageError::Copy(message.to_owned()));
            }
            self.make_directories(&to.path)?;
            to.path.join(&found.name)
        } else {
            self.make_directories(to.path.parent().unwrap_or(Path::new("")))?;
            to.path.clone()
        };
        self.place(&target, found.node)
    }

    /// Copies what the rules leave of a folder, with the folders that it is in; answers whether that was anything.
    pub(crate) fn copy_with_parents(
        &mut self,
        files: &dyn Files,
        from: &Path,
        rules: &Ignore,
        to: &Destination,
    ) -> Result<bool, ImageError> {
        self.make_directories(&to.path)?;
        self.copy_contents(files, from, rules, &to.path)
    }

    /// Copies what the rules leave of what is in a folder; answers whether that was anything.
    fn copy_contents(
        &mut self,
        files: &dyn Files,
        from: &Path,
        rules: &Ignore,
        to: &Path,
    ) -> Result<bool, ImageError> {
        if rules.is_empty() {
            files.prepare(from);
        }
        Walk { files, rules, owner: self.owner, mode: self.mode, tree: self.tree }.copy(from, to)
    }

    /// Unpacks an archive into a folder: entries replace what they meet, but folders that are there get what is in them, also
    /// those that links lead to, which stay; BuildKit puts folders in the places of such links. Links lead nowhere out of
    /// the folder. Only `--chown` changes what the archive says.
    pub(crate) fn unpack(
        &mut self,
        entries: Vec<(PathBuf, Node)>,
        to: &Destination,
    ) -> Result<(), ImageError> {
        self.make_directories(&to.path)?;
        for (path, mut node) in entries {
            let below = Below { tree: self.tree, root: &to.path };
            let place = resolve(&below, &path, node.is_directory())?;
            if place.as_os_str().is_empty() {
                continue;
            }
            let target = to.path.join(place);
            check_name(&target)?;
            let owner = self.owner.take();
            let made = self.make_directories(target.parent().unwrap_or(Path::new("")));
            self.owner = owner;
            made?;
            own(&mut node, owner);
            self.tree.insert(&target, node);
        }
        Ok(())
    }

    /// Puts a node at its place.
    fn place(&mut self, target: &Path, mut node: Node) -> Result<(), ImageError> {
        check_name(target)?;
        check_room(self.tree.get(target), &node, || target.to_owned())?;
        dress(&mut node, self.owner, self.mode);
        self.tree.insert(target, node);
        Ok(())
    }

    /// Makes a folder and those above it that are missing.
    pub(crate) fn make_directories(&mut self, path: &Path) -> Result<(), ImageError> {
        let above: Vec<&Path> = path.ancestors().collect();
        for folder in above.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
            match self.tree.get(folder) {
                Some(node) if node.is_directory() => {}
                Some(_) => {
                    let shown = folder.display();
                    return Err(ImageError::Copy(format!("/{shown} is no folder in the image")));
                }
                None => {
                    check_name(folder)?;
                    let mut node = Node::directory();
                    own(&mut node, self.owner);
                    self.tree.insert(folder, node);
                }
            }
        }
        Ok(())
    }
}

/// Gives a node the owner and the mode that were asked for.
pub(crate) fn dress(node: &mut Node, owner: Option<Owner>, mode: Option<&Mode>) {
    own(node, owner);
    if let (Some(mode), false) = (mode, matches!(node.kind, Kind::Symlink(_))) {
        node.mode = mode.apply(node.mode, node.is_directory());
    }
}

fn own(node: &mut Node, owner: Option<Owner>) {
    if let Some(owner) = owner {
        (node.user, node.group) = (owner.user, owner.group);
    }
}

/// A folder only goes to a folder or to nothing, anything else never to a folder.
pub(crate) fn check_room(
    old: Option<&Node>,
    new: &Node,
    target: impl Fn() -> PathBuf,
) -> Result<(), ImageError> {
    match old {
        Some(old) if old.is_directory() && !new.is_directory() => Err(ImageError::Copy(format!(
            "a file cannot replace the folder /{}: end the destination with a slash to put it inside",
            target().display()
        ))),
        Some(old) if !old.is_directory() && new.is_directory() => Err(ImageError::Copy(format!(
            "a folder cannot replace /{}, which is no folder in the image",
            target().display()
        ))),
        _ => Ok(()),
    }
}

fn is_directory(tree: &Tree, path: &Path) -> bool {
    path.as_os_str().is_empty() || tree.get(path).is_some_and(Node::is_directory)
}

/// Refuses what no file of an image can be called.
fn check_name(target: &Path) -> Result<(), ImageError> {
    let Some(name) = target.file_name() else {
        let message =
            format!("`/{}` names no file: write the file's name into the destination", target.display());
        return Err(ImageError::Copy(message));
    };
    if layer::is_reserved(name) { Err(reserved(name)) } else { Ok(()) }
}

pub(crate) fn reserved(name: &OsStr) -> ImageError {
    ImageError::Copy(format!(
        "`{}` cannot be in an image: names that begin with `.wh.` mark removed files there; rename it or leave it out with .dockerignore",
        name.display()
    ))
}
