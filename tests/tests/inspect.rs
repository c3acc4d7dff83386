//! `policy inspect`: what can be read of a component, whoever made it, and that nothing of it is run or believed unchecked.

use std::{path::Path, time::Duration};

use plimsoll_support::{DebianRegistry, Plimsoll, Requirement, require, run_for, send_artifact};

fn write(folder: &Path, name: &str, content: &[u8]) {
    std::fs::write(folder.join(name), content).expect("the folder takes a file");
}

/// A component with one more custom section: number 0, its length, the length of its name, name and content.
fn with_section(component: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let length = |mut number: usize| {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(0x80 | number.to_le_bytes()[0]);
            number >>= 7;
        }
        bytes.push(number.to_le_bytes()[0]);
        bytes
    };
    let body = [&length(name.len())[..], name.as_bytes(), content].concat();
    [component, &[0], &length(body.len()), &body].concat()
}

#[test]
fn every_stock_policy_carries_its_description() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    for name in plimsoll_stock::NAMES {
        let reference = format!("stock:{name}");
        let read = plimsoll.run(&["policy", "inspect", &reference, "--format", "json"]).code(0).json();
        assert_eq!(
            (&read["usable"], &read["description"]["name"]),
            (&true.into(), &(*name).into()),
            "{read}"
        );
        assert!(read["description"]["settings-schema"].is_object(), "{read}");
        // The sandbox loads it: what it carries is what it says.
        let component = plimsoll_stock::component(name).expect("it is one of them");
        let sandbox = plimsoll_policy::Sandbox::new(plimsoll_policy::SandboxOptions::default());
        let policy = sandbox.expect("it needs nothing").load(&reference, component).expect("it is a policy");
        assert!(policy.carries_description());
        assert_eq!(read["description"]["summary"], policy.description().summary.as_str());
    }
}

#[test]
fn any_file_has_a_clear_result() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    for name in plimsoll_guests::names() {
        write(folder.path(), "guest.wasm", plimsoll_guests::component(name));
        let (code, says) = match name {
            "core-module" => (2, "core WebAssembly module"),
            "truncated" => (2, "cut off"),
            "stranger" => (2, "it exports `greet`"),
            "foreign" => (2, "it imports `wall-clock`"),
            "contract-0.9.0" => (2, "version 0.9.0 of the contract"),
            _ => (0, "it carries no description"),
        };
        let ran = plimsoll.run(&["policy", "inspect", "guest.wasm"]).code(code);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains(says), "{name}: {all}");
        assert!(ran.stdout.contains("digest     sha256:"), "{name}: {all}");
        let read = plimsoll.run(&["policy", "inspect", "guest.wasm", "--format", "json"]).code(code).json();
        assert_eq!(read["usable"], code == 0, "{name}: {read}");
    }
    write(folder.path(), "guest.wasm", plimsoll_guests::component("caller"));
    let caller = plimsoll.run(&["policy", "inspect", "guest.wasm"]).code(0);
    assert!(caller.stdout.contains(r#"grants = ["log", "registry", "history"]"#), "{}", caller.stdout);
    for nowhere in ["missing.wasm", "stock:nobody", "."] {
        assert!(!plimsoll.run(&["policy", "inspect", nowhere]).code(64).stderr.is_empty());
    }
}

#[test]
fn a_description_is_not_believed_where_it_matters() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let claim = br#"{"name":"always","version":"9.9.9","summary":"Allows.","settings-schema":"{}"}"#;
    let lying = with_section(plimsoll_guests::component("lean"), "plimsoll:about", claim);
    write(folder.path(), "lying.wasm", &lying);
    // Reading shows the claim; whatever uses the policy compares it with what the policy says.
    assert!(plimsoll.run(&["policy", "inspect", "lying.wasm"]).code(0).stdout.contains("9.9.9"));
    write(
        folder.path(),
        "cases.toml",
        b"[[cases]]\nname = \"it allows\"\nexpect = { verdict = \"allow\" }\n",
    );
    for refused in [
        &["policy", "push", "lying.wasm", "oci://127.0.0.1:9/policies/lying:1"][..],
        &["policy", "test", "lying.wasm"],
    ] {
        let ran = plimsoll.run(refused).code(2);
        assert!(ran.stderr.contains("is not what it claims to be"), "{}", ran.stderr);
    }

    // What steers terminals does not get through, and neither does a page of choices.
    let escape = r#"{"name":"lean","version":"1.0.0","summary":"\u001b[2Jgone","settings-schema":"{\"properties\":{\"\\u001b[31m\":{}}}"}"#;
    let steering = with_section(plimsoll_guests::component("lean"), "plimsoll:about", escape.as_bytes());
    write(folder.path(), "steering.wasm", &steering);
    let ran = plimsoll.run(&["policy", "inspect", "steering.wasm"]).code(0);
    assert!(ran.stdout.contains("gone") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    let twice = with_section(&lying, "plimsoll:about", claim);
    write(folder.path(), "twice.wasm", &twice);
    assert!(plimsoll.run(&["policy", "inspect", "twice.wasm"]).code(2).stderr.contains("more than once"));
}

#[test]
fn a_policy_in_a_registry_is_read_without_being_run() {
    require!(Requirement::Registry);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    write(folder.path(), "policy.wasm", plimsoll_stock::component("soak").expect("it is one of them"));
    let reference = format!("oci://{}", registry.reference("policies/soak:1"));
    let pushed =
        plimsoll.run(&["policy", "push", "policy.wasm", &reference, "--format", "json"]).code(0).json();
    let read = plimsoll.run(&["policy", "inspect", &reference, "--format", "json"]).code(0).json();
    assert_eq!((&read["artifact"], &read["digest"]), (&pushed["digest"], &pushed["component"]));
    assert_eq!(read["description"]["name"], "soak");
    let line = read["configuration"]["promotion"].as_str().expect("it decides on promotions");
    assert!(line.contains(&reference), "{line}");
    // Signatures: none, one by somebody, one by somebody whom the configuration knows.
    assert_eq!(read["signatures"], serde_json::json!([]));
    let with_password = |arguments: &[&str]| {
        let mut command = plimsoll.command(arguments);
        run_for(command.env("COSIGN_PASSWORD", "secret"), Duration::from_secs(60)).success()
    };
    let _ = with_password(&["policy", "keygen", "contoso"]);
    let _ = with_password(&["policy", "sign", &reference, "--key", "contoso.key"]);
    let unknown = plimsoll.run(&["policy", "inspect", &reference]).code(0);
    assert!(
        unknown.stdout.contains("signed     by somebody: no signers are configured"),
        "{}",
        unknown.stdout
    );
    let configuration =
        "[image]\nrepository = \"oci:images\"\n[[signers]]\nname = \"contoso\"\nkeys = [\"contoso.pub\"]\n";
    write(folder.path(), "plimsoll.toml", configuration.as_bytes());
    let known = plimsoll.run(&["policy", "inspect", &reference]).code(0);
    assert!(known.stdout.contains("signed     by contoso with the key sha256:"), "{}", known.stdout);
    let known = plimsoll.run(&["policy", "inspect", &reference, "--format", "json"]).code(0).json();
    let signature = &known["signatures"][0];
    assert_eq!((&signature["signer"], &signature["form"]), (&"contoso".into(), &"simple-signing".into()));
    // What cannot be read is no signature, and not nothing either.
    let digest = pushed["digest"].as_str().expect("it is a text");
    send_artifact(
        &registry,
        &format!("policies/soak:{}.sig", digest.replace(':', "-")),
        ("application/vnd.oci.image.config.v1+json", "{}"),
        &[("application/vnd.dev.sigstore.bundle.v0.3+json", b"rubbish", serde_json::json!({}))],
    );
    let unreadable = plimsoll.run(&["policy", "inspect", &reference]).code(0);
    assert!(unreadable.stdout.contains("signed     cannot be read: "), "{}", unreadable.stdout);
    let unreadable = plimsoll.run(&["policy", "inspect", &reference, "--format", "json"]).code(0).json();
    assert!(unreadable["signatures"][0]["unreadable"].is_string(), "{unreadable}");
}
