//! Reading manifests, also hostile ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use plimsoll_core::{digest::Digest, ports::Platform};
use plimsoll_layout::manifest::{self, DOCKER_LIST, DOCKER_MANIFEST, Manifest, ManifestError, OCI_MANIFEST};
use proptest::prelude::*;
use serde_json::json;

fn descriptor(content: &str) -> serde_json::Value {
    json!({"mediaType": "application/octet-stream", "digest": Digest::of(content.as_bytes()), "size": content.len()})
}

fn index(platforms: &[&str]) -> Vec<u8> {
    let entry = |text: &&str| {
        let platform: Platform = text.parse().unwrap();
        let mut entry = descriptor(text);
        entry["mediaType"] = json!(OCI_MANIFEST);
        entry["platform"] = json!({"os": platform.os(), "architecture": platform.architecture()});
        if let Some(variant) = platform.variant() {
            entry["platform"]["variant"] = json!(variant);
        }
        entry
    };
    let manifests: Vec<_> = platforms.iter().map(entry).collect();
    json!({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": manifests}).to_string().into_bytes()
}

/// The entry that is chosen, or the error's text.
fn choose(platforms: &[&str], wanted: &str) -> Result<Digest, String> {
    let Manifest::Index(index) = manifest::parse(&index(platforms)).unwrap() else { panic!("no index") };
    let chosen = manifest::for_platform(manifest::images(&index), &wanted.parse().unwrap())
        .map_err(|error| error.to_string())?;
    Ok(manifest::digest(chosen).unwrap())
}

#[test]
fn images_name_their_blobs_once_each() {
    let layer = descriptor("layer");
    let document = json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST,
        "config": descriptor("config"), "layers": [layer, layer]});
    let parsed = manifest::parse(document.to_string().as_bytes()).unwrap();
    assert_eq!(parsed.media_type(), DOCKER_MANIFEST);
    let Manifest::Image(image) = parsed else { panic!("no image") };
    let blobs = manifest::blobs(&image).unwrap();
    assert_eq!(blobs.iter().map(|blob| blob.size).collect::<Vec<_>>(), [6, 5]);
    assert_eq!(blobs[1].digest, Digest::of(b"layer"));
}

#[test]
fn documents_without_a_media_type_are_told_apart() {
    let image = json!({"schemaVersion": 2, "config": descriptor("config"), "layers": []});
    assert_eq!(manifest::parse(image.to_string().as_bytes()).unwrap().media_type(), OCI_MANIFEST);
    let index = json!({"schemaVersion": 2, "manifests": []});
    assert!(matches!(manifest::parse(index.to_string().as_bytes()), Ok(Manifest::Index(_))));
}

#[test]
fn unusable_documents_say_why() {
    let parse = |document: serde_json::Value| manifest::parse(document.to_string().as_bytes()).unwrap_err();
    assert!(matches!(parse(json!({"schemaVersion": 1, "fsLayers": []})), ManifestError::SchemaOne));
    let other = json!({"schemaVersion": 2, "mediaType": "text/plain"});
    assert!(matches!(parse(other), ManifestError::UnknownKind(kind) if kind == "text/plain"));
    assert!(matches!(parse(json!({"schemaVersion": 2})), ManifestError::Malformed { .. }));
    let mut config = descriptor("config");
    config["digest"] = json!(format!("sha512:{}", "0".repeat(128)));
    let image = json!({"schemaVersion": 2, "config": config, "layers": []});
    let Ok(Manifest::Image(image)) = manifest::parse(image.to_string().as_bytes()) else {
        panic!("no image")
    };
    assert!(matches!(manifest::blobs(&image), Err(ManifestError::UnsupportedDigest(_))));
}

#[test]
fn the_image_for_the_platform_is_chosen() {
    let all =
        ["unknown/unknown", "linux/arm/v6", "linux/arm/v7", "linux/amd64", "linux/arm64/v8", "windows/amd64"];
    for (wanted, entry) in [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("windows/amd64", "windows/amd64"),
    ] {
        assert_eq!(choose(&all, wanted), Ok(Digest::of(entry.as_bytes())), "{wanted}");
    }
}

/// As containerd's tests of `Only` have it.
#[test]
fn what_runs_on_the_platform_is_chosen_when_it_is_not_there_itself() {
    for (there, wanted, entry) in [
        (&["linux/arm/v5", "linux/arm/v6"][..], "linux/arm", Some("linux/arm/v6")),
        (&["linux/arm/v5", "linux/arm/v8"], "linux/arm/v7", Some("linux/arm/v5")),
        (&["linux/arm/v7"], "linux/arm/v6", None),
        (&["linux/arm/v6", "linux/arm/v7"], "linux/arm64", Some("linux/arm/v7")),
        (&["linux/arm64", "linux/arm64/v8.1"], "linux/arm64/v8.2", Some("linux/arm64/v8.1")),
        (&["linux/arm64/v8.6", "linux/arm64/v8.5"], "linux/arm64/v9", Some("linux/arm64/v8.5")),
        (&["linux/arm64/v9"], "linux/arm64", None),
        (&["linux/386", "linux/amd64"], "linux/amd64/v3", Some("linux/amd64")),
        (&["linux/amd64/v2", "linux/386"], "linux/amd64", Some("linux/386")),
        (&["linux/amd64"], "linux/386", None),
        (&["windows/amd64"], "linux/amd64", None),
        (&["linux/arm"], "linux/arm64/v4294967295.4294967295", Some("linux/arm")),
    ] {
        let chosen = choose(there, wanted).ok();
        assert_eq!(chosen, entry.map(|entry| Digest::of(entry.as_bytes())), "{wanted} of {there:?}");
    }
}

#[test]
fn a_missing_platform_lists_what_there_is() {
    let text = choose(&["unknown/unknown", "linux/amd64", "linux/arm/v7"], "linux/arm/v5").unwrap_err();
    assert_eq!(text, "there is no image for linux/arm/v5: it is there for linux/amd64, linux/arm/v7");
    let text = choose(&["unknown/unknown"], "linux/amd64").unwrap_err();
    assert_eq!(text, "there is no image for linux/amd64: it is there for no platform at all");
}

#[test]
fn labels_are_read_from_the_configuration() {
    let configuration = json!({"os": "linux", "config": {"Labels": {"a": "1"}}}).to_string();
    assert_eq!(manifest::labels(configuration.as_bytes()).unwrap()["a"], "1");
    for none in ["{}", r#"{"config":null}"#, r#"{"config":{"Labels":null}}"#] {
        assert!(manifest::labels(none.as_bytes()).unwrap().is_empty());
    }
    assert!(manifest::labels(b"[]").is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = manifest::parse(&bytes);
        let _ = manifest::labels(&bytes);
    }

    #[test]
    fn a_cut_or_changed_index_never_panics(at in 0..400_usize, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = index(&["linux/amd64", "linux/arm/v7"]);
        let at = at.min(bytes.len() - 1);
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(Manifest::Index(index)) = manifest::parse(&bytes) {
            let wanted = "linux/amd64".parse::<Platform>().unwrap();
            if let Ok(chosen) = manifest::for_platform(manifest::images(&index), &wanted) {
                let _ = manifest::digest(chosen);
            }
        }
    }
}
