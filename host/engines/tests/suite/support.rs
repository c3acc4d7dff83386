//! What the tests of this crate share: a context on disk, what builders say of it, and what an independent reader finds.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use plimsoll_core::ports::{
    Activity, BuildRequest, BuiltImage, Compression, ImageBuilder, Platform, Platforms, PortFailure, Progress,
};
use plimsoll_engines::{BuildSecret, SecretSource};
use plimsoll_support::{DebianRegistry, NginxBase, buildah, skopeo};
use serde_json::Value;

/// The time that the tests build at: 2024-01-01.
pub(crate) const TIMESTAMP: i64 = 1_704_067_200;

/// The secret that nobody may see.
pub(crate) const SECRET: &str = "S3CR3T-hunter2-0451";

/// A folder with a context and a layout, and the registry that its base image is in.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
    pub(crate) registry: DebianRegistry,
    base: String,
}

/// What came of a build.
pub(crate) struct Outcome {
    pub(crate) built: Result<BuiltImage, PortFailure>,
    pub(crate) lines: Vec<String>,
    pub(crate) transfers: usize,
}

impl Workspace {
    /// A workspace with a Dockerfile, in which `BASE` stands for the base image, and a file `page`.
    pub(crate) fn new(dockerfile: &str) -> Self {
        let registry = DebianRegistry::start();
        let base = NginxBase::get().push(&registry);
        let folder = tempfile::tempdir().unwrap();
        let workspace = Self { folder, registry, base };
        workspace.write("page", "Ahoy\n");
        workspace.write("Dockerfile", &dockerfile.replace("BASE", &workspace.base));
        workspace
    }

    /// Fetches the base image into a storage of buildah.
    pub(crate) fn pull_base(&self, storage: &Path) {
        let _ = buildah(storage, &["pull", "--quiet", "--tls-verify=false", &self.base]);
    }

    /// The names of what a storage of buildah has, but for the base image.
    pub(crate) fn buildah_lists(&self, storage: &Path) -> String {
        let names = buildah(storage, &["images", "--noheading", "--format={{.Name}}"]).text();
        let names: Vec<_> = names.lines().filter(|name| name.contains("plimsoll")).collect();
        names.join(" ")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path("context").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn request(&self) -> BuildRequest {
        let text = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        BuildRequest {
            context: self.path("context"),
            dockerfile: self.path("context/Dockerfile"),
            build_arguments: text("GREETING", "Moin, \"x\""),
            target: None,
            platforms: "linux/amd64".parse::<Platform>().unwrap().into(),
            compression: Compression::Gzip,
            labels: text("org.opencontainers.image.version", "1.2.3"),
            annotations: text("org.opencontainers.image.title", "A site, small"),
            timestamp: TIMESTAMP,
            layout: self.path("layout"),
        }
    }

    pub(crate) fn build(&self, builder: &dyn ImageBuilder, request: &BuildRequest) -> Outcome {
        let seen = Seen::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let built = runtime.block_on(builder.build(request, &seen));
        let (lines, transfers) = seen.0.into_inner().unwrap();
        let left: Vec<_> = fs::read_dir(&request.layout)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?} was left in the layout");
        Outcome { built, lines, transfers }
    }
}

impl Outcome {
    #[track_caller]
    pub(crate) fn image(&self, workspace: &Workspace) -> Image {
        match &self.built {
            Ok(built) => Image::read(workspace, built),
            Err(error) => panic!("{error}\n{}", self.lines.join("\n")),
        }
    }

    #[track_caller]
    pub(crate) fn failure(&self) -> &PortFailure {
        self.built.as_ref().expect_err("this should not build")
    }

    /// Everything that anybody was told.
    pub(crate) fn told(&self) -> String {
        let failure = self.built.as_ref().err().map(|failure| format!("{failure} {failure:?}"));
        format!("{}\n{}", self.lines.join("\n"), failure.unwrap_or_default())
    }
}

/// Collects what is said.
#[derive(Default)]
struct Seen(Mutex<(Vec<String>, usize)>);

impl Progress for Seen {
    fn activity(&self, activity: Activity<'_>) {
        let mut seen = self.0.lock().unwrap();
        match activity {
            Activity::Line(line) | Activity::Warning(line) => seen.0.push(line.to_owned()),
            Activity::Transfer { .. } => seen.1 += 1,
        }
    }
}

/// An image as skopeo unpacks it, and as it is stored.
pub(crate) struct Image {
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    layers: PathBuf,
}

impl Image {
    fn read(workspace: &Workspace, built: &BuiltImage) -> Self {
        let layout = workspace.path("layout");
        let blob = |digest: &str| -> Value {
            let path = layout.join("blobs").join(digest.replace(':', "/"));
            serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
        };
        let manifest = blob(&built.digest.to_string());
        let image = match manifest["manifests"].as_array() {
            Some(images) => blob(images[0]["digest"].as_str().unwrap()),
            None => manifest.clone(),
        };
        let layers = image["layers"].as_array().unwrap();
        let size: u64 = layers.iter().map(|layer| layer["size"].as_u64().unwrap()).sum();
        assert!(built.size >= size, "{} < {size}", built.size);
        // Somebody else finds it whole, too.
        let copy = workspace.path("copy");
        let _ = skopeo(&["copy", "--all", &tagged(&layout, built), &format!("dir:{}", copy.display())]);
        Self { config: blob(image["config"]["digest"].as_str().unwrap()), manifest, layers: copy }
    }

    /// Whether the bytes are in any layer, compressed or not, in the configuration or in a manifest.
    pub(crate) fn holds(&self, text: &str) -> bool {
        fs::read_dir(&self.layers).unwrap().any(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            contains(&bytes, text) || contains(&unpacked(&bytes), text)
        })
    }

    /// A file of the image's last layers.
    pub(crate) fn file(&self, path: &str) -> Option<String> {
        let layers = self.manifest["layers"].as_array()?;
        layers.iter().rev().find_map(|layer| {
            let name = layer["digest"].as_str()?.trim_start_matches("sha256:");
            let tar = unpacked(&fs::read(self.layers.join(name)).ok()?);
            let mut archive = tar::Archive::new(tar.as_slice());
            let mut entries = archive.entries().ok()?.filter_map(Result::ok);
            let mut entry = entries.find(|entry| entry.path().is_ok_and(|found| found == Path::new(path)))?;
            let mut text = String::new();
            std::io::Read::read_to_string(&mut entry, &mut text).ok()?;
            Some(text)
        })
    }
}

fn tagged(layout: &Path, built: &BuiltImage) -> String {
    plimsoll_layout::Layout::open(layout).unwrap().set_reference("test", &built.digest).unwrap();
    format!("oci:{}:test", layout.display())
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    // What is not compressed has nothing inside.
    let _ = std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes), &mut plain);
    plain
}

/// A secret that comes from a variable, and its name.
pub(crate) fn secret() -> BuildSecret {
    let source = SecretSource::Variable { name: "NPM_TOKEN".to_owned(), value: Some(SECRET.into()) };
    BuildSecret { name: "npm".to_owned(), source }
}

/// The same from a file.
pub(crate) fn secret_file(workspace: &Workspace) -> BuildSecret {
    let path = workspace.path("npm-token");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    BuildSecret { name: "npm".to_owned(), source: SecretSource::File(path) }
}

/// Two platforms, neither of which has to run anything.
pub(crate) fn two_platforms() -> Platforms {
    let platforms = ["linux/amd64", "linux/arm64"].map(|text| text.parse::<Platform>().unwrap());
    Platforms::new(platforms.to_vec()).unwrap()
}

/// A Dockerfile that uses a secret, shows it, and proves that it had it.
pub(crate) const USES_SECRET: &str = "FROM BASE\n\
    ARG GREETING=Ahoy\n\
    RUN --mount=type=secret,id=npm cat /run/secrets/npm && sha256sum < /run/secrets/npm | cut -c 1-64 > /proof\n\
    RUN echo \"$GREETING\" > /greeting\n\
    COPY page /page\n";

/// The same, and then it fails, with the secret as its last words.
pub(crate) const FAILS_WITH_SECRET: &str = "FROM BASE\n\
    RUN --mount=type=secret,id=npm echo before; echo \"token: $(cat /run/secrets/npm)\" >&2; exit 7\n";
