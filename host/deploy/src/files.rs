//! The manifests of an application: which files they are, and what they say.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::error::DeployError;

/// Texts by path below their folder.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// What manifests are called.
pub(crate) const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Wraps what the file system answered.
pub(crate) fn failed(path: &Path, verb: &'static str) -> impl FnOnce(io::Error) -> DeployError {
    move |source| DeployError::Io { path: path.to_owned(), verb, source }
}

/// Reads all manifests below a folder. Left out are hidden files and folders, and the folder `except`, where the host
/// may write itself. Links are followed to files inside the folder alone.
pub(crate) fn read_manifests(folder: &Path, except: Option<&Path>) -> Result<Files, DeployError> {
    let root = folder.canonicalize().map_err(failed(folder, "read"))?;
    let walk = Walk { root: &root, except: except.and_then(|path| path.canonicalize().ok()) };
    let mut files = Files::new();
    walk.folder(&root, &mut files)?;
    if files.is_empty() { Err(DeployError::NoManifests { folder: folder.to_owned() }) } else { Ok(files) }
}

struct Walk<'a> {
    root: &'a Path,
    except: Option<PathBuf>,
}

impl Walk<'_> {
    fn folder(&self, folder: &Path, files: &mut Files) -> Result<(), DeployError> {
        for entry in fs::read_dir(folder).map_err(failed(folder, "read"))? {
            let entry = entry.map_err(failed(folder, "read"))?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") || self.except.as_ref() == Some(&path) {
                continue;
            }
            let kind = entry.file_type().map_err(failed(&path, "read"))?;
            if kind.is_dir() {
                self.folder(&path, files)?;
            } else if is_manifest(&path) && (kind.is_file() || self.links_to_file(&path)?) {
                let text = read_text(&path)?;
                let below = path.strip_prefix(self.root).unwrap_or(&path).to_owned();
                files.insert(below, text);
            } else if kind.is_symlink() {
                self.links_to_file(&path)?;
            }
        }
        Ok(())
    }

    /// Whether a link leads to a file. One to a folder inside needs no following: the files are found in their own place.
    fn links_to_file(&self, link: &Path) -> Result<bool, DeployError> {
        let end = link.canonicalize().map_err(failed(link, "read"))?;
        if !end.starts_with(self.root) {
            return Err(DeployError::Escape { link: link.to_owned() });
        }
        Ok(end.is_file())
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

fn read_text(path: &Path) -> Result<String, DeployError> {
    let bytes = fs::read(path).map_err(failed(path, "read"))?;
    String::from_utf8(bytes).map_err(|_| DeployError::NotText { file: path.to_owned() })
}

/// Reads all files below a folder that the host wrote; `None` when it is not there or holds anything else.
pub(crate) fn read_written(folder: &Path) -> Option<Files> {
    fn collect(root: &Path, folder: &Path, files: &mut Files) -> Option<()> {
        for entry in fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            let path = entry.path();
            if entry.file_type().ok()?.is_dir() {
                collect(root, &path, files)?;
            } else {
                files.insert(path.strip_prefix(root).ok()?.to_owned(), fs::read_to_string(&path).ok()?);
            }
        }
        Some(())
    }
    let mut files = Files::new();
    collect(folder, folder, &mut files)?;
    Some(files)
}
