//! One release for several platforms: what is deployed is the digest of an index, and everybody finds the image that is
//! theirs in it.

use std::{fs, path::Path};

use plimsoll_core::digest::Digest;
use plimsoll_support::{
    Application, DebianRegistry, DockerEngine, NginxBase, Requirement, environment, require, skopeo,
};
use serde_json::{Value, json};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Writes a document into a layout; answers how it is described.
fn write(layout: &Path, media_type: &str, document: &Value) -> Value {
    let text = document.to_string();
    let digest = Digest::of(text.as_bytes());
    fs::write(layout.join("blobs/sha256").join(digest.hex()), &text).expect("the layout can be written");
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": text.len() })
}

fn read(layout: &Path, descriptor: &Value) -> Value {
    let digest: Digest = descriptor["digest"].as_str().expect("it has a digest").parse().expect("of SHA-256");
    let bytes = fs::read(layout.join("blobs/sha256").join(digest.hex())).expect("the blob is there");
    serde_json::from_slice(&bytes).expect("it is JSON")
}

/// Pushes nginx for amd64, the same files said to be for arm64, and an attestation, as one index in another index.
fn push_base(registry: &DebianRegistry) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let layout = folder.path().join("nginx");
    fs::create_dir_all(layout.join("blobs/sha256")).expect("a folder");
    let source = NginxBase::get();
    for blob in fs::read_dir(source.layout().join("blobs/sha256")).expect("a layout") {
        let blob = blob.expect("a blob");
        fs::copy(blob.path(), layout.join("blobs/sha256").join(blob.file_name())).expect("it is copied");
    }
    fs::copy(source.layout().join("oci-layout"), layout.join("oci-layout")).expect("it is copied");
    let index = fs::read(source.layout().join("index.json")).expect("an index");
    let index: Value = serde_json::from_slice(&index).expect("it is JSON");
    let manifest = read(&layout, &index["manifests"][0]);
    let entry = |architecture: &str, os: &str| {
        let mut config = read(&layout, &manifest["config"]);
        config["architecture"] = architecture.into();
        let mut image = manifest.clone();
        image["config"] = write(&layout, "application/vnd.oci.image.config.v1+json", &config);
        let mut entry = write(&layout, MANIFEST, &image);
        entry["platform"] = json!({ "architecture": architecture, "os": os });
        entry
    };
    let entries = [entry("unknown", "unknown"), entry("amd64", "linux"), entry("arm64", "linux")];
    let mut list =
        write(&layout, INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }));
    list["annotations"] = json!({ "org.opencontainers.image.ref.name": NginxBase::TAG });
    let index = json!({ "schemaVersion": 2, "manifests": [list] });
    fs::write(layout.join("index.json"), index.to_string()).expect("the layout can be written");
    let reference = registry.reference(&format!("nginx:{}", NginxBase::TAG));
    let source = format!("oci:{}:{}", layout.display(), NginxBase::TAG);
    let to = format!("docker://{reference}");
    let _ = skopeo(&["copy", "--all", "--dest-tls-verify=false", &source, &to]).success();
    reference
}

fn for_two_platforms(application: &Application, more: &str) {
    application.rule("[image]", &format!("[image]\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n{more}"));
}

fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_slice(&skopeo(arguments).success().stdout).expect("skopeo prints JSON")
}

#[test]
fn an_image_for_two_platforms_goes_its_way() {
    require!(
        Requirement::Git,
        Requirement::Registry,
        Requirement::Skopeo,
        Requirement::NginxBase,
        Requirement::Docker
    );
    let registry = DebianRegistry::start();
    let website = registry.reference("contoso/website");
    let application = Application::create(&push_base(&registry), &website);
    for_two_platforms(&application, "");
    application.git.tag("v1.0.0");
    let report = application.release();
    let digest = report["digest"].as_str().expect("it was built");

    // The digest of the release is that of an index over one image for each platform.
    let index = registry.manifest("contoso/website", "v1.0.0");
    assert_eq!(registry.digest("contoso/website", "v1.0.0").as_deref(), Some(digest));
    assert_eq!((&index["mediaType"], index["manifests"].as_array().map(Vec::len)), (&json!(INDEX), Some(2)));
    assert_eq!(index["annotations"]["org.opencontainers.image.revision"], application.git.head());
    for place in ["staging", "production"] {
        assert_eq!(environment(&report, place)["deployed"], true);
        assert_eq!(application.running(place).as_deref(), Some(digest));
    }

    // skopeo finds each, and copies all of it.
    let tagged = format!("docker://{website}:v1.0.0");
    for architecture in ["amd64", "arm64"] {
        let arguments = ["--override-arch", architecture, "inspect", "--tls-verify=false", &tagged];
        let inspected = json_of(&arguments);
        assert_eq!(inspected["Architecture"], architecture);
        assert_eq!(inspected["Labels"]["org.opencontainers.image.version"], "1.0.0");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = format!("oci:{}:copy", folder.path().join("copy").display());
    let _ = skopeo(&["copy", "--all", "--src-tls-verify=false", &tagged, &copy]).success();
    assert_eq!(json_of(&["inspect", "--raw", &copy]), index);

    // An engine takes the image that runs on it, by the digest of the index, as a cluster would.
    let engine = DockerEngine::shared();
    let image = format!("{website}@{digest}");
    engine.pull(&image);
    let container = engine.serve(&image, 80);
    assert_eq!(container.get("/pages/07.html").body, application.site.file("pages/07.html"));

    // Another release is compared with it like any other.
    application.change("Something else");
    let plan = application.run(&["plan", "--format", "json"]).code(0).json();
    assert_eq!(plan["would-deploy"], json!(["staging"]));
    let second = application.release();
    assert_ne!(second["digest"], report["digest"]);
    assert_eq!(application.running("staging").as_deref(), second["digest"].as_str());
    assert_eq!(application.running("production").as_deref(), Some(digest));
    assert!(application.run(&["status"]).code(0).stdout.contains(&digest[..19]), "status names the index");
}

#[test]
fn an_index_goes_into_a_layout_and_is_always_the_same() {
    require!(Requirement::Git, Requirement::Skopeo);
    let released = || {
        let application = Application::self_contained();
        for_two_platforms(&application, "compression = \"zstd\"\n");
        let report = application.release();
        (application, report)
    };
    let (application, report) = released();
    let (_, elsewhere) = released();
    assert_eq!(report["digest"], elsewhere["digest"]);

    let layout = application.git.path().join(".plimsoll/images/website");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy");
    let (from, to) = (format!("oci:{}:latest", layout.display()), format!("oci:{}:copy", copy.display()));
    let _ = skopeo(&["copy", "--all", &from, &to]).success();
    let index = json_of(&["inspect", "--raw", &to]);
    for (entry, architecture) in
        index["manifests"].as_array().expect("an index").iter().zip(["amd64", "arm64"])
    {
        assert_eq!(entry["platform"], json!({ "architecture": architecture, "os": "linux" }));
        let layers = read(&copy, entry)["layers"].clone();
        let layers = layers.as_array().expect("it has layers");
        assert!(!layers.is_empty());
        for layer in layers {
            assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+zstd");
        }
    }

    // What is tried need not be what is released.
    let tried = application.run(&["build", "--platform", "linux/arm/v6", "--format", "json"]).code(0).json();
    assert_eq!(tried["platforms"], json!(["linux/arm/v6"]));
    let text = application.run(&["build"]).code(0).stdout;
    assert!(text.contains("for linux/amd64, linux/arm64 in"), "{text}");
    let twice = application.run(&["build", "--platform", "linux/arm64,linux/aarch64"]).code(2).stderr;
    assert!(twice.contains("linux/arm64 is named twice"), "{twice}");
}
