//! ADD of files on the web and of git repositories.

use std::path::{Path, PathBuf};

use plimsoll_core::{
    digest::Digest,
    ports::{Activity, GitSource, PortFailure, Progress},
};

use super::{
    build::Build,
    elsewhere::Checkout,
    failure::Failure,
    sources::{Gathering, Load},
};
use crate::{
    context::Context,
    copy::{self, Found},
    dockerfile::{Problem, Remote, Word},
    error::ImageError,
    files::{Content, Kind, Node},
};

// Messages show sources as written: what variables put into them may be secret.
impl Gathering<'_> {
    /// Fetches what a source means that is elsewhere.
    pub(super) fn remote(&self, remote: &Remote, word: &Word) -> Result<Load, Failure> {
        if let Some(refusal) = remote.refusal() {
            return Err(Problem::new(word.at, refusal).into());
        }
        match remote {
            Remote::File { url, name } => self.file(url, name.as_deref(), word),
            Remote::Repository { url, reference, folder } => {
                let (url, reference) = (url.clone(), reference.clone());
                let source = GitSource { url, reference, with_history: self.copy.keep_git_folder };
                self.repository(&source, folder.as_deref().unwrap_or_default(), word)
            }
        }
    }

    fn file(&self, url: &str, name: Option<&str>, word: &Word) -> Result<Load, Failure> {
        let wanted = self.checksum_word().map(|(text, word)| {
            text.parse::<Digest>().map_err(|_| {
                let message =
                    format!("`--checksum={text}` is none: expected `sha256:` and 64 hexadecimal digits");
                Problem::new(word.at, message)
            })
        });
        let wanted = wanted.transpose()?;
        let build = self.build;
        let (digest, size) = match wanted.map(|digest| build.known_blob(digest)).transpose()?.flatten() {
            Some(known) => known,
            None => self.fetch(url, word, wanted)?,
        };
        let path = Path::new("/").join(name.unwrap_or_default());
        let kind = Kind::File(Content::Layer { layer: digest, path, size });
        let node = Node { kind, mode: 0o600, user: 0, group: 0, attributes: Vec::new() };
        let found = Found { name: name.unwrap_or_default().into(), path: PathBuf::new(), node };
        Ok(self.perhaps_unpacked(found, &word.text, self.copy.unpack.unwrap_or(false))?)
    }

    /// Brings a file into the layout, once for all platforms.
    fn fetch(&self, url: &str, word: &Word, wanted: Option<Digest>) -> Result<(Digest, u64), Failure> {
        let build = self.build;
        let fetched = build.elsewhere.file(url, &build.layout, &Spoken(build));
        let (digest, size) = fetched.map_err(|failure| self.failed(word, failure))?;
        match wanted {
            Some(wanted) if wanted != digest => {
                let message =
                    format!("`{}` gave {digest}, and {wanted} is wanted: nothing of it is used", word.text);
                Err(Problem::new(word.at, message).into())
            }
            _ => Ok((digest, size)),
        }
    }

    fn repository(&self, source: &GitSource, folder: &str, word: &Word) -> Result<Load, Failure> {
        let fetched = self.build.elsewhere.repository(source, &Spoken(self.build));
        let Checkout { folder: place, commit } = fetched.map_err(|failure| self.failed(word, failure))?;
        if let Some((wanted, at)) = self.checksum_word().filter(|(wanted, _)| !commit.starts_with(wanted)) {
            let message = format!("`{}` is at the commit {commit}, and {wanted} is wanted", word.text);
            return Err(Problem::new(at.at, message).into());
        }
        let files = Context::whole(place, format!("`{}`", word.text));
        let found = copy::find(&files, folder).map_err(|error| match error {
            ImageError::Copy(message) => Failure::Problem(Problem::new(word.at, message)),
            error => Failure::Error(error),
        })?;
        let found = found.into_iter().next().filter(|found| found.node.is_directory());
        let Some(found) = found else {
            let message = format!("`{folder}` is no folder of `{}`", word.text);
            return Err(Problem::new(word.at, message).into());
        };
        Ok(Load::Repository(found, Box::new(files)))
    }

    fn checksum_word(&self) -> Option<(&str, &Word)> {
        self.checksum.as_deref().zip(self.copy.checksum.as_ref())
    }

    fn failed(&self, word: &Word, failure: PortFailure) -> ImageError {
        let place = format!("{}:{}", self.build.request.dockerfile.display(), word.at);
        ImageError::Remote { place, failure }
    }
}

impl Build {
    /// A blob that is in the layout already, whole.
    fn known_blob(&self, digest: Digest) -> Result<Option<(Digest, u64)>, ImageError> {
        let whole = self.layout.check_blob(&digest)?;
        let size = if whole { self.layout.has_blob(&digest)? } else { None };
        Ok(size.map(|size| (digest, size)))
    }
}

/// What is told while something is fetched, as lines of the build.
struct Spoken<'a>(&'a Build);

impl Progress for Spoken<'_> {
    fn activity(&self, activity: Activity<'_>) {
        if let Activity::Line(line) | Activity::Warning(line) = activity {
            (self.0.say)(line.to_owned());
        }
    }
}
