//! The base image `nginx`, made from Debian packages: a real nginx with the libraries that it needs and nothing else.

mod image;
mod root;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

use crate::{
    DebianRegistry,
    command::run,
    requirement::program,
    text::{hexadecimal, shared_cache, temporary_folder},
};

/// What a runnable nginx consists of, and a shell with the usual small programs, so that a Dockerfile can RUN something
/// on it as on the official image. None of them needs its maintainer scripts for that.
const PACKAGES: [&str; 8] =
    ["nginx", "nginx-common", "libc6", "libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g", "busybox-static"];

/// Counts the changes to what is made of the packages, so that older images are not found in the cache.
const RECIPE: u32 = 3;

/// The base image, in an OCI layout that all tests of a machine share. Tests must not change it.
#[derive(Debug, Clone)]
pub struct NginxBase {
    layout: PathBuf,
}

impl NginxBase {
    /// The tag in the layout, and the image's name in registries.
    pub const TAG: &str = "1.22";

    /// Makes the image, or finds it in the cache. The cache is keyed by the versions of the packages.
    ///
    /// # Panics
    /// The packages could not be fetched or unpacked.
    #[must_use]
    #[track_caller]
    pub fn get() -> Self {
        let uris = uris();
        assert!(uris.status.success(), "{uris}\n`apt-get update` brings the lists of packages.");
        let key = Sha256::digest(format!("{RECIPE}\n{}", uris.text()));
        let cache = shared_cache();
        let layout = cache.join(format!("nginx-{}", &hexadecimal(&key)[..16]));
        let lock = File::create(cache.join("nginx.lock"))
            .and_then(|file| file.lock().map(|()| file))
            .unwrap_or_else(|error| panic!("{} could not be locked: {error}", cache.display()));
        if !layout.join("index.json").is_file() {
            make(&layout);
        }
        drop(lock);
        Self { layout }
    }

    /// The OCI layout that it is in, under [`NginxBase::TAG`].
    #[must_use]
    pub fn layout(&self) -> &Path {
        &self.layout
    }

    /// Copies it to a registry as `nginx:1.22` and answers with its reference there.
    ///
    /// # Panics
    /// The copy failed.
    #[must_use]
    #[track_caller]
    pub fn push(&self, registry: &DebianRegistry) -> String {
        let reference = registry.reference(&format!("nginx:{}", Self::TAG));
        let source = format!("oci:{}:{}", self.layout.display(), Self::TAG);
        let _ =
            crate::skopeo(&["copy", "--dest-tls-verify=false", &source, &format!("docker://{reference}")]);
        reference
    }
}

/// Why the base image cannot be made; nothing when it can.
pub(crate) fn obstacle() -> Option<String> {
    ["apt-get", "dpkg-deb", "tar", "gzip"].into_iter().find_map(program).or_else(|| {
        let known = uris().status.success();
        (!known).then(|| "apt-get knows no package nginx; `apt-get update` brings the lists".to_owned())
    })
}

/// Where the packages are, with their versions and checksums.
fn uris() -> crate::Finished {
    run(Command::new("apt-get").args(["--print-uris", "download"]).args(PACKAGES).env("LC_ALL", "C"))
}

/// Makes the layout beside its place, and moves it there when it is whole.
#[track_caller]
fn make(layout: &Path) {
    let work = temporary_folder("nginx");
    let root = work.path().join("root");
    root::unpack(work.path(), &root);
    let unfinished = layout.with_extension("unfinished");
    // What an interrupted run left behind.
    let _ = fs::remove_dir_all(&unfinished);
    image::write(&root, work.path(), &unfinished);
    if let Err(error) = fs::rename(&unfinished, layout) {
        panic!("{} could not be put into place: {error}", layout.display());
    }
}
