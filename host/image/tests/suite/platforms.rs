//! One build for several platforms.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use plimsoll_core::{
    digest::Digest,
    ports::{BuildRequest, BuiltImage, Platform, Platforms},
};
use plimsoll_layout::Layout;
use serde_json::{Value, json};

use crate::support::{Base, Image, Workspace, small_base};

fn request(workspace: &Workspace, platforms: &[&str]) -> BuildRequest {
    let platforms = platforms.iter().map(|platform| platform.parse().unwrap()).collect();
    let platforms = Platforms::new(platforms).unwrap();
    BuildRequest { platforms, ..workspace.request() }
}

/// The index that was built, and the images that it names.
struct Index {
    built: BuiltImage,
    document: Value,
    images: Vec<Image>,
}

fn build(workspace: &Workspace, platforms: &[&str]) -> Index {
    build_request(workspace, &request(workspace, platforms))
}

fn build_request(workspace: &Workspace, request: &BuildRequest) -> Index {
    let built = workspace.try_build(request).0.unwrap_or_else(|error| panic!("{error}"));
    let layout = Layout::open(&request.layout).unwrap();
    let document: Value = serde_json::from_slice(&layout.read_blob(&built.digest, 1 << 20).unwrap()).unwrap();
    let images = document["manifests"].as_array().unwrap().iter().map(|entry| {
        let digest = entry["digest"].as_str().unwrap().parse().unwrap();
        assert_eq!(entry["size"], layout.has_blob(&digest).unwrap().unwrap());
        Image::of(&layout, digest)
    });
    let images = images.collect();
    Index { built, document, images }
}

/// The small base, for that platform and with a file that says so.
fn base_for(platform: &Platform) -> Base {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let text = platform.to_string();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    tar.append_data(&mut header, "platform", text.as_bytes()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut config = small_base().config;
    config["architecture"] = platform.architecture().into();
    if let Some(variant) = platform.variant() {
        config["variant"] = variant.into();
    }
    config["rootfs"]["diff_ids"] = json!([Digest::of(&tar).to_string()]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, &tar).unwrap();
    Base { config, layer: encoder.finish().unwrap() }
}

#[test]
fn an_index_names_an_image_for_each_platform() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY f /\n"), ("f", "content")]);
    let mut request = request(&workspace, &["linux/arm64", "linux/amd64", "linux/arm/v7"]);
    request.annotations = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    request.labels = BTreeMap::from([("l".to_owned(), "2".to_owned())]);
    let Index { built, document, images } = build_request(&workspace, &request);
    let layout = Layout::open(&request.layout).unwrap();
    assert_eq!(layout.references().unwrap(), [(None, built.digest)], "only the index is offered");
    let platforms = [
        json!({"architecture": "arm64", "os": "linux"}),
        json!({"architecture": "amd64", "os": "linux"}),
        json!({"architecture": "arm", "os": "linux", "variant": "v7"}),
    ];
    let entries: Vec<_> = images
        .iter()
        .zip(&platforms)
        .map(|(image, platform)| {
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": image.digest.to_string(),
                "size": image.manifest.to_string().len(),
                "platform": platform,
            })
        })
        .collect();
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": entries,
        "annotations": {"a": "1"},
    });
    assert_eq!(document, expected);
    for (image, platform) in images.iter().zip(&platforms) {
        for (name, value) in platform.as_object().unwrap() {
            assert_eq!(image.config[name], *value);
        }
        assert_eq!(image.manifest["annotations"], json!({"a": "1"}));
        assert_eq!(image.config["config"]["Labels"], json!({"l": "2"}));
        assert_eq!(image.manifest["layers"], images[0].manifest["layers"], "they share the layer");
    }
    assert_eq!(built.size, images[0].manifest["layers"][0]["size"].as_u64().unwrap(), "which counts once");

    let again = Workspace::new(&[("f", "content"), ("Dockerfile", "FROM scratch\nCOPY f /\n")]);
    request.context = again.context();
    request.dockerfile = again.context().join("Dockerfile");
    request.layout = again.layout();
    assert_eq!(build_request(&again, &request).built, built);
}

#[test]
fn each_platform_has_its_arguments_and_files() {
    let dockerfile = "FROM scratch\nARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT\n\
        ENV all=$TARGETPLATFORM,$TARGETOS,$TARGETARCH,$TARGETVARIANT\nCOPY bin/$TARGETARCH /tool\n";
    let files = [("Dockerfile", dockerfile), ("bin/amd64", "for amd64"), ("bin/arm", "for arm")];
    let Index { images, built, .. } = build(&Workspace::new(&files), &["linux/amd64", "linux/arm"]);
    let env = |image: &Image| image.config["config"]["Env"][1].clone();
    assert_eq!(env(&images[0]), "all=linux/amd64,linux,amd64,");
    assert_eq!(env(&images[1]), "all=linux/arm/v7,linux,arm,v7");
    assert_eq!(images[0].entry("tool").content, "for amd64");
    assert_eq!(images[1].entry("tool").content, "for arm");
    let size = |image: &Image| image.manifest["layers"][0]["size"].as_u64().unwrap();
    assert_eq!(built.size, size(&images[0]) + size(&images[1]));
}

#[test]
fn bases_are_those_of_the_platform_and_fetched_together() {
    let dockerfile = "FROM --platform=$BUILDPLATFORM tools AS tools\nCOPY --from=base /platform /target\n\
        FROM base\nCOPY --from=tools /platform /build\nCOPY --from=tools /target /target\n";
    let workspace = Workspace::new(&[("Dockerfile", dockerfile)]).with_bases(base_for);
    let built_on = Platform::new("linux", std::env::consts::ARCH, None).to_string();
    let Index { images, .. } = build(&workspace, &["linux/s390x", "linux/arm/v6"]);
    for (image, platform) in images.iter().zip(["linux/s390x", "linux/arm/v6"]) {
        let contents: Vec<_> = image.layers.iter().flatten().map(|entry| entry.content.as_str()).collect();
        assert_eq!(contents, [platform, &built_on, platform]);
    }
    assert_eq!(images[1].config["variant"], "v6");
    assert_eq!(workspace.fetches.load(Ordering::Relaxed), 2, "each reference is asked for once");
}

#[test]
fn a_base_for_another_platform_is_a_warning() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM base\n")]).with_base(small_base());
    let (built, lines) = workspace.try_build(&request(&workspace, &["linux/amd64", "linux/arm64"]));
    let warnings: Vec<_> = lines.iter().filter(|line| line.contains("is used for")).collect();
    assert_eq!(
        warnings,
        ["the image docker.io/library/base is for linux/amd64, and is used for linux/arm64"]
    );
    let layout = Layout::open(&workspace.layout()).unwrap();
    let plimsoll_layout::Manifest::Index(index) = layout.read_manifest(&built.unwrap().digest).unwrap()
    else {
        panic!("several platforms make an index")
    };
    let last = plimsoll_layout::manifest::digest(&index.manifests()[1]).unwrap();
    assert_eq!(Image::of(&layout, last).config["architecture"], "arm64", "as BuildKit marks it");
}

#[test]
fn what_is_done_says_for_which_platform() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nARG unused\nCOPY f /\n"), ("f", "")]);
    let mut request = request(&workspace, &["linux/amd64", "linux/arm64"]);
    request.build_arguments.insert("none".to_owned(), String::new());
    let (_, lines) = workspace.try_build(&request);
    for line in ["linux/amd64: COPY f /", "linux/arm64: COPY f /"] {
        assert!(lines.iter().any(|said| said == line), "{lines:?}");
    }
    assert_eq!(lines.iter().filter(|line| line.contains("`none`")).count(), 1, "{lines:?}");
    let (_, lines) = workspace.try_build(&workspace.request());
    assert!(lines.iter().any(|said| said == "COPY f /"), "{lines:?}");
}

#[test]
fn what_cannot_be_built_for_one_platform_is_not_begun_for_any() {
    let dockerfile = "FROM scratch AS base-amd64\nFROM base AS base-arm64\nRUN x\nFROM base-$TARGETARCH\n";
    let workspace = Workspace::new(&[("Dockerfile", dockerfile)]);
    let error = workspace.try_build(&request(&workspace, &["linux/amd64", "linux/arm64"])).0.unwrap_err();
    assert!(error.to_string().contains("RUN x"), "{error}");
    assert!(!workspace.layout().exists());
}

#[test]
fn what_add_fetches_is_fetched_once() {
    let dockerfile =
        "FROM scratch\nADD https://example.com/file /\nADD https://example.com/site.git#main /site/\n";
    let mut workspace = Workspace::new(&[("Dockerfile", dockerfile)]);
    workspace.web.insert("https://example.com/file".to_owned(), b"content".to_vec());
    let Index { images, .. } = build(&workspace, &["linux/amd64", "linux/arm64"]);
    assert_eq!(images[0].manifest["layers"], images[1].manifest["layers"]);
    assert_eq!(workspace.fetches.load(Ordering::Relaxed), 1);
}
