//! Policies in a real registry: sent, fetched, pinned, and used by releases that notice when something else is there.

use plimsoll_support::{
    Application, DebianRegistry, LAYOUT, Plimsoll, Requirement, environment, require, skopeo,
};
use serde_json::Value;

/// An application whose production is guarded by a policy from a registry.
fn guarded_by(reference: &str) -> Application {
    let more = format!(
        r#"
[[environments]]
name = "guarded"
target = {{ kind = "directory", path = "deploy/guarded", manifests = "k8s/" }}
promotion = [{{ policy = "{reference}" }}]
"#
    );
    Application::with_rules("scratch", LAYOUT, &more)
}

/// Sends a stock policy's component.
fn push(plimsoll: &Plimsoll, folder: &std::path::Path, name: &str, reference: &str, more: &[&str]) -> Value {
    let component = plimsoll_stock::component(name).expect("it is a stock policy");
    std::fs::write(folder.join("policy.wasm"), component).expect("the folder takes a file");
    let arguments = [&["policy", "push", "policy.wasm", reference, "--format", "json"], more].concat();
    plimsoll.run(&arguments).code(0).json()
}

#[test]
fn what_is_sent_is_fetched_and_others_see_it_as_webassembly() {
    require!(Requirement::Registry, Requirement::Skopeo);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let reference = format!("oci://{}", registry.reference("policies/always:1.0.0"));
    let pushed = push(&plimsoll, folder.path(), "always", &reference, &[]);

    let raw = skopeo(&[
        "inspect",
        "--raw",
        "--tls-verify=false",
        &format!("docker://{}", registry.reference("policies/always:1.0.0")),
    ]);
    let manifest: Value = serde_json::from_slice(&raw.stdout).expect("skopeo prints JSON");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["layers"][0]["digest"], pushed["component"]);
    assert_eq!(registry.digest("policies/always", "1.0.0").as_deref(), pushed["digest"].as_str());

    let exact = pushed["reference"].as_str().expect("it is a text");
    for from in [reference.as_str(), exact] {
        let _ = plimsoll.run(&["policy", "pull", from, "--output", "fetched.wasm"]).code(0);
        let fetched = std::fs::read(folder.path().join("fetched.wasm")).expect("it was written");
        assert_eq!(Some(fetched.as_slice()), plimsoll_stock::component("always"));
    }
    // What was sent can be tested by its digest, which is what will be locked.
    let cases = format!(
        "policy = \"{exact}\"\n[[cases]]\nname = \"it allows\"\nexpect = {{ verdict = \"allow\" }}\n"
    );
    std::fs::write(folder.path().join("cases.toml"), cases).expect("the folder takes a file");
    let _ = plimsoll.run(&["policy", "test"]).code(0);
}

#[test]
fn a_tag_is_not_moved_by_accident() {
    require!(Requirement::Registry);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let reference = format!("oci://{}", registry.reference("policies/gate:1"));
    let first = push(&plimsoll, folder.path(), "always", &reference, &[]);
    assert_eq!(push(&plimsoll, folder.path(), "always", &reference, &[])["digest"], first["digest"]);

    std::fs::write(folder.path().join("other.wasm"), plimsoll_stock::component("soak").expect("it is there"))
        .expect("the folder takes a file");
    let refused = plimsoll.run(&["policy", "push", "other.wasm", &reference]).code(2);
    assert!(refused.stderr.contains("exists, and is sha256:"), "{}", refused.stderr);
    assert_eq!(registry.digest("policies/gate", "1").as_deref(), first["digest"].as_str());
    let _ = plimsoll.run(&["policy", "push", "other.wasm", &reference, "--force"]).code(0);
    assert_ne!(registry.digest("policies/gate", "1").as_deref(), first["digest"].as_str());

    std::fs::write(folder.path().join("rubbish.wasm"), b"rubbish").expect("the folder takes a file");
    let refused = plimsoll.run(&["policy", "push", "rubbish.wasm", &reference, "--force"]).code(2);
    assert!(refused.stderr.contains("not a WebAssembly binary"), "{}", refused.stderr);
}

#[test]
fn a_release_uses_what_is_locked_whatever_the_tag_says() {
    require!(Requirement::Git, Requirement::Registry);
    let mut registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let sender = Plimsoll::in_folder(folder.path());
    let reference = format!("oci://{}", registry.reference("policies/gate:1"));
    push(&sender, folder.path(), "always", &reference, &[]);
    let application = guarded_by(&reference);

    // Nothing is released by a tag that nothing pins.
    for command in ["release", "plan"] {
        let refused = application.run(&[command]).code(64);
        assert!(refused.stderr.contains("is not locked"), "{command}: {}", refused.stderr);
        assert!(refused.stderr.contains("plimsoll policy lock"), "{command}: {}", refused.stderr);
    }
    let _ = application.run(&["policy", "lock", "--check"]).code(1);
    let _ = application.run(&["policy", "lock"]).code(0);
    application.git.commit("Lock the policy");
    let _ = application.run(&["policy", "lock", "--check"]).code(0);
    let released = application.run(&["release", "--format", "json"]).json();
    assert_eq!(environment(&released, "guarded")["deployed"], true, "{released}");

    // Somebody moves the tag to a policy that would deny: nothing changes until it is locked anew.
    push(&sender, folder.path(), "version-gate", &reference, &["--force"]);
    application.change("Another headline");
    let released = application.run(&["release", "--format", "json"]).json();
    assert_eq!(environment(&released, "guarded")["deployed"], true, "{released}");
    let lock = application.read("plimsoll.lock");
    let _ = application.run(&["policy", "lock"]).code(0);
    assert_eq!(application.read("plimsoll.lock"), lock, "what is locked stays locked");
    let _ = application.run(&["policy", "lock", "--update"]).code(0);
    assert_ne!(application.read("plimsoll.lock"), lock);
    application.git.commit("Take the new policy");
    let denied = application.run(&["release", "--format", "json"]).json();
    assert_eq!(environment(&denied, "guarded")["verdict"], "deny", "{denied}");

    // What is kept is enough: the registry may be away.
    registry.stop();
    application.change("Once more");
    let offline = application.run(&["release", "--format", "json"]).json();
    assert_eq!(environment(&offline, "guarded")["verdict"], "deny", "{offline}");
}

#[test]
fn a_shadow_is_locked_like_any_policy() {
    require!(Requirement::Git, Requirement::Registry);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let sender = Plimsoll::in_folder(folder.path());
    let reference = format!("oci://{}", registry.reference("policies/next:1"));
    push(&sender, folder.path(), "version-gate", &reference, &[]);
    let application =
        guarded_by(&format!(r#"stock:always", shadow = {{ policy = "{reference}" }}, time-zone = "UTC"#));
    let refused = application.run(&["release"]).code(64);
    assert!(refused.stderr.contains("is not locked"), "{}", refused.stderr);
    let _ = application.run(&["policy", "lock"]).code(0);
    assert!(application.read("plimsoll.lock").contains(&reference));
    application.git.commit("Lock the shadow");
    let released = application.release();
    assert_eq!(environment(&released, "guarded")["deployed"], true, "{released}");
    assert_eq!(environment(&released, "guarded")["shadows"][0]["would-decide"], "deny", "{released}");
}

#[test]
fn a_damaged_lock_and_another_component_are_refused() {
    require!(Requirement::Git, Requirement::Registry);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let sender = Plimsoll::in_folder(folder.path());
    let reference = format!("oci://{}", registry.reference("policies/gate:1"));
    push(&sender, folder.path(), "always", &reference, &[]);
    let application = guarded_by(&reference);
    let _ = application.run(&["policy", "lock"]).code(0);
    let lock = application.read("plimsoll.lock");
    let component = lock.lines().find_map(|line| line.strip_prefix("component = ")).expect("it is locked");
    let other = format!("\"sha256:{}\"", "0".repeat(64));
    for (damaged, says) in [
        (lock.replace(component, &other), "the lock says sha256:0000"),
        (lock.replace("version = 1", "version = 7"), "version 7"),
        ("rubbish".to_owned(), "no lock file"),
    ] {
        application.git.write("plimsoll.lock", damaged);
        let refused = application.run(&["plan"]).code(64);
        assert!(refused.stderr.replace("\n  │ ", " ").contains(says), "{says}: {}", refused.stderr);
    }
}
