//! COPY and ADD.

use std::path::Path;

use super::{
    build::Work,
    failure::Failure,
    sources::{Gathering, Load},
    stage::StageState,
};
use crate::{
    copy::{Copier, Destination},
    dockerfile::{Copy, Problem, Word},
    dockerignore::Ignore,
    error::ImageError,
    files::{Files, Node, clamp},
    layer::Entries,
    mode::Mode,
    owner::Owner,
    tree::Tree,
};

impl Work<'_> {
    /// Carries out COPY or ADD; answers what changed.
    pub(super) fn copy(
        &mut self,
        stage: usize,
        copy: &Copy,
        state: &mut StageState,
    ) -> Result<Entries, Failure> {
        let expand = |word: &Option<Word>| -> Result<Option<String>, Problem> {
            let text = word.as_ref().map(|word| state.expand(word)).transpose()?;
            Ok(text.filter(|text| !text.is_empty()))
        };
        let (owner, mode, checksum) = (expand(&copy.owner)?, expand(&copy.mode)?, expand(&copy.checksum)?);
        let destination = state.expand(&copy.destination)?;
        let exclude: Vec<String> =
            copy.exclude.iter().map(|word| state.expand(word)).collect::<Result<_, _>>()?;
        let build = self.build;
        let origin = self.plan.origin(stage, copy)?;
        let files: &dyn Files = self.files(&origin)?;
        let gathering = Gathering { build, copy, state, files, exclude: &exclude, checksum };
        let loads = gathering.all()?;
        if loads.is_empty() {
            return Err(ImageError::Copy(format!("nothing in {} matches", files.name())).into());
        }
        let directory = state.working_directory();
        let tree = state.files.load(&build.cache, &build.layout)?;
        let exclude = Ignore::from_patterns(exclude.iter().map(String::as_str)).map_err(ImageError::from)?;
        // With `--link` the files of the image are neither looked at nor followed.
        let mut way = if copy.link { way(tree, &directory.join(&destination)) } else { Tree::default() };
        let target = if copy.link { &mut way } else { &mut *tree };
        let to = Destination::new(&destination, &directory, target)?;
        to.check_several(copy.sources.len(), loads.len(), target)?;
        let owner = owner.map(|owner| Owner::parse(&owner, target, &build.layout)).transpose();
        let owner = owner.map_err(|error| about_link(error, copy.link))?;
        let mode = mode.map(|mode| Mode::parse(&mode)).transpose()?;
        target.begin_layer();
        let mut copier = Copier { tree: target, owner, mode: mode.as_ref(), exclude: &exclude };
        for load in loads {
            carry(&mut copier, load, files, &to)?;
        }
        let entries = copier.tree.layer();
        if copy.link {
            tree.apply(entries.clone());
        }
        Ok(entries)
    }
}

/// The folders of an image that lead to a destination: those that are there are not made again.
fn way(tree: &Tree, destination: &Path) -> Tree {
    let written = destination.as_os_str().as_encoded_bytes();
    let is_folder = [b"/".as_slice(), b"/.", b"/.."].iter().any(|end| written.ends_with(end));
    let destination = clamp(destination);
    let mut way = Tree::default();
    for folder in destination.ancestors().skip(usize::from(!is_folder)) {
        if let Some(node) = tree.get(folder).filter(|node| Node::is_directory(node)) {
            way.insert(folder, node.clone());
        }
    }
    way
}

fn carry(copier: &mut Copier<'_>, load: Load, files: &dyn Files, to: &Destination) -> Result<(), ImageError> {
    match load {
        Load::Found(found) => copier.copy(files, found, to),
        Load::WithParents { folder, rules, source } => {
            if copier.copy_with_parents(files, &folder, &rules, to)? {
                return Ok(());
            }
            Err(ImageError::Copy(format!("nothing in {} matches `{source}`", files.name())))
        }
        Load::Archive(entries) => copier.unpack(entries, to),
        Load::Repository(found, files) => copier.copy(&*files, found, to),
    }
}

/// Names of owners are looked up in the image, which `--link` does not look at.
fn about_link(error: ImageError, link: bool) -> ImageError {
    match error {
        ImageError::Copy(message) if link => {
            ImageError::Copy(format!("{message}, or leave out `--link`, with which names are not looked up"))
        }
        error => error,
    }
}
