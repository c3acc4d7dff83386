//! ADD of files on the web and of git repositories.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use plimsoll_core::{
    digest::Digest,
    ports::{Activity, GitSource, PortFailure, Progress},
};

use super::{
    build::Build,
    failure::Failure,
    sources::{Gathering, Load},
};
use crate::{
    context::Context,
    copy::{self, Found},
    dockerfile::{Problem, Remote, Word},
    error::ImageError,
    files::{Content, Kind, Node},
    layer::Hashing,
};

// Messages show sources as written: what variables put into them may be secret.
impl Gathering<'_> {
    /// Fetches what a source means that is elsewhere.
    pub(super) fn remote(&self, remote: &Remote, word: &Word) -> Result<Load, Failure> {
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
        let mut files = self.build.fetched.files.lock().unwrap_or_else(PoisonError::into_inner);
        let (digest, size) = match files.get(url) {
            Some(fetched) => *fetched,
            None => {
                let fetched = self.download(url, word)?;
                files.insert(url.to_owned(), fetched);
                fetched
            }
        };
        match wanted {
            Some(wanted) if wanted != digest => {
                let message =
                    format!("`{}` gave {digest}, and {wanted} is wanted: nothing of it is used", word.text);
                Err(Problem::new(word.at, message).into())
            }
            _ => Ok((digest, size)),
        }
    }

    fn download(&self, url: &str, word: &Word) -> Result<(Digest, u64), ImageError> {
        let (remote, runtime) = &self.build.remote;
        let mut blob = self.build.layout.blob_writer()?;
        runtime
            .block_on(remote.file(url, &mut blob, &Spoken(self.build)))
            .map_err(|failure| self.failed(word, failure))?;
        Ok(blob.finish()?)
    }

    /// Brings a repository into a folder, once for all platforms; answers the folder and the commit.
    fn check_out(&self, source: &GitSource, word: &Word) -> Result<(PathBuf, String), ImageError> {
        let mut all = self.build.fetched.repositories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, checkout)) = all.iter().find(|(fetched, _)| fetched == source) {
            return Ok(checkout.clone());
        }
        let (remote, runtime) = &self.build.remote;
        let place = tempfile::tempdir_in(self.build.scratch.path())
            .map_err(ImageError::io("write into", self.build.scratch.path()))?
            // It goes with the folder that it is in.
            .keep();
        let commit = runtime
            .block_on(remote.repository(source, &place, &Spoken(self.build)))
            .map_err(|failure| self.failed(word, failure))?;
        all.push((source.clone(), (place.clone(), commit.clone())));
        Ok((place, commit))
    }

    fn repository(&self, source: &GitSource, folder: &str, word: &Word) -> Result<Load, Failure> {
        let (place, commit) = self.check_out(source, word)?;
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
        Ok(Load::Repository(found, files))
    }

    fn checksum_word(&self) -> Option<(&str, &Word)> {
        self.checksum.as_deref().zip(self.copy.checksum.as_ref())
    }

    fn failed(&self, word: &Word, failure: PortFailure) -> ImageError {
        let place = format!("{}:{}", self.build.request.dockerfile.display(), word.at);
        ImageError::Remote { place, failure }
    }
}

/// What was fetched already: what changes elsewhere meanwhile is the same for every platform.
#[derive(Default)]
pub(super) struct Fetched {
    files: Mutex<BTreeMap<String, (Digest, u64)>>,
    repositories: Mutex<Vec<(GitSource, (PathBuf, String))>>,
}

impl Build {
    /// A blob that is in the layout already, whole.
    fn known_blob(&self, digest: Digest) -> Result<Option<(Digest, u64)>, ImageError> {
        let Some(size) = self.layout.has_blob(&digest)? else { return Ok(None) };
        let mut file = self.layout.open_blob(&digest)?;
        let mut nowhere = std::io::sink();
        let mut hashing = Hashing::new(&mut nowhere);
        let path = self.layout.blob_path(&digest);
        std::io::copy(&mut file, &mut hashing).map_err(ImageError::io("read", &path))?;
        Ok((hashing.digest() == digest).then_some((digest, size)))
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
