//! Policies that must be signed: by whom, over what, with which lock, and without a registry.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
};

use plimsoll_support::{
    Application, DebianRegistry, LAYOUT, Plimsoll, Ran, Requirement, copy_artifact, environment, require,
    send_artifact,
};
use serde_json::{Value, json};

const PASSWORD: &str = "only for tests";

/// Somebody who makes policies, signs them and sends them, with a registry.
struct Author {
    folder: tempfile::TempDir,
    plimsoll: Plimsoll,
    registry: DebianRegistry,
}

impl Author {
    /// An author with the keys `contoso` and `fabrikam`.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let plimsoll = Plimsoll::in_folder(folder.path()).environment("COSIGN_PASSWORD", PASSWORD);
        for name in ["contoso", "fabrikam"] {
            let _ = plimsoll.run(&["policy", "keygen", name]).code(0);
        }
        Self { folder, plimsoll, registry: DebianRegistry::start() }
    }

    fn reference(&self, name: &str) -> String {
        format!("oci://{}", self.registry.reference(name))
    }

    fn key(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends a stock policy's component; answers the digest of its manifest.
    fn push(&self, policy: &str, name: &str, more: &[&str]) -> String {
        let component = plimsoll_stock::component(policy).expect("it is a stock policy");
        std::fs::write(self.folder.path().join("policy.wasm"), component).expect("the folder takes a file");
        let reference = self.reference(name);
        let arguments = [&["policy", "push", "policy.wasm", &reference, "--format", "json"], more].concat();
        let pushed = self.plimsoll.run(&arguments).code(0).json();
        pushed["digest"].as_str().expect("it is a text").to_owned()
    }

    fn sign(&self, name: &str, signer: &str) {
        let _ = self
            .plimsoll
            .run(&["policy", "sign", &self.reference(name), "--key", &format!("{signer}.key")])
            .code(0);
    }

    fn verify(&self, name: &str, signer: &str) -> Ran {
        self.plimsoll.run(&["policy", "verify", &self.reference(name), "--key", &format!("{signer}.pub")])
    }

    /// An application whose environment `guarded` has this binding, and that knows both signers. It keeps what it fetches in a
    /// folder of its own.
    fn application(&self, binding: &str, covers: &str) -> (Application, tempfile::TempDir) {
        let (contoso, fabrikam) = (self.key("contoso.pub"), self.key("fabrikam.pub"));
        let more = format!(
            r#"
[[environments]]
name = "guarded"
target = {{ kind = "directory", path = "deploy/guarded", manifests = "k8s/" }}
promotion = [{{ {binding} }}]

[[signers]]
name = "contoso"
keys = ["{}"]
covers = [{covers}]

[[signers]]
name = "fabrikam"
keys = ["{}"]
"#,
            contoso.display(),
            fabrikam.display()
        );
        let mut application = Application::with_rules("scratch", LAYOUT, &more);
        let cache = tempfile::tempdir().expect("there is room for a folder");
        application.plimsoll =
            Plimsoll::in_folder(application.git.path()).environment("PLIMSOLL_CACHE", cache.path());
        (application, cache)
    }
}

/// What was printed as errors, without the line breaks of the report.
fn errors(ran: &Ran) -> String {
    ran.stderr.replace("\n  │ ", " ")
}

#[track_caller]
fn refused(application: &Application, arguments: &[&str], says: &[&str]) {
    let ran = application.run(arguments).code(64);
    for says in says {
        assert!(errors(&ran).contains(says), "{says}: {}", ran.stderr);
    }
}

#[track_caller]
fn released(application: &Application) -> Value {
    let report = application.run(&["release", "--format", "json"]).json();
    assert_eq!(environment(&report, "guarded")["deployed"], true, "{report}");
    report
}

#[test]
fn a_policy_is_used_once_its_signer_has_signed_it_and_offline_too() {
    require!(Requirement::Git, Requirement::Registry);
    let mut author = Author::new();
    author.push("always", "policies/gate:1", &[]);
    let reference = author.reference("policies/gate:1");
    let (application, cache) =
        author.application(&format!("policy = \"{reference}\", signed-by = [\"contoso\"]"), "");

    refused(
        &application,
        &["policy", "lock"],
        &["`contoso` must have signed it, and it has no signature", "policy sign"],
    );
    author.sign("policies/gate:1", "fabrikam");
    refused(&application, &["policy", "lock"], &["none of its signatures (1) is by that key"]);
    assert!(!application.git.path().join("plimsoll.lock").exists(), "nothing is locked that is not signed");
    author.sign("policies/gate:1", "contoso");
    let locked = application.run(&["policy", "lock"]).code(0);
    assert!(locked.stdout.contains("signed by contoso sha256:"), "{}", locked.stdout);
    assert!(application.read("plimsoll.lock").contains("signed-by = { contoso = \"sha256:"));
    application.git.commit("Lock the policy");
    let _ = application.run(&["policy", "lock", "--check"]).code(0);
    released(&application);

    // The signature was kept, and is verified again without the registry.
    author.registry.stop();
    application.change("Another headline");
    released(&application);

    // What was kept does not count when somebody changed it, or took it away.
    let kept = std::fs::read_dir(cache.path().join("artifacts"))
        .expect("something was kept")
        .map(|entry| entry.expect("the folder can be read").path())
        .find(|path| path.to_string_lossy().ends_with(".signatures.json"))
        .expect("the signatures were kept");
    let text = std::fs::read_to_string(&kept).expect("it is a text");
    application.change("Once more");
    for damaged in [text.replace("eyJ", "eyK"), "[]".to_owned(), "rubbish".to_owned()] {
        assert_ne!(damaged, text);
        std::fs::write(&kept, damaged).expect("the folder takes a file");
        refused(&application, &["release"], &["cannot reach the registry"]);
    }
    author.registry.restart();
    released(&application);
    assert_eq!(std::fs::read_to_string(&kept).ok(), Some(text), "it was fetched and kept again");
}

#[test]
fn a_lock_with_another_signer_is_refused() {
    require!(Requirement::Git, Requirement::Registry);
    let author = Author::new();
    author.push("always", "policies/gate:1", &["--sign-key", "contoso.key"]);
    let reference = author.reference("policies/gate:1");
    let (application, _cache) =
        author.application(&format!("policy = \"{reference}\", signed-by = [\"contoso\"]"), "");
    let _ = application.run(&["policy", "lock"]).code(0);
    let lock = application.read("plimsoll.lock");
    let line = lock.lines().find(|line| line.starts_with("signed-by")).expect("the signer is locked");
    let other = format!("signed-by = {{ contoso = \"sha256:{}\" }}", "0".repeat(64));
    let named = line.replace("contoso", "fabrikam");
    for (changed, says) in [
        (lock.replace(line, &other), "with the key sha256:0000"),
        (lock.replace(line, ""), "is not locked as signed by `contoso`"),
        (lock.replace(line, &named), "is not locked as signed by `contoso`"),
    ] {
        application.git.write("plimsoll.lock", changed);
        refused(&application, &["release", "--allow-dirty"], &[says, "run `plimsoll policy lock`"]);
        let _ = application.run(&["policy", "lock", "--check"]).code(1);
        let _ = application.run(&["policy", "lock"]).code(0);
        assert_eq!(application.read("plimsoll.lock"), lock, "the signatures were looked at again");
    }

    // Two must have signed, and the tag moved meanwhile: what is locked stays, and only signatures come to it.
    author.push("version-gate", "policies/gate:1", &["--force"]);
    let configuration = application.read("plimsoll.toml");
    application
        .git
        .write("plimsoll.toml", configuration.replace("[\"contoso\"]", "[\"fabrikam\", \"contoso\"]"));
    refused(&application, &["release", "--allow-dirty"], &["is not locked as signed by `fabrikam`"]);
    refused(
        &application,
        &["policy", "lock"],
        &["`fabrikam` must have signed it, and none of its signatures (1)"],
    );
    let digest =
        lock.lines().find_map(|line| line.strip_prefix("digest = ")).expect("it is locked").trim_matches('"');
    author.sign(&format!("policies/gate@{digest}"), "fabrikam");
    let _ = application.run(&["policy", "lock"]).code(0);
    let both = application.read("plimsoll.lock");
    assert!(
        both.contains(digest)
            && both.contains("contoso = \"sha256:")
            && both.contains("fabrikam = \"sha256:"),
        "{both}"
    );
    application.git.commit("Lock the policy");
    released(&application);
}

#[test]
fn signatures_over_something_else_and_damaged_ones_do_not_count() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Skopeo);
    let author = Author::new();
    let signed = author.push("soak", "policies/other:1", &["--sign-key", "contoso.key"]);
    let digest = author.push("always", "policies/gate:1", &[]);
    let tag = |digest: &str| format!("{}.sig", digest.replace(':', "-"));
    let signatures = format!("policies/gate:{}", tag(&digest));
    // By its digest a policy needs no lock, and the signature all the same.
    let exact = author.reference(&format!("policies/gate@{digest}"));
    let (application, _cache) =
        author.application(&format!("policy = \"{exact}\", signed-by = [\"contoso\"]"), "");
    refused(&application, &["release"], &["it has no signature"]);

    // The signature of another policy, put where that of this one would be.
    copy_artifact(&author.registry, &format!("policies/other:{}", tag(&signed)), &signatures);
    refused(&application, &["release"], &["the signature by that key is over something else: sha256:"]);
    let asked = author.verify("policies/gate:1", "contoso").code(1);
    assert!(asked.stdout.contains(&signed), "{}", asked.stdout);

    // Damaged ones: no base64, no signature, a payload that was changed, and none that is there.
    let manifest = author.registry.manifest("policies/other", &tag(&signed));
    let right = manifest["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"].clone();
    let payload = json!({ "critical": {
        "identity": {}, "image": { "docker-manifest-digest": digest }, "type": "cosign container image signature",
    }});
    let simple_signing = "application/vnd.dev.cosign.simplesigning.v1+json";
    for (kind, annotation, says) in [
        (simple_signing, json!("?"), "cannot be read"),
        (simple_signing, json!(null), "none of its signatures (1)"),
        (simple_signing, json!("AAAA"), "none of its signatures (1)"),
        (simple_signing, right, "none of its signatures (1)"),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", json!(null), "cannot be read"),
        ("text/plain", json!(null), "it has no signature"),
    ] {
        let annotations = match &annotation {
            Value::Null => json!({}),
            annotation => json!({ "dev.cosignproject.cosign/signature": annotation }),
        };
        let layers = [(kind, payload.to_string().into_bytes(), annotations)];
        let layers = layers
            .each_ref()
            .map(|(kind, content, annotations)| (*kind, content.as_slice(), annotations.clone()));
        send_artifact(
            &author.registry,
            &signatures,
            ("application/vnd.oci.image.config.v1+json", "{}"),
            &layers,
        );
        refused(&application, &["release"], &[says]);
    }
    // Signing mends it: what does not count stays beside it.
    author.sign("policies/gate:1", "contoso");
    released(&application);
}

#[test]
fn a_covered_repository_needs_the_signature_before_anything_is_compiled() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Skopeo);
    let author = Author::new();
    // It is not even WebAssembly, which nobody finds out.
    send_artifact(
        &author.registry,
        "policies/gate:1",
        ("application/vnd.wasm.config.v0+json", "{}"),
        &[("application/wasm", b"rubbish", json!({}))],
    );
    let reference = author.reference("policies/gate:1");
    let covers = format!("\"{}/policies/*\"", author.registry.host());
    let (application, _cache) = author.application(&format!("policy = \"{reference}\""), &covers);
    refused(&application, &["policy", "lock"], &["`contoso` must have signed it"]);
    // Another spelling of the registry is the same registry.
    let configuration = application.read("plimsoll.toml");
    let host = author.registry.host();
    let other = reference.replacen(&host, &host.replace(':', ":0"), 1);
    assert_ne!(other, reference);
    application.git.write("plimsoll.toml", configuration.replacen(&reference, &other, 1));
    refused(&application, &["policy", "lock"], &["`contoso` must have signed it"]);
    application.git.write("plimsoll.toml", configuration);
    author.sign("policies/gate:1", "contoso");
    let ran = application.run(&["policy", "lock"]);
    assert!(ran.stderr.contains("not a WebAssembly binary"), "{}", ran.stderr);

    let (elsewhere, _cache) =
        author.application("policy = \"stock:always\", signed-by = [\"contoso\"]", &covers);
    refused(&elsewhere, &["plan"], &["a policy that comes from no registry has no signature"]);
    std::fs::write(author.key("contoso.pub"), "rubbish").expect("the folder takes a file");
    refused(&application, &["plan"], &["contoso.pub of `contoso` cannot be used: it is not in PEM format"]);
}

#[test]
fn what_was_tested_by_its_digest_is_what_is_locked() {
    require!(Requirement::Git, Requirement::Registry);
    let author = Author::new();
    let digest = author.push("always", "policies/gate:1", &["--sign-key", "contoso.key"]);
    let (application, _cache) =
        author.application(&format!("policy = \"{}\"", author.reference("policies/gate:1")), "\"*\"");
    let _ = application.run(&["policy", "lock"]).code(0);
    let lock = application.read("plimsoll.lock");
    assert!(lock.contains(&digest), "{lock}");
    let locked = lock.lines().find_map(|line| line.strip_prefix("component = ")).expect("it is locked");
    let exact = author.reference(&format!("policies/gate:1@{digest}"));
    let cases = format!(
        "policy = \"{exact}\"\n[[cases]]\nname = \"it allows\"\nexpect = {{ verdict = \"allow\" }}\n"
    );
    application.git.write("cases.toml", cases);
    // Somebody moves the tag; the test, and the release, are about what is locked.
    author.push("version-gate", "policies/gate:1", &["--force"]);
    let tested = application.run(&["policy", "test", "--format", "json"]).code(0).json();
    let identity = find(&tested, "digest").expect("the report names the component");
    assert_eq!(format!("\"{identity}\""), locked, "{tested}");
    application.git.commit("Test and lock the policy");
    released(&application);
}

/// The first value under a key, anywhere.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    match value {
        Value::Object(object) => object
            .get(key)
            .and_then(Value::as_str)
            .or_else(|| object.values().find_map(|inner| find(inner, key))),
        Value::Array(items) => items.iter().find_map(|inner| find(inner, key)),
        _ => None,
    }
}

#[test]
fn keys_are_made_once_and_wrong_ones_are_told_apart() {
    require!(Requirement::Registry, Requirement::Openssl);
    let author = Author::new();
    author.push("always", "policies/gate:1", &[]);
    let reference = author.reference("policies/gate:1");
    let _ = author.verify("policies/gate:1", "contoso").code(1);
    for nowhere in ["policies/nothing:1".to_owned(), format!("policies/nothing@sha256:{}", "0".repeat(64))] {
        let ran = author.verify(&nowhere, "contoso").code(64);
        assert!(ran.stderr.contains("there is no policy"), "{}", ran.stderr);
    }
    let refused = author.plimsoll.run(&["policy", "keygen", "contoso"]).code(2);
    assert!(refused.stderr.contains("contoso.key exists"), "{}", refused.stderr);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = author.key("contoso.key").metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    // Keys of openssl: the right kind without a password signs, others are named.
    let openssl = |arguments: &[&str]| {
        let mut command = std::process::Command::new("openssl");
        let _ = plimsoll_support::run(command.args(arguments).current_dir(author.folder.path())).success();
    };
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "plain.key"]);
    openssl(&["pkey", "-in", "plain.key", "-pubout", "-out", "plain.pub"]);
    openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "p384.key"]);
    openssl(&["genpkey", "-algorithm", "ED25519", "-out", "ed25519.key"]);
    author.sign("policies/gate:1", "plain");
    let _ = author.verify("policies/gate:1", "plain").code(0);
    let _ = author.verify("policies/gate:1", "contoso").code(1);
    let without = Plimsoll::in_folder(author.folder.path());
    let wrong = Plimsoll::in_folder(author.folder.path()).environment("COSIGN_PASSWORD", "wrong");
    for (plimsoll, key, says) in [
        (&without, "p384.key", "no key for ECDSA over P-256"),
        (&without, "ed25519.key", "no key for ECDSA over P-256"),
        (&without, "contoso.pub", "it holds `PUBLIC KEY`"),
        (&without, "contoso.key", "set COSIGN_PASSWORD"),
        (&wrong, "contoso.key", "correct COSIGN_PASSWORD"),
        (&without, "nothing.key", "cannot read nothing.key"),
    ] {
        let ran = plimsoll.run(&["policy", "sign", &reference, "--key", key]).code(64);
        assert!(ran.stderr.contains(says) && !ran.stderr.contains(PASSWORD), "{key}: {}", ran.stderr);
    }
    let ran = without.run(&["policy", "keygen", "third"]).code(64);
    assert!(
        ran.stderr.contains("COSIGN_PASSWORD is not set") && !Path::new("third.key").exists(),
        "{}",
        ran.stderr
    );
}

#[test]
fn signatures_that_the_registry_keeps_to_itself_are_not_missing() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path()).environment("COSIGN_PASSWORD", PASSWORD);
    let _ = plimsoll.run(&["policy", "keygen", "contoso"]).code(0);
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let reference = format!("oci://{}/policies/gate:1", listener.local_addr().expect("it has an address"));
    // The policy may be read, and nothing else.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]);
                let empty = format!("sha256:{}", "0".repeat(64));
                let manifest = json!({
                    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": { "mediaType": "application/json", "digest": empty, "size": 2 }, "layers": [],
                });
                let (status, body) = match request.split(' ').nth(1) {
                    Some("/v2/") => ("200 OK", "{}".to_owned()),
                    Some("/v2/policies/gate/manifests/1") => ("200 OK", manifest.to_string()),
                    _ => ("403 Forbidden", "{}".to_owned()),
                };
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            });
        }
    });
    let ran = plimsoll.run(&["policy", "verify", &reference, "--key", "contoso.pub"]).code(2);
    assert!(ran.stderr.contains("could not be looked at"), "{}", ran.stderr);
}
