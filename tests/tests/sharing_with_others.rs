//! Policies in registries, and other programs with them: what they sign, send and fetch is ours, and the other way round.

use std::path::Path;

use plimsoll_support::{
    DebianRegistry, Finished, Plimsoll, Requirement, cosign, require, send_artifact, wkg,
};
use serde_json::json;

const PASSWORD: &str = "only for tests";

/// A registry with a policy in it.
struct Shared {
    registry: DebianRegistry,
    folder: tempfile::TempDir,
    plimsoll: Plimsoll,
    /// The policy's address, as other programs write it.
    image: String,
}

impl Shared {
    fn new() -> Self {
        let registry = DebianRegistry::start();
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let plimsoll = Plimsoll::in_folder(folder.path()).environment("COSIGN_PASSWORD", PASSWORD);
        let component = plimsoll_stock::component("always").expect("it is a stock policy");
        std::fs::write(folder.path().join("always.wasm"), component).expect("the folder takes a file");
        let tagged = format!("oci://{}", registry.reference("policies/gate:1"));
        let pushed =
            plimsoll.run(&["policy", "push", "always.wasm", &tagged, "--format", "json"]).code(0).json();
        let digest = pushed["digest"].as_str().expect("it is a text");
        let image = registry.reference(&format!("policies/gate@{digest}"));
        Self { registry, folder, plimsoll, image }
    }

    fn cosign(&self, arguments: &[&str]) -> Finished {
        cosign(self.folder.path(), PASSWORD, arguments)
    }

    /// Lets cosign sign, without the transparency log, which is a server of others.
    fn cosign_signs(&self, key: &str, more: &[&str]) {
        let sign =
            ["sign", "--yes", "--tlog-upload=false", "--use-signing-config=false", "--allow-http-registry"];
        let _ = self.cosign(&[&sign[..], more, &["--key", key, &self.image]].concat()).success();
    }

    /// Whether cosign finds the signature of a key.
    fn cosign_verifies(&self, key: &str, more: &[&str]) -> bool {
        let verify = ["verify", "--insecure-ignore-tlog=true", "--allow-http-registry"];
        self.cosign(&[&verify[..], more, &["--key", key, &self.image]].concat()).status.success()
    }

    /// What `policy verify` says: the exit code, and the form of each signature with whether it is by the key.
    fn we_verify(&self, key: &str) -> (Option<i32>, Vec<(String, bool)>) {
        let reference = format!("oci://{}", self.image);
        let ran = self.plimsoll.run(&["policy", "verify", &reference, "--key", key, "--format", "json"]);
        let report = ran.json();
        let signatures = report["signatures"].as_array().expect("it is a list").iter();
        let form = |signature: &serde_json::Value| {
            (signature["form"].as_str().unwrap_or_default().to_owned(), signature["verified"] == true)
        };
        (ran.code, signatures.map(form).collect())
    }
}

fn forms(signatures: &[(&str, bool)]) -> Vec<(String, bool)> {
    signatures.iter().map(|(form, verified)| ((*form).to_owned(), *verified)).collect()
}

#[test]
fn cosign_verifies_what_we_signed_with_keys_of_both() {
    require!(Requirement::Registry, Requirement::Cosign);
    let shared = Shared::new();
    let _ = shared.cosign(&["generate-key-pair", "--output-key-prefix", "theirs"]).success();
    let _ = shared.plimsoll.run(&["policy", "keygen", "ours"]).code(0);
    let reference = format!("oci://{}", shared.image);
    for key in ["ours", "theirs"] {
        assert!(!shared.cosign_verifies(&format!("{key}.pub"), &[]), "{key} has not signed yet");
        let _ = shared.plimsoll.run(&["policy", "sign", &reference, "--key", &format!("{key}.key")]).code(0);
        assert!(shared.cosign_verifies(&format!("{key}.pub"), &[]), "{key}");
        // Signing again adds nothing.
        let again =
            shared.plimsoll.run(&["policy", "sign", &reference, "--key", &format!("{key}.key")]).code(0);
        assert!(again.stdout.contains("is signed already"), "{}", again.stdout);
    }
    assert!(shared.cosign_verifies("ours.pub", &[]), "the second signature left the first one there");
    assert_eq!(
        shared.we_verify("ours.pub"),
        (Some(0), forms(&[("simple-signing", true), ("simple-signing", false)]))
    );
    // The key that we made opens in cosign as well.
    let public = shared.cosign(&["public-key", "--key", "ours.key"]).success().text();
    let made = std::fs::read_to_string(shared.folder.path().join("ours.pub")).expect("it was made");
    assert_eq!(public, made.trim());
}

#[test]
fn we_verify_what_cosign_signed_in_both_forms() {
    require!(Requirement::Registry, Requirement::Cosign);
    let shared = Shared::new();
    for key in ["newer", "older", "ours"] {
        let _ = shared.cosign(&["generate-key-pair", "--output-key-prefix", key]).success();
    }
    assert_eq!(shared.we_verify("newer.pub"), (Some(1), Vec::new()));
    shared.cosign_signs("newer.key", &[]);
    assert_eq!(shared.we_verify("newer.pub"), (Some(0), forms(&[("bundle", true)])));
    assert_eq!(shared.we_verify("older.pub"), (Some(1), forms(&[("bundle", false)])));
    shared.cosign_signs("older.key", &["--new-bundle-format=false"]);
    assert_eq!(
        shared.we_verify("older.pub"),
        (Some(0), forms(&[("simple-signing", true), ("bundle", false)]))
    );
    // Ours beside theirs; where there is a bundle, cosign has to be told to look at the older form.
    let reference = format!("oci://{}", shared.image);
    let _ = shared.plimsoll.run(&["policy", "sign", &reference, "--key", "ours.key"]).code(0);
    for key in ["older.pub", "ours.pub"] {
        assert!(shared.cosign_verifies(key, &["--new-bundle-format=false"]), "{key}");
    }
    assert!(shared.cosign_verifies("newer.pub", &[]));
    // An attestation is signed with a key too, and is no signature of the policy.
    std::fs::write(shared.folder.path().join("scan.json"), "{\"result\": \"failed\"}")
        .expect("the folder takes a file");
    let _ = shared.cosign(&["generate-key-pair", "--output-key-prefix", "scanner"]).success();
    let attest = [
        "attest",
        "--yes",
        "--tlog-upload=false",
        "--use-signing-config=false",
        "--allow-http-registry",
        "--key",
        "scanner.key",
        "--type",
        "custom",
        "--predicate",
        "scan.json",
        &shared.image,
    ];
    let _ = shared.cosign(&attest).success();
    let (code, signatures) = shared.we_verify("scanner.pub");
    assert_eq!((code, signatures.len()), (Some(1), 4), "{signatures:?}");
    assert!(signatures.iter().all(|(_, verified)| !verified), "{signatures:?}");
}

#[test]
fn wkg_fetches_what_we_sent_and_we_what_it_sent() {
    require!(Requirement::Registry, Requirement::Wkg);
    let shared = Shared::new();
    let (folder, host) = (shared.folder.path(), shared.registry.host());
    let read = |name: &str| std::fs::read(folder.join(name)).expect("it was written");
    let sent = read("always.wasm");
    let ours = shared.registry.reference("policies/gate:1");
    let _ = wkg(folder, &["oci", "pull", "--insecure", &host, &ours, "--output", "by-wkg.wasm"]);
    assert!(read("by-wkg.wasm") == sent, "byte for byte");

    let theirs = shared.registry.reference("policies/by-wkg:1");
    let _ = wkg(folder, &["oci", "push", "--insecure", &host, &theirs, "always.wasm"]);
    let reference = format!("oci://{theirs}");
    let _ = shared.plimsoll.run(&["policy", "pull", &reference, "--output", "by-us.wasm"]).code(0);
    assert!(read("by-us.wasm") == sent, "byte for byte");
    let cases = format!(
        "policy = \"{reference}\"\n[[cases]]\nname = \"it allows\"\nexpect = {{ verdict = \"allow\" }}\n"
    );
    std::fs::write(folder.join("cases.toml"), cases).expect("the folder takes a file");
    let _ = shared.plimsoll.run(&["policy", "test"]).code(0);
}

/// Artifacts as Kubewarden's and Spin's tools left them in registries.
#[test]
fn older_media_types_are_fetched_from_a_registry() {
    require!(Requirement::Registry, Requirement::Skopeo);
    let shared = Shared::new();
    let component = std::fs::read(shared.folder.path().join("always.wasm")).expect("it was written");
    let fetch = |name: &str, to: &Path| {
        let reference = format!("oci://{}", shared.registry.reference(name));
        let to = to.display().to_string();
        shared.plimsoll.run(&["policy", "pull", &reference, "--output", &to])
    };
    for (name, configuration, layer) in [
        (
            "older/kubewarden:1",
            "application/vnd.wasm.config.v1+json",
            "application/vnd.wasm.content.layer.v1+wasm",
        ),
        (
            "older/spin:1",
            "application/vnd.fermyon.spin.application.v1+config",
            "application/vnd.fermyon.spin.wasm.module.v1+wasm",
        ),
    ] {
        send_artifact(
            &shared.registry,
            name,
            (configuration, "{}"),
            &[("text/plain", b"beside it", json!({})), (layer, &component, json!({}))],
        );
        let file = shared.folder.path().join("fetched.wasm");
        let _ = fetch(name, &file).code(0);
        assert!(std::fs::read(&file).is_ok_and(|fetched| fetched == component), "{name}");
    }
    send_artifact(
        &shared.registry,
        "older/none:1",
        ("text/plain", "{}"),
        &[("text/plain", b"no policy", json!({}))],
    );
    let refused = fetch("older/none:1", &shared.folder.path().join("none.wasm")).code(64);
    assert!(refused.stderr.contains("it holds no WebAssembly"), "{}", refused.stderr);
}
