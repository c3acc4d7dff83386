//! A whole build by the embedded builder, in a folder of its own.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{
        BaseImages, BuildRequest, BuiltImage, Compression, FailureClass, GitSource, ImageBuilder as _,
        Platform, PortFailure, Progress, RemoteSources, Silent,
    },
    reference::ImageReference,
};
use plimsoll_image::EmbeddedBuilder;
use plimsoll_layout::Layout;
use serde_json::json;
use tempfile::TempDir;

use crate::{RUNTIME, sure};

/// The time that everything is built at: 2024-01-01.
const TIMESTAMP: i64 = 1_704_067_200;

/// Builds a Dockerfile over a small context and a base image of one layer, and promises of the result: the image is
/// whole, and the same again in another folder.
pub(crate) fn build(dockerfile: &str, base_layer: &[u8]) {
    if let Ok((built, folder)) = once(dockerfile, base_layer) {
        whole(&folder.path().join("layout"), &built.digest);
        let again = once(dockerfile, base_layer).map(|(again, _)| again.digest);
        assert_eq!(again.ok(), Some(built.digest), "another image the second time");
    }
}

fn once(dockerfile: &str, base_layer: &[u8]) -> Result<(BuiltImage, TempDir), PortFailure> {
    let folder = sure(workspace(dockerfile));
    let platform: Platform = sure("linux/amd64".parse());
    let request = BuildRequest {
        context: folder.path().join("context"),
        dockerfile: folder.path().join("Dockerfile"),
        build_arguments: BTreeMap::from([("GIVEN".to_owned(), "value".to_owned())]),
        target: None,
        platforms: platform.into(),
        compression: Compression::Gzip,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        timestamp: TIMESTAMP,
        layout: folder.path().join("layout"),
    };
    let bases = Arc::new(Base { layer: base_layer.to_vec() });
    let builder = EmbeddedBuilder::new(bases, Arc::new(Nowhere), None);
    let built = RUNTIME.block_on(builder.build(&request, &Silent))?;
    Ok((built, folder))
}

fn workspace(dockerfile: &str) -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let context = folder.path().join("context");
    fs::create_dir_all(context.join("site/assets"))?;
    fs::write(folder.path().join("Dockerfile"), dockerfile)?;
    fs::write(context.join("a.txt"), "a")?;
    fs::write(context.join("site/index.html"), "<h1>site</h1>")?;
    fs::write(context.join("site/assets/style.css"), "h1 {}")?;
    std::os::unix::fs::symlink("../a.txt", context.join("site/link"))?;
    Ok(folder)
}

/// Every blob that the image names is in its layout, and is what its digest says.
fn whole(layout: &Path, digest: &Digest) {
    let layout = sure(Layout::open(layout));
    let plimsoll_layout::Manifest::Image(image) = sure(layout.read_manifest(digest)) else {
        panic!("not an image")
    };
    for blob in sure(plimsoll_layout::manifest::blobs(&image)) {
        let bytes = sure(layout.read_blob(&blob.digest, u64::MAX));
        assert_eq!(bytes.len() as u64, blob.size, "the size of {}", blob.digest);
    }
}

/// One image under every name.
struct Base {
    layer: Vec<u8>,
}

impl Base {
    fn put(&self, platform: &Platform, layout: &Layout) -> Result<Digest, PortFailure> {
        let (layer, size) = layout.write_blob(&self.layer)?;
        let configuration = json!({
            "os": platform.os(),
            "architecture": platform.architecture(),
            "config": {"Env": ["PATH=/bin"], "WorkingDir": "/srv", "User": "1000", "OnBuild": ["ENV BY=base"]},
            "rootfs": {"type": "layers", "diff_ids": [layer]},
        });
        let (configuration, configuration_size) = layout.write_blob(configuration.to_string().as_bytes())?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": configuration,
                "size": configuration_size,
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer,
                "size": size,
            }],
        });
        Ok(layout.write_blob(manifest.to_string().as_bytes())?.0)
    }
}

#[async_trait]
impl BaseImages for Base {
    async fn fetch(
        &self,
        _: &ImageReference,
        platforms: &[Platform],
        layout: &Path,
        _: &dyn Progress,
    ) -> Result<Vec<Digest>, PortFailure> {
        let layout = Layout::open_or_create(layout)?;
        platforms.iter().map(|platform| self.put(platform, &layout)).collect()
    }
}

/// Nothing is fetched from anywhere.
struct Nowhere;

impl Nowhere {
    fn refuse<T>() -> Result<T, PortFailure> {
        Err(PortFailure::new(FailureClass::Outside, io::Error::other("there is nothing outside")))
    }
}

#[async_trait]
impl RemoteSources for Nowhere {
    async fn file(&self, _: &str, _: &mut (dyn Write + Send), _: &dyn Progress) -> Result<(), PortFailure> {
        Self::refuse()
    }

    async fn repository(&self, _: &GitSource, _: &Path, _: &dyn Progress) -> Result<String, PortFailure> {
        Self::refuse()
    }
}
