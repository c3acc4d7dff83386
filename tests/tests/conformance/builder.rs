//! Plimsoll's embedded builder, as the host uses it.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use plimsoll_core::ports::{Activity, BuildRequest, Compression, ImageBuilder as _, Platforms, Progress};
use plimsoll_fetch::Fetcher;
use plimsoll_image::EmbeddedBuilder;

use super::{bases::Bases, case::Case};

/// The time that images are built at: 2024-01-01.
pub(crate) const TIMESTAMP: i64 = 1_704_067_200;

/// What came of a build: the digest, or why there is none, and what was said on the way.
pub(crate) struct Built {
    pub(crate) result: Result<String, String>,
    pub(crate) warnings: Vec<String>,
}

/// Builds the case whose context lies there into a layout.
pub(crate) fn build(
    case: &Case,
    bases: &Bases,
    context: &Path,
    layout: &Path,
    cache: Option<&Path>,
) -> Built {
    let request = BuildRequest {
        context: context.to_owned(),
        dockerfile: context.join("Dockerfile"),
        build_arguments: case.arguments.clone(),
        target: case.target.clone(),
        platforms: Platforms::new(vec![case.platform.parse().unwrap()]).unwrap(),
        compression: Compression::Gzip,
        labels: [].into(),
        annotations: [].into(),
        timestamp: TIMESTAMP,
        layout: layout.to_owned(),
    };
    // Only the first call can install it; all want the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let remote = Arc::new(Fetcher::default());
    let builder = EmbeddedBuilder::new(Arc::new(bases.clone()), remote, cache.map(Path::to_owned));
    let warnings = Warnings::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(builder.build(&request, &warnings));
    Built {
        result: result.map(|built| built.digest.to_string()).map_err(|failure| failure.to_string()),
        warnings: warnings.0.into_inner().unwrap(),
    }
}

#[derive(Default)]
struct Warnings(Mutex<Vec<String>>);

impl Progress for Warnings {
    fn activity(&self, activity: Activity<'_>) {
        if let Activity::Warning(line) = activity {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }
}
