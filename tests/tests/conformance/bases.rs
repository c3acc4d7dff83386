//! The base images of the cases: described in `bases.toml`, put into a registry for the builders of others, and into the
//! layout of each build for Plimsoll's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{BaseImages, FailureClass, Platform, PortFailure, Progress},
    reference::ImageReference,
};
use plimsoll_layout::Layout;
use plimsoll_support::{DebianRegistry, skopeo};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{case, files, files::File, image::Image};

/// One base image, as described.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    /// Its layers, from the lowest.
    layers: Vec<Vec<File>>,
    /// The part `config` of its configuration.
    #[serde(default)]
    config: Value,
    /// Other members of its configuration.
    #[serde(default)]
    top: BTreeMap<String, Value>,
    /// How the layers are compressed: `gzip`, `zstd` or `tar`.
    #[serde(default = "gzip")]
    compression: String,
    /// Whether its media types are Docker's, not OCI's.
    #[serde(default)]
    docker: bool,
    /// What it runs on; for several platforms it becomes an index.
    #[serde(default = "amd64")]
    platforms: Vec<String>,
}

fn gzip() -> String {
    "gzip".to_owned()
}

fn amd64() -> Vec<String> {
    vec!["linux/amd64".to_owned()]
}

/// The base images in a layout of their own.
#[derive(Debug, Clone)]
pub(crate) struct Bases {
    folder: PathBuf,
    images: BTreeMap<String, Vec<(Platform, Digest)>>,
    /// Those with Docker's media types.
    dockers: BTreeSet<String>,
}

impl Bases {
    /// Makes them in a folder.
    pub(crate) fn make(folder: &Path) -> Self {
        let text = fs::read_to_string(case::corpus().join("bases.toml")).unwrap();
        let described: BTreeMap<String, Description> =
            toml::from_str(&text).unwrap_or_else(|error| panic!("bases.toml: {error}"));
        let layout = Layout::open_or_create(folder).unwrap();
        let (mut images, mut dockers) = (BTreeMap::new(), BTreeSet::new());
        for (name, description) in described {
            let make = |docker| -> Vec<(Platform, Digest)> {
                let platforms = description.platforms.iter();
                platforms
                    .map(|text| (text.parse().unwrap(), description.image(text, docker, &layout)))
                    .collect()
            };
            let offered = make(false);
            let offered = if offered.len() == 1 { offered[0].1 } else { index(&offered, &layout) };
            layout.set_reference(&name, &offered).unwrap();
            if description.docker {
                dockers.insert(name.clone());
            }
            images.insert(name, make(description.docker));
        }
        Self { folder: folder.to_owned(), images, dockers }
    }

    /// One of them.
    pub(crate) fn image(&self, name: &str) -> Image {
        Image::read(&self.folder, &self.images[name][0].1.to_string())
    }

    /// Puts them where Docker Hub's images of these names would be.
    pub(crate) fn push(&self, registry: &DebianRegistry) {
        for name in self.images.keys() {
            let source = format!("oci:{}:{name}", self.folder.display());
            let destination = format!("docker://{}", registry.reference(&format!("library/{name}:latest")));
            // skopeo reads only OCI's media types from a layout, and writes both.
            let kind = if self.dockers.contains(name) { "--format=v2s2" } else { "--preserve-digests" };
            let _ = skopeo(&["copy", "--all", kind, "--dest-tls-verify=false", &source, &destination]);
        }
    }
}

impl Description {
    fn image(&self, platform: &str, docker: bool, layout: &Layout) -> Digest {
        let (image, layer, config_type) = if docker {
            (
                "docker.distribution.manifest.v2+json",
                "docker.image.rootfs.diff",
                "docker.container.image.v1+json",
            )
        } else {
            ("oci.image.manifest.v1+json", "oci.image.layer.v1", "oci.image.config.v1+json")
        };
        let suffix = match (self.compression.as_str(), docker) {
            ("tar", _) => "tar".to_owned(),
            (format, true) => format!("tar.{format}"),
            (format, false) => format!("tar+{format}"),
        };
        let mut layers = Vec::new();
        let mut diff_ids = Vec::new();
        for files in &self.layers {
            let tar = files::tar(files);
            diff_ids.push(Digest::of(&tar).to_string());
            let (digest, size) = layout.write_blob(&files::compress(&self.compression, tar)).unwrap();
            layers.push(json!({
                "mediaType": format!("application/vnd.{layer}.{suffix}"), "digest": digest.to_string(), "size": size,
            }));
        }
        let mut parts = platform.split('/');
        let mut config = json!({ "os": parts.next(), "architecture": parts.next() });
        if let Some(variant) = parts.next() {
            config["variant"] = variant.into();
        }
        config["config"] = if self.config.is_null() { json!({}) } else { self.config.clone() };
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        config["history"] = layers.iter().map(|_| json!({ "created_by": "base" })).collect();
        for (name, value) in &self.top {
            config[name] = value.clone();
        }
        let (config, size) = layout.write_blob(config.to_string().as_bytes()).unwrap();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": format!("application/vnd.{image}"),
            "config": {
                "mediaType": format!("application/vnd.{config_type}"), "digest": config.to_string(), "size": size,
            },
            "layers": layers,
        });
        layout.write_blob(manifest.to_string().as_bytes()).unwrap().0
    }
}

/// An index of images, with an attestation among them as BuildKit makes them.
fn index(images: &[(Platform, Digest)], layout: &Layout) -> Digest {
    let manifests: Vec<Value> = images
        .iter()
        .map(|(platform, digest)| {
            let mut value = json!({ "os": platform.os(), "architecture": platform.architecture() });
            if let Some(variant) = platform.variant() {
                value["variant"] = variant.into();
            }
            let size = layout.has_blob(digest).unwrap();
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest.to_string(), "size": size, "platform": value,
            })
        })
        .collect();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    });
    layout.write_blob(index.to_string().as_bytes()).unwrap().0
}

impl Bases {
    /// Brings an image into a layout.
    fn bring(
        &self,
        reference: &ImageReference,
        platform: &Platform,
        layout: &Path,
    ) -> Result<Digest, PortFailure> {
        let name = reference.repository.path().trim_start_matches("library/");
        let missing = |what: String| PortFailure::new(FailureClass::User, std::io::Error::other(what));
        let images = self.images.get(name).ok_or_else(|| missing(format!("there is no image {name}")))?;
        let found = images.iter().find(|(offered, _)| offered == platform).or(match &images[..] {
            [only] => Some(only),
            _ => None,
        });
        let (_, digest) = found.ok_or_else(|| missing(format!("{name} has no image for {platform}")))?;
        let (from, to) = (Layout::open(&self.folder)?, Layout::open_or_create(layout)?);
        let manifest = from.read_blob(digest, 1 << 20)?;
        let parsed: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        for blob in parsed["layers"].as_array().into_iter().flatten().chain([&parsed["config"]]) {
            let digest: Digest =
                blob["digest"].as_str().unwrap_or_default().parse().expect("it was made here");
            to.write_blob(&from.read_blob(&digest, 1 << 24)?)?;
        }
        to.write_blob(&manifest)?;
        Ok(*digest)
    }
}

#[async_trait]
impl BaseImages for Bases {
    async fn fetch(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
        layout: &Path,
        _: &dyn Progress,
    ) -> Result<Vec<Digest>, PortFailure> {
        platforms.iter().map(|platform| self.bring(reference, platform, layout)).collect()
    }
}
