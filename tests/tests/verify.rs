//! `plimsoll verify`: what it says of images as they should be, and what it notices of others. On image layouts, which can be
//! tampered with file by file.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use plimsoll_core::digest::Digest;
use plimsoll_support::{Application, LAYOUT, Plimsoll, Ran, Requirement, require};
use serde_json::{Value, json};

const PASSWORD: &str = "only for tests";
const NOW: &str = "2026-11-30T08:00:00Z";
const STATEMENT: &str = "application/vnd.in-toto+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PROMOTION: &str = "https://plimsoll.dev/promotion/v1";

/// An application whose statements are signed with `release.key`; `other` is somebody else's.
fn signed() -> Application {
    with("[provenance]\nkey = \"release.key\"\n")
}

fn with(more: &str) -> Application {
    let mut application = Application::with_rules("scratch", LAYOUT, more);
    application.plimsoll =
        Plimsoll::in_folder(application.git.path()).environment("COSIGN_PASSWORD", PASSWORD);
    for name in ["release", "other"] {
        let _ = application.run(&["policy", "keygen", name]).code(0);
    }
    application.git.write(".gitignore", ".plimsoll/\ndeploy/\n*.key\n*.pub\n");
    application.git.commit("Keep the keys out");
    application
}

/// Releases HEAD as a version; answers the image's digest.
fn version(application: &Application, version: &str) -> String {
    application.git.tag(version);
    let report = application.run(&["release", "--format", "json", "--now", NOW]).code(0).json();
    report["digest"].as_str().expect("it was built").to_owned()
}

fn image(tag: &str) -> String {
    format!("{LAYOUT}:{tag}")
}

/// What a command printed; the keys' ids and release ids stand for themselves.
fn shown(ran: &Ran) -> String {
    ran.snapshot().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Verifies, and collects what failed and what was disregarded.
#[track_caller]
fn verify(application: &Application, image: &str, more: &[&str], code: i32) -> (Vec<String>, Vec<String>) {
    let report = application.run(&[&["verify", image, "--format", "json"], more].concat()).code(code).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().expect("a report lists its checks").iter();
    let failed = checks.filter(|check| check["outcome"] == "failed");
    let failed = failed.map(|check| format!("{}: {}", text(&check["rule"]), text(&check["message"])));
    let disregarded = report["disregarded"].as_array().expect("a report lists them").iter();
    (failed.collect(), disregarded.map(|it| text(&it["reason"])).collect())
}

#[track_caller]
fn contains(lines: &[String], says: &str) {
    assert!(lines.iter().any(|line| line.contains(says)), "{says}: {lines:?}");
}

/// The image layout of an application, opened to whoever may write it.
struct Store(PathBuf);

impl Store {
    fn of(application: &Application) -> Self {
        Self(application.git.path().join(".plimsoll/images/website"))
    }

    fn blob(&self, digest: &str) -> Vec<u8> {
        std::fs::read(self.path(digest)).expect("the blob is there")
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.0.join("blobs/sha256").join(digest.trim_start_matches("sha256:"))
    }

    fn json(&self, digest: &str) -> Value {
        serde_json::from_slice(&self.blob(digest)).expect("it is JSON")
    }

    fn index(&self) -> Value {
        let bytes = std::fs::read(self.0.join("index.json")).expect("the layout has an index");
        serde_json::from_slice(&bytes).expect("it is JSON")
    }

    /// Manifests of referrers with what they hold, in the index's order.
    fn referrers(&self) -> Vec<(String, Value)> {
        let index = self.index();
        let entries = index["manifests"].as_array().expect("it is a list").iter();
        let referrers = entries.filter(|entry| entry["artifactType"].is_string());
        let content = |entry: &Value| {
            let digest = entry["digest"].as_str().expect("it is a text").to_owned();
            let manifest = self.json(&digest);
            (digest, self.json(manifest["layers"][0]["digest"].as_str().expect("it is a text")))
        };
        referrers.map(content).collect()
    }

    fn write(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        std::fs::write(self.path(&digest.to_string()), bytes).expect("the layout takes a blob");
        digest
    }

    /// Puts something beside an image, as anybody may who can write the layout.
    fn place(&self, subject: &str, media_type: &str, content: &[u8]) {
        let described = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": self.write(bytes), "size": bytes.len() });
        let manifest_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": manifest_type, "artifactType": media_type,
            "config": described("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [described(media_type, content)],
            "subject": { "mediaType": manifest_type, "digest": subject, "size": self.blob(subject).len() },
        });
        let mut entry = described(manifest_type, manifest.to_string().as_bytes());
        entry["artifactType"] = json!(media_type);
        let mut index = self.index();
        index["manifests"].as_array_mut().expect("it is a list").push(entry);
        self.set(&index);
    }

    fn set(&self, index: &Value) {
        std::fs::write(self.0.join("index.json"), index.to_string()).expect("the layout takes an index");
    }

    /// Takes away whatever lies beside images.
    fn strip(&self) {
        let mut index = self.index();
        let entries = index["manifests"].as_array_mut().expect("it is a list");
        entries.retain(|entry| !entry["artifactType"].is_string());
        self.set(&index);
    }
}

/// A statement in a bundle, and the bundle around another one.
fn payload(bundle: &Value) -> Value {
    let text = bundle["dsseEnvelope"]["payload"].as_str().expect("a bundle has a payload");
    serde_json::from_slice(&BASE64.decode(text).expect("it is base64")).expect("it is JSON")
}

fn with_payload(bundle: &Value, statement: &Value) -> Vec<u8> {
    let mut bundle = bundle.clone();
    bundle["dsseEnvelope"]["payload"] = json!(BASE64.encode(statement.to_string()));
    bundle.to_string().into_bytes()
}

#[test]
fn what_it_says_of_a_version_in_production() {
    require!(Requirement::Git);
    let application = signed();
    version(&application, "v1.0.0");
    let commit = application.git.head();
    let full = [
        "verify",
        &image("v1.0.0"),
        "--key",
        "release.pub",
        "--source",
        "https://git.example/contoso/website",
        "--commit",
        &commit,
        "--policy",
        "stock:release-tags",
        "--environment",
        "production",
        "--promotion-policy",
        "stock:version-gate",
    ];
    insta::assert_snapshot!(shown(&application.run(&full)), @r#"
    exit code: 0
    --- stdout
    oci:.plimsoll/images/website:v1.0.0@[DIGEST] verified
      ✓ provenance        release [RELEASE] built it: plimsoll 0.1.0, builder embedded
      ✓ signature         4 statements are signed with the key [DIGEST]
      ✓ source            https://git.example/contoso/website, refs/heads/main
      ✓ commit            [COMMIT]
      ✓ tag v1.0.0        given by stock:release-tags [DIGEST]
      - tag latest        given by stock:release-tags [DIGEST]
      ✓ policy            stock:release-tags gave the tags
      ✓ production        allowed by stock:version-gate [DIGEST]
      ✓ promotion-policy  stock:version-gate was asked
      ✓ journal           it holds the same
    --- stderr
    "#);
    insta::assert_snapshot!(shown(&application.run(&["verify", &image("latest"), "--no-journal"])), @r#"
    exit code: 0
    --- stdout
    oci:.plimsoll/images/website:latest@[DIGEST] as stated, and not proven: no signature was checked
      ✓ provenance  release [RELEASE] built it: plimsoll 0.1.0, builder embedded
      - signature   not checked: --key names the public key of whoever signs
      - source      https://git.example/contoso/website, refs/heads/main
      - commit      [COMMIT]
      ✓ tag latest  given by stock:release-tags [DIGEST]
      - tag v1.0.0  given by stock:release-tags [DIGEST]
      - production  allowed by stock:version-gate [DIGEST]
      - staging     allowed by stock:always [DIGEST]
    --- stderr
    "#);
}

#[test]
fn what_it_says_of_an_image_that_was_never_allowed() {
    require!(Requirement::Git);
    let application = signed();
    let _ = application.run(&["release", "--now", NOW]).code(0);
    let arguments = [
        "verify",
        &image("latest"),
        "--key",
        "release.pub",
        "--environment",
        "production",
        "--commit",
        "abcdef0",
    ];
    insta::assert_snapshot!(shown(&application.run(&arguments)), @r#"
    exit code: 1
    --- stdout
    oci:.plimsoll/images/website:latest@[DIGEST] not verified
      ✓ provenance  release [RELEASE] built it: plimsoll 0.1.0, builder embedded
      ✓ signature   4 statements are signed with the key [DIGEST]
      - source      https://git.example/contoso/website, refs/heads/main
      ✗ commit      [COMMIT], not abcdef0
      ✓ tag latest  given by stock:release-tags [DIGEST]
      ✗ production  denied by stock:version-gate [DIGEST]
      ✓ journal     it holds the same
    --- stderr
    "#);
    let (failed, _) = verify(&application, &image("latest"), &["--environment", "moon"], 1);
    contains(&failed, "moon: no statement that counts says that it was ever allowed there");
}

#[test]
fn what_it_says_where_there_is_no_provenance_or_no_image() {
    require!(Requirement::Git);
    let application = with("[provenance]\nattach = false\n");
    version(&application, "v1.0.0");
    insta::assert_snapshot!(shown(&application.run(&["verify", &image("v1.0.0")])), @r#"
    exit code: 1
    --- stdout
    oci:.plimsoll/images/website:v1.0.0@[DIGEST] not verified
      ✗ provenance  no statement that counts says how this image was built
    --- stderr
    "#);
    insta::assert_snapshot!(shown(&application.run(&["verify", &image("v9.0.0")])), @r#"
    exit code: 64
    --- stdout
    --- stderr
    error: there is no image oci:.plimsoll/images/website:v9.0.0
    hint: `plimsoll history` lists the images of releases
    "#);
    insta::assert_snapshot!(shown(&application.run(&["verify", "Not An Image"])), @r#"
    exit code: 64
    --- stdout
    --- stderr
    error: `Not An Image` names no image: `Not An Image` is not an image reference: the path may hold `a-z 0-9` with single `.`, `_`, `__` or dashes between, in parts separated by `/`
    hint: write it like `ghcr.io/contoso/website:v1.2.3`, or `oci:FOLDER:v1.2.3`
    "#);
    insta::assert_snapshot!(shown(&application.run(&["verify", &image("v1.0.0"), "--key", "release.key"])), @r#"
    exit code: 64
    --- stdout
    --- stderr
    error: the key release.key cannot be used: it holds `ENCRYPTED SIGSTORE PRIVATE KEY`, and a public key, `PUBLIC KEY`, is needed
    hint: name a public key such as cosign.pub
    "#);
}

#[test]
fn a_key_that_cannot_be_used_stops_a_release_before_it_begins() {
    require!(Requirement::Git);
    let mut application = signed();
    application.plimsoll =
        Plimsoll::in_folder(application.git.path()).environment("COSIGN_PASSWORD", "wrong");
    insta::assert_snapshot!(shown(&application.run(&["release"])), @r#"
    exit code: 64
    --- stdout
    --- stderr
    note: The repository does not record its default branch: main is taken for it.
    error: the key release.key cannot be used: the password does not open the key, or the key was changed
    hint: correct COSIGN_PASSWORD
    "#);
    let _ = application.run(&["plan"]).code(0);
}

#[test]
fn statements_by_others_and_changed_ones_do_not_count() {
    require!(Requirement::Git);
    let application = signed();
    let digest = version(&application, "v1.0.0");
    let store = Store::of(&application);
    let (tag, key) = (image("v1.0.0"), ["--key", "release.pub", "--environment", "production"]);
    let _ = verify(&application, &tag, &key, 0);
    let (failed, disregarded) = verify(&application, &tag, &["--key", "other.pub"], 1);
    contains(&failed, "provenance: no statement that counts");
    contains(&disregarded, "it was signed with another key, or changed after it was signed");
    assert_eq!(disregarded.len(), 4);

    // Anybody may put things beside the image: they spoil nothing.
    let referrers = store.referrers();
    let (_, allowed) = referrers.last().expect("production was attested");
    assert_eq!(payload(allowed)["predicateType"], PROMOTION);
    let mut elsewhere = payload(allowed);
    elsewhere["predicate"]["environment"] = json!("moon");
    store.place(&digest, BUNDLE, &with_payload(allowed, &elsewhere));
    store.place(&digest, STATEMENT, elsewhere.to_string().as_bytes());
    store.place(&digest, STATEMENT, b"no statement");
    store.place(&digest, BUNDLE, b"{}");
    store.place(&digest, BUNDLE, &vec![b' '; 4 << 20]);
    let (failed, disregarded) = verify(&application, &tag, &key, 0);
    assert_eq!(failed, Vec::<String>::new());
    for says in [
        "changed after it was signed",
        "it is not signed",
        "it is no signature that is understood",
        "it is no statement, too large a one, or not there as it is listed",
    ] {
        contains(&disregarded, says);
    }
    let moon = ["--environment", "moon", "--key", "release.pub"];
    let (failed, _) = verify(&application, &tag, &moon, 1);
    contains(&failed, "moon: no statement that counts");
    // Without a key they count, and nothing is proven; the journal knows better.
    let (failed, _) = verify(&application, &tag, &["--environment", "moon", "--no-journal"], 0);
    assert_eq!(failed, Vec::<String>::new());
    let (failed, _) = verify(&application, &tag, &["--environment", "moon"], 1);
    contains(&failed, "is not the decision that the statement names");
    let forged = elsewhere["predicate"]["record"]["sequence"].as_u64().expect("it is a number");
    elsewhere["predicate"]["record"]["sequence"] = json!(forged + 1);
    store.place(&digest, STATEMENT, elsewhere.to_string().as_bytes());
    let (failed, _) = verify(&application, &tag, &["--environment", "moon"], 1);
    contains(&failed, "is not the decision that the statement names");
}

/// The allowance of one environment, said to be that of another: its place in the journal is right, and what it says is not.
#[test]
fn the_journal_knows_what_was_decided_at_a_place() {
    require!(Requirement::Git);
    let application = with("");
    let report = application.run(&["release", "--format", "json", "--now", NOW]).code(0).json();
    let digest = report["digest"].as_str().expect("it was built");
    let (store, tag) = (Store::of(&application), image("latest"));
    let production = ["--environment", "production"];
    let (failed, _) = verify(&application, &tag, &production, 1);
    contains(&failed, "production: denied by stock:version-gate");
    assert_eq!(verify(&application, &tag, &["--environment", "staging"], 0).0, Vec::<String>::new());

    let statements = store.referrers();
    let is_staging = |(_, statement): &&(String, Value)| statement["predicate"]["environment"] == "staging";
    let (_, allowed) = statements.iter().find(is_staging).expect("staging was attested");
    // The denial is taken away, and an allowance put in its place.
    let mut index = store.index();
    let (denial, _) = statements.last().expect("production was attested");
    index["manifests"].as_array_mut().expect("it is a list").retain(|entry| entry["digest"] != json!(denial));
    store.set(&index);
    let mut forged = allowed.clone();
    forged["predicate"]["environment"] = json!("production");
    store.place(digest, STATEMENT, forged.to_string().as_bytes());
    let alone = [production.as_slice(), &["--no-journal"]].concat();
    assert_eq!(verify(&application, &tag, &alone, 0).0, Vec::<String>::new());
    let (failed, _) = verify(&application, &tag, &production, 1);
    contains(&failed, "journal: entry");
    contains(&failed, "is not the decision that the statement names");
}

#[test]
fn statements_about_another_image_do_not_count() {
    require!(Requirement::Git);
    let application = signed();
    let first = version(&application, "v1.0.0");
    let store = Store::of(&application);
    let of_first = store.referrers();
    application.change("Version two");
    let second = version(&application, "v1.1.0");
    store.strip();
    // The signed statements of the first, put beside the second.
    for (_, bundle) in &of_first {
        store.place(&second, BUNDLE, bundle.to_string().as_bytes());
    }
    let (failed, disregarded) = verify(&application, &image("v1.1.0"), &["--key", "release.pub"], 1);
    contains(&failed, "no statement that counts says how this image was built");
    contains(&disregarded, &format!("it is about {first}, not about this image"));
    // The same with the subject changed: then the signature is no longer right.
    for (_, bundle) in &of_first {
        let mut statement = payload(bundle);
        let hex = second.trim_start_matches("sha256:");
        statement["subject"][0]["digest"]["sha256"] = json!(hex);
        store.place(&second, BUNDLE, &with_payload(bundle, &statement));
    }
    let (_, disregarded) = verify(&application, &image("v1.1.0"), &["--key", "release.pub"], 1);
    contains(&disregarded, "changed after it was signed");
    // Without a key that passes for a statement, but the journal made another image.
    let (failed, _) = verify(&application, &image("v1.1.0"), &[], 1);
    contains(&failed, "journal: the release made");
    contains(
        &verify(&application, &image("v1.0.0"), &["--key", "release.pub"], 1).0,
        "how this image was built",
    );
}

#[test]
fn later_decisions_are_added_and_nothing_is_written_over() {
    require!(Requirement::Git);
    let gate = r#"[[environments]]
name = "guarded"
target = { kind = "directory", path = "deploy/guarded", manifests = "k8s/" }
promotion = [{ policy = "stock:approvals" }]

[provenance]
key = "release.key"
"#;
    let application = with(gate);
    let report = application.run(&["release", "--format", "json", "--now", NOW]).code(0).json();
    let release = report["release"].as_str().expect("a report names its release").to_owned();
    let store = Store::of(&application);
    let key = ["--key", "release.pub", "--environment", "guarded"];
    // A hold is no decision.
    let (failed, _) = verify(&application, &image("latest"), &key, 1);
    contains(&failed, "guarded: no statement that counts says that it was ever allowed there");
    let before = store.referrers();
    assert_eq!(before.len(), 4, "build, tags, staging, and the denial of production");

    let _ = application.run(&["approve", &release, "--by", "ann", "--now", NOW]).code(0);
    let _ = application.run(&["resume", &release, "--now", NOW]).code(0);
    let _ = verify(&application, &image("latest"), &key, 0);
    let after = store.referrers();
    assert_eq!(after[..4], before, "nothing was written over");
    assert_eq!(payload(&after[4].1)["predicate"]["environment"], "guarded");

    // Asked for by name, and denied again: that is stated, too.
    let promote = ["promote", &release, "production", "--by", "ann", "--now", NOW];
    let _ = application.run(&promote).code(1);
    let last = store.referrers();
    assert_eq!((last.len(), &last[..5]), (6, &after[..]));
    assert_eq!(payload(&last[5].1)["predicate"]["decision"], "deny");
    let (failed, _) = verify(&application, &image("latest"), &["--environment", "production"], 1);
    contains(&failed, "production: denied by stock:version-gate");
    // A denial that somebody took away is in the journal.
    let mut index = store.index();
    let gone = &last[5].0;
    index["manifests"].as_array_mut().expect("it is a list").retain(|entry| entry["digest"] != json!(gone));
    store.set(&index);
    let (failed, _) = verify(&application, &image("latest"), &["--environment", "guarded"], 1);
    contains(&failed, "is a newer decision on production: deny");
}

/// An allowance, then much of no use, and only then a denial: that is not overlooked.
#[test]
fn what_lies_beyond_the_last_that_is_looked_at_is_not_passed_over() {
    require!(Requirement::Git);
    let application = signed();
    let digest = version(&application, "v1.0.0");
    let store = Store::of(&application);
    for index in 0..256 {
        store.place(&digest, STATEMENT, index.to_string().as_bytes());
    }
    let key = ["--key", "release.pub", "--environment", "production"];
    let (failed, _) = verify(&application, &image("v1.0.0"), &key, 1);
    contains(&failed, "referrers: more than 256 referrers: the rest was not looked at");
}

/// A configuration that no longer wants statements is no obstacle for releases that began with them.
#[test]
fn an_older_release_is_promoted_and_brought_back_without_statements() {
    require!(Requirement::Git);
    let application = with("[provenance]\nattach = true\n");
    version(&application, "v1.0.0");
    application.change("Version two");
    version(&application, "v1.1.0");
    let rules = application.read("plimsoll.toml").replacen("attach = true", "attach = false", 1);
    application.git.write("plimsoll.toml", rules);
    application.git.commit("Attach nothing");
    let before = Store::of(&application).referrers().len();
    for environment in ["production", "staging"] {
        let back =
            ["rollback", environment, "--to", "v1.0.0", "--reason", "slow", "--by", "ann", "--now", NOW];
        let _ = application.run(&back).code(0);
    }
    assert_eq!(Store::of(&application).referrers().len(), before);
}

/// Whatever lies beside an image, `verify` ends with an answer.
#[test]
fn a_statement_that_was_changed_on_disk_is_none_and_is_told() {
    require!(Requirement::Git);
    let application = signed();
    version(&application, "v1.0.0");
    let store = Store::of(&application);
    let (referrer, _) = store.referrers().remove(0);
    let manifest = store.json(&referrer);
    let bundle = store.path(manifest["layers"][0]["digest"].as_str().expect("it is a text"));
    damage(&bundle);
    let (failed, disregarded) = verify(&application, &image("v1.0.0"), &["--key", "release.pub"], 1);
    contains(&failed, "no statement that counts says how this image was built");
    contains(&disregarded, "not there as it is listed");
}

fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("the blob is there");
    bytes[10] ^= 1;
    std::fs::write(path, bytes).expect("the layout takes a blob");
}
