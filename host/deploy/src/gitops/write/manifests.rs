//! Manifests: the images of containers.

use std::path::Path;

use super::{Change, Edited, EditedFiles};
use crate::{
    error::DeployError,
    files::{EXTENSIONS, Files},
    gitops::error::GitOpsError,
    render::{Image, render, repository_of},
    workloads::for_each_image,
    yaml,
};

/// Whether a file is one of the manifests at a path. Hidden files and folders below it are none.
pub(super) fn is_manifest(path: &Path, file: &Path) -> bool {
    let below = file.strip_prefix(path).unwrap_or(file);
    let is_hidden = below.iter().any(|part| part.as_encoded_bytes().starts_with(b"."));
    !is_hidden && file.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

/// Writes the image into every container whose image is of the repository; there has to be one.
pub(super) fn write(path: &Path, files: &Files, change: &Change) -> Result<EditedFiles, GitOpsError> {
    let image = Image { repository: &change.repository, suffix: format!("@{}", change.digest) };
    let (mut edited, mut replaced, mut seen) = (EditedFiles::new(), 0, Vec::new());
    for (file, text) in files {
        let rendered = render(file, text, &image)?;
        let before = images(text, change);
        edited.insert(file.clone(), Edited { text: rendered.text, before });
        replaced += rendered.replaced;
        seen.extend(rendered.seen);
    }
    if replaced == 0 {
        seen.sort();
        seen.dedup();
        let (folder, repository) = (path.to_owned(), change.repository.clone());
        return Err(DeployError::NoContainer { folder, repository, seen }.into());
    }
    Ok(edited)
}

/// The images of the repository in a text that was read before.
fn images(text: &str, change: &Change) -> Vec<String> {
    let mut images = Vec::new();
    for document in &mut yaml::parse(text).unwrap_or_default() {
        for_each_image(document, &mut |image| {
            if repository_of(&image.text).parse().as_ref() == Ok(&change.repository) {
                images.push(image.text.clone());
            }
        });
    }
    images
}
