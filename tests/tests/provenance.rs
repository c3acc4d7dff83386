//! Provenance in a real registry: who else reads it, and what becomes of a release that cannot state it.

use plimsoll_support::{
    Application, DebianRegistry, Finished, Plimsoll, Requirement, cosign, environment, require, skopeo,
};
use serde_json::{Value, json};

const PASSWORD: &str = "only for tests";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const BUILD: &str = "https://slsa.dev/provenance/v1";
const TAGGING: &str = "https://plimsoll.dev/tagging/v1";
const PROMOTION: &str = "https://plimsoll.dev/promotion/v1";

/// An application whose statements are signed, with keys beside it: `release` signs, `other` does not.
fn signed(image: &str) -> Application {
    let mut application = Application::with_rules("scratch", image, "[provenance]\nkey = \"release.key\"\n");
    application.plimsoll =
        Plimsoll::in_folder(application.git.path()).environment("COSIGN_PASSWORD", PASSWORD);
    for name in ["release", "other"] {
        let _ = application.run(&["policy", "keygen", name]).code(0);
    }
    application.git.write(".gitignore", ".plimsoll/\ndeploy/\n*.key\n");
    application.git.commit("Name the key");
    application
}

#[test]
fn others_read_what_lies_beside_an_image_in_a_registry() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Skopeo, Requirement::Cosign);
    let registry = DebianRegistry::start();
    let application = signed(&registry.reference("website"));
    application.git.tag("v1.0.0");
    let digest = application.release()["digest"].as_str().expect("it was built").to_owned();
    let exact = registry.reference(&format!("website@{digest}"));

    // The registry keeps no list of its own, so a tag stands for it.
    let list = skopeo(&[
        "inspect",
        "--raw",
        "--tls-verify=false",
        &format!("docker://{}", registry.reference(&format!("website:{}", digest.replace(':', "-")))),
    ]);
    let list: Value = serde_json::from_str(&list.text()).expect("it is JSON");
    let entries = list["manifests"].as_array().expect("it is a list");
    assert_eq!(entries.len(), 4, "build, tags, staging, production: {list}");
    let mut predicates = Vec::new();
    for entry in entries {
        assert_eq!(entry["artifactType"], BUNDLE);
        let manifest = registry.manifest("website", entry["digest"].as_str().expect("it is a text"));
        assert_eq!(manifest["subject"]["digest"], json!(digest));
        predicates.push(entry["annotations"]["dev.sigstore.bundle.predicateType"].clone());
    }
    assert_eq!(predicates, [BUILD, TAGGING, PROMOTION, PROMOTION].map(Value::from));

    // cosign verifies each kind with the key, and with no other.
    let attested = |kind: &str, key: &str| -> Finished {
        cosign(
            application.git.path(),
            PASSWORD,
            &[
                "verify-attestation",
                "--insecure-ignore-tlog=true",
                "--allow-http-registry",
                "--type",
                kind,
                "--key",
                key,
                &exact,
            ],
        )
    };
    for kind in ["slsaprovenance1", TAGGING, PROMOTION] {
        let verified = attested(kind, "release.pub");
        assert!(verified.status.success(), "{kind}: {verified:?}");
    }
    assert!(!attested("slsaprovenance1", "other.pub").status.success());
    let _ = application.run(&["verify", &exact, "--key", "release.pub"]).code(0);
    let _ = application.run(&["verify", &exact, "--key", "other.pub"]).code(1);
}

/// The list of what refers to an image cannot be kept: no tag points to the image, and once it can, the release goes on.
#[test]
fn a_release_that_cannot_state_what_it_did_gives_no_tag() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Skopeo);
    let registry = DebianRegistry::start();
    let application = signed(&registry.reference("website"));
    let before = application.release()["digest"].as_str().expect("it was built").to_owned();
    application.change("Version one");
    application.git.tag("v1.0.0");

    // Somebody took the name of the list for an image.
    let built = application.run(&["build", "--format", "json"]).code(0).json();
    let digest = built["digest"].as_str().expect("it was built").to_owned();
    let list = digest.replace(':', "-");
    let copy = |to: &str| {
        let from = format!("docker://{}", registry.reference("website:latest"));
        let to = format!("docker://{}", registry.reference(to));
        skopeo(&["copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", &from, &to])
    };
    let _ = copy(&format!("website:{list}"));
    let failed = application.run(&["release", "--format", "json"]).code(2).json();
    assert_eq!(failed["failure"]["step"], "attest", "{failed}");
    let message = failed["failure"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("something else than a list"), "{message}");
    assert_eq!(failed["digest"], json!(digest));
    assert_eq!(environment(&failed, "staging")["deployed"], false);
    assert_eq!(registry.digest("website", "v1.0.0"), None);
    assert_eq!(registry.digest("website", "latest").as_deref(), Some(before.as_str()));

    // An empty list takes its place: deleting by digest would take `latest` away as well.
    let empty = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [] });
    put_index(&registry, &list, &empty);
    let resumed = application.run(&["resume", "--format", "json"]).code(0).json();
    assert_eq!(resumed["standing"], "done", "{resumed}");
    let image = registry.reference("website:v1.0.0");
    let _ =
        application.run(&["verify", &image, "--key", "release.pub", "--environment", "production"]).code(0);
}

/// Puts an index under a tag, from a layout.
fn put_index(registry: &DebianRegistry, tag: &str, index: &Value) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let (bytes, blobs) = (index.to_string(), folder.path().join("blobs/sha256"));
    let digest = plimsoll_core::digest::Digest::of(bytes.as_bytes());
    let entry = json!({ "mediaType": index["mediaType"], "digest": digest, "size": bytes.len(),
        "annotations": { "org.opencontainers.image.ref.name": "it" } });
    std::fs::create_dir_all(&blobs).expect("the folder takes folders");
    for (path, text) in [
        (blobs.join(digest.hex()), bytes),
        (folder.path().join("index.json"), json!({ "schemaVersion": 2, "manifests": [entry] }).to_string()),
        (folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#.to_owned()),
    ] {
        std::fs::write(path, text).expect("the folder takes files");
    }
    let from = format!("oci:{}:it", folder.path().display());
    let to = format!("docker://{}", registry.reference(&format!("website:{tag}")));
    let _ = skopeo(&["copy", "--all", "--quiet", "--dest-tls-verify=false", &from, &to]);
}
