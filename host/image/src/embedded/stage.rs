//! A stage while it is built: its configuration, its arguments, its layers and its files.

use std::{collections::BTreeMap, path::PathBuf};

use plimsoll_core::{digest::Digest, ports::Platform, reference::ImageReference};
use plimsoll_layout::{Layout, manifest};
use serde_json::Value;

use crate::{
    cache::Cache,
    config::ImageConfig,
    dockerfile::{Problem, Word},
    error::ImageError,
    layer::LayerBlob,
    tree::Tree,
};

/// A stage as far as it is built.
#[derive(Debug, Clone)]
pub(super) struct StageState {
    /// The image's configuration so far.
    pub(super) config: ImageConfig,
    /// The arguments that were declared, with their values, less those over which ENV set a variable.
    pub(super) arguments: BTreeMap<String, String>,
    /// The descriptors of its layers.
    pub(super) layers: Vec<Value>,
    /// Its files.
    pub(super) files: Rootfs,
    /// The image that it starts from, and the digest of its manifest.
    pub(super) base: Option<(ImageReference, Digest)>,
    /// Whether this stage has a CMD of its own.
    pub(super) has_command: bool,
}

/// A file system that is read out of its layers when it is first asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Rootfs {
    layers: Vec<Digest>,
    tree: Option<Tree>,
}

impl Rootfs {
    /// The layers that it begins with.
    pub(super) fn layers(&self) -> &[Digest] {
        &self.layers
    }

    /// The file system, to look at and to change.
    pub(super) fn load(&mut self, cache: &Cache, layout: &Layout) -> Result<&mut Tree, ImageError> {
        let tree = match self.tree.take() {
            Some(tree) => tree,
            None => cache.tree(layout, &self.layers)?,
        };
        Ok(self.tree.insert(tree))
    }
}

impl StageState {
    /// A stage that starts from nothing.
    pub(super) fn scratch(platform: &Platform) -> Self {
        Self {
            config: ImageConfig::scratch(platform),
            arguments: BTreeMap::new(),
            layers: Vec::new(),
            files: Rootfs::default(),
            base: None,
            has_command: false,
        }
    }

    /// A stage that starts from an image of the layout.
    pub(super) fn image(
        layout: &Layout,
        reference: &ImageReference,
        digest: Digest,
    ) -> Result<Self, ImageError> {
        let (manifest, mut config) = read_image(layout, reference, digest)?;
        // They are instructions of the plan now.
        config.remove("OnBuild");
        config.ensure_path();
        let mut digests = Vec::new();
        let mut layers = Vec::new();
        for descriptor in manifest.layers() {
            digests.push(manifest::digest(descriptor)?);
            let kind = oci_layer_type(descriptor.media_type().as_ref());
            let mut value = serde_json::to_value(descriptor)
                .map_err(|error| unusable(reference, &format!("a layer cannot be described: {error}")))?;
            value["mediaType"] = kind.into();
            layers.push(value);
        }
        Ok(Self {
            config,
            arguments: BTreeMap::new(),
            layers,
            files: Rootfs { layers: digests, tree: None },
            base: Some((reference.clone(), digest)),
            has_command: false,
        })
    }

    /// A stage that goes on where this one ends.
    pub(super) fn continued(&self) -> Self {
        let mut next = Self { has_command: false, ..self.clone() };
        // What was declared before is not there for the environment to be hidden by it.
        next.arguments.retain(|name, _| self.config.env(name).is_none());
        next.config.remove("OnBuild");
        next
    }

    /// A word with its variables replaced.
    pub(super) fn expand(&self, word: &Word) -> Result<String, Problem> {
        word.template
            .expand(&|name| self.variable(name))
            .map_err(|message| Problem::new(word.at, format!("{message}, in `{}`", word.text)))
    }

    /// The value of a variable: what ARG or ENV said last.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.arguments.get(name).cloned().or_else(|| self.config.env(name))
    }

    /// Sets an environment variable, over an argument of its name.
    pub(super) fn set_env(&mut self, name: &str, value: &str) {
        self.arguments.remove(name);
        self.config.set_env(name, value);
    }

    /// Where relative paths begin.
    pub(super) fn working_directory(&self) -> PathBuf {
        let text = self.config.text("WorkingDir");
        PathBuf::from(if text.is_empty() { "/" } else { text })
    }

    /// Adds a layer that is in the layout.
    pub(super) fn add_layer(&mut self, layer: &LayerBlob, media_type: &str) {
        self.config.add_layer(&layer.diff_id);
        self.layers.push(serde_json::json!({
            "mediaType": media_type,
            "digest": layer.digest.to_string(),
            "size": layer.size,
        }));
    }
}

/// What is to be known of an image before anything is built on it.
pub(super) struct About {
    /// The platform that it says it is for; `None` when it says none.
    pub(super) platform: Option<Platform>,
    /// What it makes builds do that start from it.
    pub(super) triggers: Vec<String>,
}

/// Looks at an image of the layout.
pub(super) fn about(
    layout: &Layout,
    reference: &ImageReference,
    digest: Digest,
) -> Result<About, ImageError> {
    let (_, config) = read_image(layout, reference, digest)?;
    Ok(About { platform: config.platform(), triggers: config.texts("OnBuild") })
}

fn read_image(
    layout: &Layout,
    reference: &ImageReference,
    digest: Digest,
) -> Result<(Box<manifest::ImageManifest>, ImageConfig), ImageError> {
    let manifest::Manifest::Image(image) = layout.read_manifest(&digest)? else {
        return Err(unusable(reference, "it is a choice of images, not one for this platform"));
    };
    let document = layout.read_blob(&manifest::digest(image.config())?, manifest::LARGEST_CONFIGURATION)?;
    let config = ImageConfig::of_base(&document, image.layers().len())
        .ok_or_else(|| unusable(reference, "its configuration does not fit its layers"))?;
    Ok((image, config))
}

fn unusable(image: &ImageReference, problem: &str) -> ImageError {
    ImageError::Base { image: image.to_string(), problem: problem.to_owned() }
}

/// The OCI media type for a layer of Docker's; the same bytes go by both names (OCI image specification 1.1,
/// "Compatibility Matrix").
fn oci_layer_type(docker: &str) -> &str {
    match docker {
        "application/vnd.docker.image.rootfs.diff.tar" => "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd" => "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => {
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
        }
        other => other,
    }
}
