//! What COPY does with a folder: everything that is in it, below a folder of the image.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
    vec,
};

use crate::{
    copy::{check_room, dress, reserved},
    dockerignore::{Ignore, Verdict},
    error::ImageError,
    files::{Files, Node},
    layer,
    mode::Mode,
    owner::Owner,
    tree::{FolderId, Tree},
};

/// Copies folders with what is in them.
pub(crate) struct Walk<'a> {
    pub(crate) files: &'a dyn Files,
    /// What is left out.
    pub(crate) rules: &'a Ignore,
    pub(crate) owner: Option<Owner>,
    pub(crate) mode: Option<&'a Mode>,
    pub(crate) tree: &'a mut Tree,
}

/// A folder that is being copied.
struct Level {
    /// Its path among the files.
    from: PathBuf,
    /// The same relative to the source, which the rules are about.
    below: PathBuf,
    /// Its path in the image, for messages.
    to: PathBuf,
    /// What the rules say of it.
    verdict: Verdict,
    /// Where it goes.
    folder: FolderId,
    /// Whether nothing was there before.
    is_new: bool,
    /// What is still to be copied.
    rest: vec::IntoIter<(OsString, Arc<Node>)>,
    /// Whether anything was copied.
    any: bool,
}

/// What becomes of a folder when all that is in it was copied.
struct Pending {
    name: OsString,
    node: Arc<Node>,
    was_there: bool,
}

impl Walk<'_> {
    /// Copies what is in a folder; answers whether that was anything. Nothing recurs here: files may be as deep as they like.
    pub(crate) fn copy(&mut self, from: &Path, to: &Path) -> Result<bool, ImageError> {
        let folder = self.tree.open(to);
        let mut level =
            self.level(from.to_owned(), PathBuf::new(), to.to_owned(), Verdict::default(), folder)?;
        let mut above: Vec<(Level, Pending)> = Vec::new();
        loop {
            let Some((name, node)) = level.rest.next() else {
                let Some((parent, pending)) = above.pop() else { return Ok(level.any) };
                level = self.leave(&level, parent, pending)?;
                continue;
            };
            let Some(verdict) = self.verdict(&level, &name, &node) else { continue };
            if !level.is_new {
                check_room(self.tree.get_in(level.folder, &name), &node, || level.to.join(&name))?;
            }
            if !node.is_directory() {
                self.put(&mut level, name, node)?;
                continue;
            }
            let was_there = self.tree.get_in(level.folder, &name).is_some();
            let (from, below, to) = (level.from.join(&name), level.below.join(&name), level.to.join(&name));
            let folder = self.tree.enter(level.folder, &name);
            let next = self.level(from, below, to, verdict, folder)?;
            above.push((std::mem::replace(&mut level, next), Pending { name, node, was_there }));
        }
    }

    fn level(
        &self,
        from: PathBuf,
        below: PathBuf,
        to: PathBuf,
        verdict: Verdict,
        folder: FolderId,
    ) -> Result<Level, ImageError> {
        let rest = self.files.list(&from)?.into_iter();
        let is_new = self.tree.is_empty(folder);
        Ok(Level { from, below, to, verdict, folder, is_new, rest, any: false })
    }

    /// What the rules say of something in a folder; nothing when it is left out with all that is below it.
    fn verdict(&self, level: &Level, name: &OsStr, node: &Node) -> Option<Verdict> {
        if self.rules.is_empty() {
            return Some(Verdict::default());
        }
        let path = level.below.join(name);
        let text = path.to_string_lossy();
        let verdict = self.rules.check(&text, &level.verdict);
        let is_wanted = !verdict.excluded || (node.is_directory() && self.rules.may_include_below(&text));
        is_wanted.then_some(verdict)
    }

    /// Ends a folder, and goes on with the one above it. A folder that the rules leave out is there only for what is in it.
    fn leave(&mut self, level: &Level, mut above: Level, pending: Pending) -> Result<Level, ImageError> {
        let is_only_passage = || level.verdict.excluded || self.files.is_only_passage(&level.from);
        if level.any || !is_only_passage() {
            self.put(&mut above, pending.name, pending.node)?;
        } else if !pending.was_there {
            self.tree.remove_in(above.folder, &pending.name);
        }
        Ok(above)
    }

    fn put(&mut self, level: &mut Level, name: OsString, mut node: Arc<Node>) -> Result<(), ImageError> {
        if layer::is_reserved(&name) {
            return Err(reserved(&name));
        }
        if self.owner.is_some() || self.mode.is_some() {
            dress(Arc::make_mut(&mut node), self.owner, self.mode);
        }
        self.tree.insert_in(level.folder, name, node);
        level.any = true;
        Ok(())
    }
}
