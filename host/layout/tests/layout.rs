//! Layouts on a real disk.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write as _,
    thread,
    time::{Duration, SystemTime},
};

use plimsoll_core::digest::Digest;
use plimsoll_layout::{Layout, LayoutError};
use tempfile::TempDir;

fn layout() -> (TempDir, Layout) {
    let folder = TempDir::new().unwrap();
    let layout = Layout::open_or_create(&folder.path().join("images/website")).unwrap();
    (folder, layout)
}

/// A manifest that only differs by a number.
fn manifest(layout: &Layout, number: usize) -> Digest {
    let digest = Digest::of(b"{}");
    let bytes = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":2}},
        "layers":[],"annotations":{{"number":"{number}"}}}}"#
    );
    layout.write_blob(bytes.as_bytes()).unwrap().0
}

#[test]
fn a_new_layout_is_what_the_specification_says() {
    let (_folder, layout) = layout();
    assert_eq!(
        fs::read_to_string(layout.root().join("oci-layout")).unwrap(),
        r#"{"imageLayoutVersion":"1.0.0"}"#
    );
    assert_eq!(
        fs::read_to_string(layout.root().join("index.json")).unwrap(),
        r#"{"schemaVersion":2,"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json"}"#
    );
    assert!(layout.references().unwrap().is_empty());
}

#[test]
fn opening_refuses_what_is_no_layout() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(Layout::open(folder.path()), Err(LayoutError::NotALayout { .. })));
    assert!(matches!(Layout::open(&folder.path().join("nowhere")), Err(LayoutError::NotALayout { .. })));
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let error = Layout::open_or_create(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("it holds `letter.txt`"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    let error = Layout::open_or_create(folder.path()).unwrap_err();
    assert!(error.to_string().contains("version is `2.0.0`"), "{error}");
}

#[test]
fn blobs_come_back_verified_and_bounded() {
    let (_folder, layout) = layout();
    let (digest, size) = layout.write_blob(b"content").unwrap();
    assert_eq!((digest, size), (Digest::of(b"content"), 7));
    assert_eq!(layout.has_blob(&digest).unwrap(), Some(7));
    assert_eq!(layout.read_blob(&digest, 7).unwrap(), b"content");
    assert!(matches!(layout.read_blob(&digest, 6), Err(LayoutError::BlobTooLarge { limit: 6, .. })));

    fs::write(layout.blob_path(&digest), b"damaged").unwrap();
    assert!(matches!(layout.read_blob(&digest, 7), Err(LayoutError::WrongDigest { .. })));
    let missing = Digest::of(b"missing");
    assert_eq!(layout.has_blob(&missing).unwrap(), None);
    assert!(matches!(layout.read_blob(&missing, 7), Err(LayoutError::BlobMissing { .. })));
}

#[test]
fn a_blob_with_the_wrong_digest_leaves_nothing_behind() {
    let (_folder, layout) = layout();
    let files = || fs::read_dir(layout.root()).unwrap().count();
    let before = files();
    let mut writer = layout.blob_writer().unwrap();
    writer.write_all(b"other").unwrap();
    let error = writer.finish_verified(&Digest::of(b"expected")).unwrap_err();
    assert!(matches!(error, LayoutError::WrongDigest { .. }));
    assert_eq!(layout.has_blob(&Digest::of(b"other")).unwrap(), None);
    assert_eq!(files(), before);
}

#[test]
fn what_killed_writers_left_is_removed_in_time() {
    let (_folder, layout) = layout();
    let file = |name: &str, age: u64| {
        let path = layout.root().join(name);
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        path
    };
    let (old, fresh) = (file(".incoming-old", 90_000), file(".incoming-fresh", 60));
    let other = file("letter.txt", 90_000);
    Layout::open_or_create(layout.root()).unwrap();
    assert_eq!([old.exists(), fresh.exists(), other.exists()], [false, true, true]);
}

#[test]
fn what_killed_builds_left_is_removed_in_time() {
    let (_folder, layout) = layout();
    let folder = |name: &str, age: u64| {
        let path = layout.root().join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), "content").unwrap();
        fs::File::open(&path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        path
    };
    for kind in ["elsewhere", "engine", "scratch", "unpacked"] {
        let (old, fresh) =
            (folder(&format!(".{kind}-old"), 180_000), folder(&format!(".{kind}-new"), 170_000));
        Layout::open_or_create(layout.root()).unwrap();
        assert_eq!([old.exists(), fresh.exists()], [false, true], "{kind}");
    }
    let other = folder(".git", 180_000);
    Layout::open_or_create(layout.root()).unwrap();
    assert!(other.exists());
}

#[test]
fn a_truncated_blob_is_replaced_by_the_whole_one() {
    let (_folder, layout) = layout();
    let (digest, _) = layout.write_blob(b"content").unwrap();
    fs::write(layout.blob_path(&digest), b"con").unwrap();
    layout.write_blob(b"content").unwrap();
    assert_eq!(layout.read_blob(&digest, 100).unwrap(), b"content");
}

#[test]
fn a_tag_moves_and_its_old_manifest_stays() {
    let (_folder, layout) = layout();
    let (one, two) = (manifest(&layout, 1), manifest(&layout, 2));
    layout.add_manifest(&one).unwrap();
    layout.add_manifest(&one).unwrap();
    assert_eq!(layout.references().unwrap(), [(None, one)]);

    layout.set_reference("latest", &one).unwrap();
    layout.set_reference("v1.0.0", &one).unwrap();
    let name = |tag: &str| Some(tag.to_owned());
    assert_eq!(layout.references().unwrap(), [(name("latest"), one), (name("v1.0.0"), one)]);

    layout.set_reference("latest", &two).unwrap();
    layout.set_reference("latest", &two).unwrap();
    assert_eq!(layout.references().unwrap(), [(name("v1.0.0"), one), (name("latest"), two)]);
    assert_eq!(layout.resolve("latest").unwrap(), Some(two));
    assert_eq!(layout.resolve("v2").unwrap(), None);

    layout.set_reference("v1.0.0", &two).unwrap();
    assert!(layout.references().unwrap().contains(&(None, one)));
}

#[test]
fn a_reference_needs_its_manifest() {
    let (_folder, layout) = layout();
    let missing = layout.set_reference("latest", &Digest::of(b"missing"));
    assert!(matches!(missing, Err(LayoutError::BlobMissing { .. })));
    let (layer, _) = layout.write_blob(b"not a manifest").unwrap();
    assert!(matches!(layout.add_manifest(&layer), Err(LayoutError::Manifest { .. })));
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let (_folder, layout) = layout();
    thread::scope(|scope| {
        for number in 0..16 {
            let layout = &layout;
            scope.spawn(move || {
                let digest = manifest(layout, number);
                layout.set_reference(&format!("v{number}"), &digest).unwrap();
            });
        }
    });
    assert_eq!(layout.references().unwrap().len(), 16);
}

#[test]
fn what_other_programs_wrote_is_kept() {
    let (_folder, layout) = layout();
    let digest = manifest(&layout, 1);
    let foreign = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"x/y","digest":"sha512:{}","size":1,
        "annotations":{{"org.opencontainers.image.ref.name":"old"}},"platform":{{"os":"plan9"}}}}],"extra":[1]}}"#,
        "0".repeat(128)
    );
    fs::write(layout.root().join("index.json"), foreign).unwrap();
    layout.set_reference("latest", &digest).unwrap();
    let text = fs::read_to_string(layout.root().join("index.json")).unwrap();
    assert!(text.contains("sha512:") && text.contains("plan9") && text.contains(r#""extra":[1]"#), "{text}");
    assert_eq!(layout.references().unwrap(), [(Some("latest".to_owned()), digest)]);
}
