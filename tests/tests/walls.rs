//! The walls between crates: who may depend on whom (ARCHITECTURE.md). Dependencies of tests count too, for a test that
//! reaches across a wall holds two rooms together just as well; the one exception is named below.

use std::{env, process::Command};

use serde_json::Value;

/// A dependency of one crate of the workspace on another, both by their folders.
#[derive(Debug, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    /// Whether only tests need it.
    for_tests: bool,
}

impl Edge {
    fn new(from: &str, to: &str) -> Self {
        Self { from: from.to_owned(), to: to.to_owned(), for_tests: false }
    }
}

/// Whether a crate may depend on another.
fn is_allowed(edge: &Edge) -> bool {
    let (from, to) = (edge.from.as_str(), edge.to.as_str());
    let in_host = to.starts_with("host/");
    match from {
        // The hostile guests are test data of the sandbox.
        "host/policy" if to == "tests/guests" => edge.for_tests,
        // It is tested against a database server.
        "host/journal" if to == "tests/support" => edge.for_tests,
        // It is tested against Debian's registry.
        "host/registry" if to == "tests/support" => edge.for_tests,
        // It is tested against a Kubernetes control plane.
        "host/deploy" if to == "tests/support" => edge.for_tests,
        // The middle knows nobody.
        "host/core" => false,
        "host/layout" | "host/policy" | "host/source" | "host/journal" | "host/deploy" | "host/signature"
        | "host/provenance" | "host/checks" | "host/notify" | "host/fetch" => to == "host/core",
        // Both move images, and a layout is what an image is in.
        "host/image" | "host/registry" => matches!(to, "host/core" | "host/layout"),
        // An engine is sent the context that the embedded builder sees, and is tested against real ones.
        "host/engines" if to == "tests/support" => edge.for_tests,
        "host/engines" => matches!(to, "host/core" | "host/layout" | "host/image"),
        // The only wiring.
        "host/app" => (in_host && to != "host/cli") || to == "plugins/stock",
        // What the harness finds is printed as it is; authors build policies as the stock ones are built.
        "host/cli" => {
            matches!(to, "host/app" | "host/core" | "host/harness" | "plugins/componentize")
        }
        "host/harness" => matches!(to, "host/core" | "host/policy"),
        // They stand on the contract alone.
        "plugins/sdk" | "plugins/componentize" => false,
        "plugins/stock" => to == "plugins/componentize",
        _ if from.starts_with("plugins/") => to == "plugins/sdk",
        _ if from.starts_with("tests") || from.starts_with("examples/") => to != "xtask",
        // Whatever is new, xtask among it, depends on nobody until somebody writes it down here.
        _ => false,
    }
}

/// The dependencies that break a wall.
fn broken(edges: &[Edge]) -> Vec<&Edge> {
    edges.iter().filter(|edge| !is_allowed(edge)).collect()
}

/// All dependencies between crates of the workspace, of every kind.
fn edges() -> Vec<Edge> {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let metadata = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, for it runs this test");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo writes JSON");
    let root = metadata["workspace_root"].as_str().expect("the workspace has a root");
    let packages = metadata["packages"].as_array().expect("the workspace has packages");
    packages.iter().flat_map(|package| edges_of(package, root)).collect()
}

fn edges_of(package: &Value, root: &str) -> Vec<Edge> {
    let inside = |path: &Value| {
        let path = path.as_str()?.strip_prefix(root)?.trim_start_matches('/');
        Some(path.trim_end_matches("/Cargo.toml").to_owned())
    };
    let from = inside(&package["manifest_path"]).expect("a member is below the root");
    let dependencies = package["dependencies"].as_array().expect("a package has dependencies");
    let edge = |dependency: &Value| {
        let to = inside(&dependency["path"])?;
        Some(Edge { from: from.clone(), to, for_tests: dependency["kind"] == "dev" })
    };
    dependencies.iter().filter_map(edge).collect()
}

#[test]
fn no_crate_reaches_through_a_wall() {
    let edges = edges();
    assert!(edges.contains(&Edge::new("host/app", "host/core")), "the dependencies were not read: {edges:?}");
    let broken = broken(&edges);
    assert!(broken.is_empty(), "these dependencies are not allowed (ARCHITECTURE.md): {broken:#?}");
}

#[test]
fn shortcuts_are_noticed() {
    let shortcuts = [
        ("host/core", "host/policy"),
        ("host/image", "host/registry"),
        ("host/image", "host/engines"),
        ("host/engines", "host/registry"),
        ("host/journal", "host/deploy"),
        ("host/signature", "host/registry"),
        ("host/registry", "host/signature"),
        ("host/provenance", "host/signature"),
        ("host/deploy", "tests/support"),
        ("host/engines", "tests/support"),
        ("host/checks", "host/deploy"),
        ("host/notify", "host/journal"),
        ("host/image", "host/fetch"),
        ("host/cli", "host/policy"),
        ("host/app", "host/cli"),
        ("plugins/always", "host/core"),
        ("plugins/always", "plugins/version-gate"),
        ("host/policy", "plugins/sdk"),
        ("host/policy", "tests/guests"),
        ("host/journal", "tests/support"),
        ("host/registry", "tests/support"),
        ("xtask", "host/app"),
        ("host/something-new", "host/app"),
    ];
    let edges: Vec<Edge> = shortcuts.into_iter().map(|(from, to)| Edge::new(from, to)).collect();
    assert_eq!(broken(&edges).len(), edges.len());
}
