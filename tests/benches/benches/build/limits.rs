//! The build and push against what it is made of: reading, compressing and sending, each for itself and as fast as the
//! machine can; and against the same build with the push after it, by skopeo and by curl.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use plimsoll_benches::{
    contexts::DataFiles,
    limits,
    report::Report,
    timing::{Pairs, process},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::ours::Ours;

/// Compares; `goal` is the most that a build with its push may take of the slowest of its parts.
pub(crate) fn compare(
    title: &str,
    ours: &mut Ours<'_>,
    (files, goal): (DataFiles, f64),
    turns: usize,
    report: &mut Report,
) {
    let (mut parts, mut skopeo, mut curl) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        let folder = ours.folder().to_owned();
        let read = limits::read(files, &folder);
        let compressed = limits::compress(files, &folder);
        ours.forget();
        let built = process(&mut ours.build());
        let layout = single(&folder.join(".plimsoll/build"));
        let layers = layers(layout.path());
        let repository = ours.new_repository("curl");
        let uploaded = limits::upload(&layers, &ours.registry.host(), &repository);
        let repository = ours.new_repository("skopeo");
        let copied = process(
            Command::new("skopeo")
                .args(["copy", "--quiet", "--dest-tls-verify=false", "--preserve-digests"])
                .arg(format!("oci:{}", layout.path().display()))
                .arg(format!("docker://{}", ours.registry.reference(&repository))),
        );
        ours.forget();
        let released = process(&mut ours.release());
        parts.push((released, read.max(compressed).max(uploaded)));
        skopeo.push((released, built + copied));
        curl.push((released, built + uploaded));
    }
    let row = |what: &str| format!("{title}, cold: build and push / {what}");
    report.times(&row("slowest of read, compress, upload"), &Pairs::from_iter(parts), goal);
    report.times(&row("build, then skopeo copy"), &Pairs::from_iter(skopeo), 1.0);
    report.times(&row("build, then curl upload"), &Pairs::from_iter(curl), 1.0);
}

/// A layout with nothing but the image that was built last: skopeo takes the only one that it finds.
fn single(built: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut index = json(&built.join("index.json"));
    let last = index["manifests"].as_array().and_then(|all| all.last()).cloned();
    index["manifests"] = Value::Array(last.into_iter().collect());
    fs::write(folder.path().join("index.json"), index.to_string()).expect("there is room for a file");
    for name in ["oci-layout", "blobs"] {
        symlink(built.join(name), folder.path().join(name)).expect("a folder of its own has room for a link");
    }
    folder
}

/// The files of the layers, with their digests.
fn layers(layout: &Path) -> Vec<(PathBuf, String)> {
    let blob = |digest: &str| layout.join("blobs").join(digest.replace(':', "/"));
    let digest = |value: &Value| value["digest"].as_str().expect("descriptors have a digest").to_owned();
    let manifest = json(&blob(&digest(&json(&layout.join("index.json"))["manifests"][0])));
    let layers = manifest["layers"].as_array().into_iter().flatten().map(digest);
    layers.map(|digest| (blob(&digest), digest)).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the build left it")).expect("layouts are made of JSON")
}
