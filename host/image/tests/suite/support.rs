//! What the tests of this crate share: a workspace on disk, base images from memory, and a reader of what was built.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{
        Activity, BaseImages, BuildRequest, BuiltImage, Compression, FailureClass, GitSource,
        ImageBuilder as _, Platform, PortFailure, Progress, RemoteSources,
    },
    reference::ImageReference,
};
use plimsoll_image::EmbeddedBuilder;
use plimsoll_layout::{Layout, Manifest};
use serde_json::{Value, json};

/// The time that the tests build at: 2024-01-01.
pub(crate) const TIMESTAMP: i64 = 1_704_067_200;

/// A folder with a context, a layout and a cache.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
    /// How often base images were asked for.
    pub(crate) fetches: Arc<AtomicUsize>,
    bases: Option<Bases>,
    /// What is elsewhere: files by address.
    pub(crate) web: BTreeMap<String, Vec<u8>>,
}

/// The base image for each platform.
type Bases = Arc<dyn Fn(&Platform) -> Base + Send + Sync>;

/// A base image of one layer.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) config: Value,
    pub(crate) layer: Vec<u8>,
}

impl Workspace {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Self { folder, fetches: Arc::default(), bases: None, web: BTreeMap::new() };
        fs::create_dir(workspace.context()).unwrap();
        for (path, content) in files {
            workspace.write(path, content);
        }
        workspace
    }

    /// With the same base image for whichever platform, as without an index.
    pub(crate) fn with_base(self, base: Base) -> Self {
        self.with_bases(move |_| base.clone())
    }

    pub(crate) fn with_bases(mut self, bases: impl Fn(&Platform) -> Base + Send + Sync + 'static) -> Self {
        self.bases = Some(Arc::new(bases));
        self
    }

    /// The folder with everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn context(&self) -> PathBuf {
        self.folder.path().join("context")
    }

    pub(crate) fn layout(&self) -> PathBuf {
        self.folder.path().join("layout")
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.context().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn request(&self) -> BuildRequest {
        BuildRequest {
            context: self.context(),
            dockerfile: self.context().join("Dockerfile"),
            build_arguments: BTreeMap::new(),
            target: None,
            platforms: Platform::new("linux", "amd64", None).into(),
            compression: Compression::Gzip,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            timestamp: TIMESTAMP,
            layout: self.layout(),
        }
    }

    pub(crate) fn builder(&self) -> EmbeddedBuilder {
        let images = Images { fetches: Arc::clone(&self.fetches), bases: self.bases.clone() };
        let web = Web { files: self.web.clone(), fetches: Arc::clone(&self.fetches) };
        EmbeddedBuilder::new(Arc::new(images), Arc::new(web), Some(self.folder.path().join("cache")))
    }

    pub(crate) fn try_build(&self, request: &BuildRequest) -> (Result<BuiltImage, PortFailure>, Vec<String>) {
        let lines = Lines::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let built = runtime.block_on(self.builder().build(request, &lines));
        (built, lines.0.into_inner().unwrap())
    }

    /// Builds the Dockerfile; what comes out is read back.
    pub(crate) fn build(&self) -> Image {
        self.build_request(&self.request())
    }

    pub(crate) fn build_request(&self, request: &BuildRequest) -> Image {
        let built = self.try_build(request).0.unwrap_or_else(|error| panic!("{error}"));
        Image::read(&request.layout, built)
    }

    /// Builds a Dockerfile that cannot be built; answers the error.
    pub(crate) fn fail(&self) -> String {
        match self.try_build(&self.request()).0 {
            Ok(_) => panic!("this should not build"),
            Err(error) => error.to_string(),
        }
    }
}

/// Collects what is said.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Progress for Lines {
    fn activity(&self, activity: Activity<'_>) {
        if let Activity::Line(line) | Activity::Warning(line) = activity {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }
}

struct Images {
    fetches: Arc<AtomicUsize>,
    bases: Option<Bases>,
}

impl Base {
    /// Writes the image as Docker would have.
    fn write(&self, layout: &Layout) -> Result<Digest, PortFailure> {
        let (layer, size) = layout.write_blob(&self.layer)?;
        let (config, config_size) = layout.write_blob(self.config.to_string().as_bytes())?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "digest": config.to_string(), "size": config_size,
            },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "digest": layer.to_string(), "size": size,
            }],
        });
        Ok(layout.write_blob(manifest.to_string().as_bytes())?.0)
    }
}

/// Files by address, and one repository, whose one file says which state of it was asked for.
struct Web {
    files: BTreeMap<String, Vec<u8>>,
    fetches: Arc<AtomicUsize>,
}

#[async_trait]
impl RemoteSources for Web {
    async fn file(
        &self,
        url: &str,
        into: &mut (dyn Write + Send),
        _: &dyn Progress,
    ) -> Result<(), PortFailure> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let none = || PortFailure::new(FailureClass::Outside, format!("nothing is at {url}"));
        into.write_all(self.files.get(url).ok_or_else(none)?).unwrap();
        Ok(())
    }

    async fn repository(
        &self,
        source: &GitSource,
        into: &Path,
        _: &dyn Progress,
    ) -> Result<String, PortFailure> {
        fs::create_dir_all(into.join("docs/deep")).unwrap();
        fs::write(into.join("docs/deep/page"), format!("{source:?}")).unwrap();
        fs::write(into.join("readme"), "read me").unwrap();
        Ok("c0ffee0000000000000000000000000000000000".to_owned())
    }
}

#[async_trait]
impl BaseImages for Images {
    async fn fetch(
        &self,
        reference: &ImageReference,
        platforms: &[Platform],
        layout: &Path,
        _: &dyn Progress,
    ) -> Result<Vec<Digest>, PortFailure> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let none = || PortFailure::new(FailureClass::User, format!("there is no {reference}"));
        let bases = self.bases.as_ref().ok_or_else(none)?;
        let layout = Layout::open_or_create(layout)?;
        platforms.iter().map(|platform| bases(platform).write(&layout)).collect()
    }
}

/// A small root file system with links, users and a configuration that has fields nobody here knows.
pub(crate) fn small_base() -> Base {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |path: &str, kind: tar::EntryType, mode: u32, owner: u64, data: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(owner);
        header.set_mtime(1);
        if kind == Symlink || kind == Link {
            header.set_size(0);
            tar.append_link(&mut header, path, data).unwrap();
        } else {
            header.set_size(data.len() as u64);
            tar.append_data(&mut header, path, data.as_bytes()).unwrap();
        }
    };
    use tar::EntryType::{Directory, Link, Regular, Symlink};
    add("./usr/", Directory, 0o755, 0, "");
    add("./usr/bin/", Directory, 0o711, 7, "");
    add("./usr/bin/tool", Regular, 0o4755, 7, "tool");
    add("./usr/bin/same", Link, 0o4755, 7, "usr/bin/tool");
    add("./bin", Symlink, 0o777, 0, "usr/bin");
    add("./etc/", Directory, 0o755, 0, "");
    add("./etc/passwd", Regular, 0o644, 0, "root:x:0:0::/:\nweb:x:33:34::/:\n");
    add("./etc/group", Regular, 0o644, 0, "root:x:0:\nstaff:x:50:\n");
    add("./var/log/access.log", Symlink, 0o777, 0, "/dev/stdout");
    let tar = tar.into_inner().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&tar).unwrap();
    Base {
        config: json!({
            "architecture": "amd64", "os": "linux", "os.features": ["kept"], "docker_version": "20.10",
            "config": {
                "Env": ["PATH=/bin", "A=base"], "Cmd": ["base"], "User": "", "WorkingDir": "", "Labels": null,
                "Volumes": { "/data": {} }, "Unknown": { "x": 1 },
            },
            "rootfs": { "type": "layers", "diff_ids": [Digest::of(&tar).to_string()] },
            "history": [{ "created_by": "base" }],
        }),
        layer: encoder.finish().unwrap(),
    }
}

/// An image that was built, read back with nothing but the specification.
pub(crate) struct Image {
    pub(crate) digest: Digest,
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    /// For each layer its entries in their order.
    pub(crate) layers: Vec<Vec<Entry>>,
}

/// An entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) kind: tar::EntryType,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) time: u64,
    pub(crate) target: Option<String>,
    pub(crate) content: String,
    pub(crate) attributes: Vec<(String, Vec<u8>)>,
}

impl Image {
    fn read(layout: &Path, built: BuiltImage) -> Self {
        let layout = Layout::open(layout).unwrap();
        assert!(layout.references().unwrap().contains(&(None, built.digest)), "the index offers the image");
        let image = Self::of(&layout, built.digest);
        let sizes =
            image.manifest["layers"].as_array().unwrap().iter().map(|layer| layer["size"].as_u64().unwrap());
        assert_eq!(built.size, sizes.sum::<u64>());
        image
    }

    /// Reads one image for one platform.
    pub(crate) fn of(layout: &Layout, digest: Digest) -> Self {
        assert!(matches!(layout.read_manifest(&digest).unwrap(), Manifest::Image(_)));
        let json = |digest: &Digest| -> Value {
            serde_json::from_slice(&layout.read_blob(digest, 1 << 20).unwrap()).unwrap()
        };
        let manifest = json(&digest);
        let config = json(&manifest["config"]["digest"].as_str().unwrap().parse().unwrap());
        let mut layers = Vec::new();
        for (index, descriptor) in manifest["layers"].as_array().unwrap().iter().enumerate() {
            let digest = descriptor["digest"].as_str().unwrap().parse().unwrap();
            let blob = layout.read_blob(&digest, 1 << 30).unwrap();
            assert_eq!(descriptor["size"], blob.len());
            let mut tar = Vec::new();
            if descriptor["mediaType"].as_str().unwrap().ends_with("+zstd") {
                tar = zstd::decode_all(blob.as_slice()).unwrap();
            } else {
                flate2::read::MultiGzDecoder::new(blob.as_slice()).read_to_end(&mut tar).unwrap();
            }
            assert_eq!(config["rootfs"]["diff_ids"][index], Digest::of(&tar).to_string());
            layers.push(entries(&tar));
        }
        let history = config["history"].as_array().unwrap();
        let with_layer = history.iter().filter(|entry| entry["empty_layer"] != true).count();
        assert_eq!(with_layer, layers.len(), "the history has an entry for each layer");
        Self { digest, manifest, config, layers }
    }

    /// The entries of the last layer.
    pub(crate) fn last(&self) -> &[Entry] {
        self.layers.last().unwrap()
    }

    /// The paths of the last layer.
    pub(crate) fn paths(&self) -> Vec<&str> {
        self.last().iter().map(|entry| entry.path.as_str()).collect()
    }

    /// An entry of the last layer.
    pub(crate) fn entry(&self, path: &str) -> &Entry {
        let found = self.last().iter().find(|entry| entry.path == path);
        found.unwrap_or_else(|| panic!("{path} is not among {:?}", self.paths()))
    }
}

fn entries(tar: &[u8]) -> Vec<Entry> {
    let mut archive = tar::Archive::new(tar);
    let mut list = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let mut attributes = Vec::new();
        for extension in entry.pax_extensions().unwrap().into_iter().flatten() {
            let extension = extension.unwrap();
            if let Some(name) = extension.key().unwrap().strip_prefix("SCHILY.xattr.") {
                attributes.push((name.to_owned(), extension.value_bytes().to_vec()));
            }
        }
        let header = entry.header();
        list.push(Entry {
            path: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            kind: header.entry_type(),
            mode: header.mode().unwrap(),
            owner: (header.uid().unwrap(), header.gid().unwrap()),
            time: header.mtime().unwrap(),
            target: entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned()),
            content: String::from_utf8_lossy(&content).into_owned(),
            attributes,
        });
    }
    list
}
