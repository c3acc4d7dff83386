//! The folder that is deployed into.
//!
//! ```text
//! releases/r-0123456789ab-4a5b6c7d8e9f/   what one deployment wrote: never changed once it is there
//!     release.json                        release, repository, digest, version
//!     manifests/                          the manifests, in the folders that they came in
//! current  -> releases/...                what runs: replaced in one step
//! previous -> releases/...                what ran before
//! ```
//!
//! Readers use `current/manifests`. A deployment is written whole beside the others, made durable, and only then `current` is
//! replaced by renaming, so whoever dies in between leaves the old set or the new one, never a mixture. What it left behind
//! is removed by the next deployment.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use plimsoll_core::{digest::Digest, names::ReleaseId};

use crate::{
    error::DeployError,
    files::{Files, failed, read_written},
};

const CURRENT: &str = "current";
const PREVIOUS: &str = "previous";
const RELEASES: &str = "releases";
/// What a deployment that is still being written is called; no release is.
const UNFINISHED: &str = ".unfinished-";

/// The folder that is deployed into.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    folder: PathBuf,
}

impl Output {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What readers see.
    pub(crate) fn current(&self) -> PathBuf {
        self.folder.join(CURRENT)
    }

    /// The files that are current now; none before the first deployment.
    pub(crate) fn current_files(&self) -> Files {
        read_written(&self.current()).unwrap_or_default()
    }

    /// Makes these files current. When they are already, nothing changes.
    pub(crate) fn publish(&self, release: &ReleaseId, files: &Files) -> Result<(), DeployError> {
        let releases = self.folder.join(RELEASES);
        fs::create_dir_all(&releases).map_err(failed(&releases, "written"))?;
        let current = self.link(CURRENT)?;
        self.link(PREVIOUS)?;
        let name = self.write(release, files)?;
        let target = Path::new(RELEASES).join(name);
        if current.as_ref() != Some(&target) {
            // In this order: whoever dies in between has lost nothing, for the next run does both again.
            if let Some(current) = current {
                self.set_link(PREVIOUS, &current)?;
            }
            self.set_link(CURRENT, &target)?;
            sync(&self.folder)?;
        }
        self.clean();
        Ok(())
    }

    /// Where a link leads; `None` when there is none.
    fn link(&self, name: &str) -> Result<Option<PathBuf>, DeployError> {
        let path = self.folder.join(name);
        match fs::read_link(&path) {
            Ok(target) => Ok(Some(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(DeployError::Foreign { path }),
            Err(error) => Err(failed(&path, "read")(error)),
        }
    }

    /// Replaces a link in one step.
    fn set_link(&self, name: &str, target: &Path) -> Result<(), DeployError> {
        let (path, new) = (self.folder.join(name), self.folder.join(format!("{UNFINISHED}{name}")));
        if fs::symlink_metadata(&new).is_ok() {
            fs::remove_file(&new).map_err(failed(&new, "removed"))?;
        }
        symlink(target, &new).map_err(failed(&new, "written"))?;
        fs::rename(&new, &path).map_err(failed(&path, "written"))
    }

    /// Writes a deployment whole, unless it is there already, and says its folder's name. The name holds a digest of the
    /// content: the same content finds its folder again, and other content never takes the name.
    fn write(&self, release: &ReleaseId, files: &Files) -> Result<String, DeployError> {
        let releases = self.folder.join(RELEASES);
        let name = format!("{release}-{}", fingerprint(files).short());
        // Where somebody changed a folder since, it is left alone and another name is taken.
        let mut names =
            std::iter::once(name.clone()).chain((2_u32..).map(|number| format!("{name}-{number}")));
        let (name, there) = names
            .find_map(|name| {
                let folder = releases.join(&name);
                let there = fs::symlink_metadata(&folder).is_ok();
                (!there || read_written(&folder).as_ref() == Some(files)).then_some((name, there))
            })
            .expect("some number is free");
        if !there {
            let unfinished = tempfile::Builder::new()
                .prefix(UNFINISHED)
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .tempdir_in(&releases)
                .map_err(failed(&releases, "written"))?;
            write_files(unfinished.path(), files)?;
            let folder = releases.join(&name);
            fs::rename(unfinished.path(), &folder).map_err(failed(&folder, "written"))?;
            sync(&releases)?;
        }
        Ok(name)
    }

    /// Removes the deployments that are neither current nor previous, and nothing that this module did not write. It cannot
    /// fail: the deployment has happened, and what stays behind now is removed by the next one.
    fn clean(&self) {
        let (Ok(current), Ok(previous)) = (self.link(CURRENT), self.link(PREVIOUS)) else { return };
        let kept = [current, previous];
        let entries = fs::read_dir(self.folder.join(RELEASES)).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let target = Path::new(RELEASES).join(&name);
            let is_folder = entry.file_type().is_ok_and(|file_type| file_type.is_dir());
            if is_folder && name.to_str().is_some_and(is_ours) && !kept.contains(&Some(target)) {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }
}

/// Whether a name in the folder of releases is one that this module gives.
fn is_ours(name: &str) -> bool {
    let release = name.match_indices('-').nth(1).map(|(end, _)| &name[..end]);
    name.starts_with(UNFINISHED) || release.is_some_and(|release| ReleaseId::new(release).is_ok())
}

fn write_files(folder: &Path, files: &Files) -> Result<(), DeployError> {
    for (below, text) in files {
        let path = folder.join(below);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(failed(parent, "written"))?;
        File::create(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(failed(&path, "written"))?;
    }
    sync(folder)
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<(), DeployError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder, "written"))
}

/// A digest of names and texts, each preceded by its length.
fn fingerprint(files: &Files) -> Digest {
    let mut bytes = Vec::new();
    for (path, text) in files {
        for part in [path.as_os_str().as_encoded_bytes(), text.as_bytes()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }
    Digest::of(&bytes)
}
