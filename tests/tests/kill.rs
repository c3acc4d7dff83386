//! The host is killed at every boundary of a release, and between each effect and its fact, and taken up again: the
//! release always ends as if nothing had happened.
//!
//! The boundaries are not listed here. The executor tells of them, and the test kills at each that it tells of: a new
//! step is covered without anyone remembering.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
    time::Duration,
};

use plimsoll_support::{Application, DebianRegistry, LAYOUT, Requirement, require, run};

/// Everything that a release leaves for others to see.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The report, without what no two runs share.
    report: String,
    /// Every rendered file.
    deployed: BTreeMap<String, String>,
    /// The image layout's index: the tags with their digests, and what the statements beside images state. How many there are
    /// of a kind depends on how often the policies were asked.
    index: BTreeSet<String>,
    /// How often each environment was deployed to, by the journal.
    deployments: BTreeMap<String, usize>,
}

/// An application with a version behind it and a new one to release.
fn prepared() -> Application {
    let application = Application::self_contained();
    let first = application.release();
    assert_eq!(first["standing"], "done");
    application.change("Version one");
    application.git.tag("v1.0.0");
    application
}

/// Releases HEAD with a host that dies at a boundary; the number of boundaries when it lived.
fn doomed(application: &Application, boundary: usize, cache: &Path) -> Option<usize> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doomed-host"));
    command.arg(boundary.to_string()).current_dir(application.git.path()).env("PLIMSOLL_CACHE", cache);
    let finished = run(&mut command);
    if finished.status.success() {
        return Some(finished.text().lines().count());
    }
    assert_eq!(finished.status.code(), None, "it should have been killed, not have failed: {finished:?}");
    None
}

/// Takes the release up, and collects what is there to see.
fn outcome(application: &Application) -> Outcome {
    let report = application.release();
    let _ = application.run(&["journal", "verify"]).code(0);
    let mut deployed = BTreeMap::new();
    collect(&application.git.path().join("deploy"), "", &mut deployed);
    let mut deployments = BTreeMap::new();
    for line in application.run(&["journal", "export"]).code(0).stdout.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("the export is JSON");
        if entry["fact"]["fact"] == "deployed" {
            let key = format!("{} {}", entry["release"], entry["fact"]["environment"]);
            *deployments.entry(key).or_insert(0) += 1;
        }
    }
    Outcome { report: report.to_string(), deployed, index: index(application), deployments }
}

/// What the image layout offers.
fn index(application: &Application) -> BTreeSet<String> {
    let text = application.read(".plimsoll/images/website/index.json");
    let index: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let entry = |entry: &serde_json::Value| {
        let name = &entry["annotations"]["org.opencontainers.image.ref.name"];
        match entry["annotations"]["in-toto.io/predicate-type"].as_str() {
            Some(predicate) => predicate.to_owned(),
            None => format!("{name} {}", entry["digest"]),
        }
    };
    index["manifests"].as_array().expect("it is a list").iter().map(entry).collect()
}

/// Every file below a folder with its text, links followed nowhere.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable")).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().expect("readable");
        if kind.is_dir() {
            collect(&entry.path(), &name, files);
        } else if kind.is_symlink() {
            let link = fs::read_link(entry.path()).expect("readable");
            files.insert(name, format!("-> {}", link.display()));
        } else {
            files.insert(name, fs::read_to_string(entry.path()).expect("readable"));
        }
    }
}

#[test]
fn killed_at_every_boundary_it_ends_as_if_never_killed() {
    require!(Requirement::Git);
    let cache = tempfile::tempdir().expect("a temporary folder");
    let undisturbed = prepared();
    let boundaries = doomed(&undisturbed, usize::MAX, cache.path()).expect("nothing kills it");
    let expected = outcome(&undisturbed);
    assert!(boundaries > 20, "there are fewer boundaries than steps: {boundaries}");
    assert!(expected.deployments.values().all(|times| *times == 1), "{:?}", expected.deployments);

    for boundary in 0..boundaries {
        let application = prepared();
        assert_eq!(doomed(&application, boundary, cache.path()), None, "boundary {boundary} was not reached");
        assert_eq!(outcome(&application), expected, "killed at boundary {boundary} of {boundaries}");
    }
}

/// Shadows that say something else than the policies that decide, in a tagging, an allowed and a denied question.
const SHADOWS: &str = r#"
[tags]
policy = "stock:release-tags"
shadow = { policy = "stock:release-tags", settings = { latest = "edge" } }

[[environments]]
name = "open"
target = { kind = "directory", path = "deploy/open", manifests = "k8s/" }
promotion = [{ policy = "stock:always", shadow = { policy = "stock:version-gate", settings = { pattern = "x*" } } }]

[[environments]]
name = "closed"
target = { kind = "directory", path = "deploy/closed", manifests = "k8s/" }
promotion = [{ policy = "stock:version-gate", settings = { pattern = "x*" }, shadow = { policy = "stock:always" } }]
"#;

/// How often each kind of fact is in the journal, by kind and environment, and its length.
fn counts(application: &Application) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in application.run(&["journal", "export"]).code(0).stdout.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("the export is JSON");
        let text = |key: &str| entry["fact"][key].as_str().unwrap_or_default().to_owned();
        *counts.entry(format!("{} {}", text("fact"), text("environment"))).or_insert(0) += 1;
    }
    counts
}

/// A shadow costs no question: at whatever boundary the host dies, a policy is asked again only where an allowance was not
/// used, as without shadows, and what is lost is what the shadow would have said.
#[test]
fn killed_beside_a_shadow_it_asks_nobody_twice() {
    require!(Requirement::Git);
    let cache = tempfile::tempdir().expect("a temporary folder");
    let prepared = || Application::with_rules("scratch", LAYOUT, SHADOWS);
    let undisturbed = prepared();
    let boundaries = doomed(&undisturbed, usize::MAX, cache.path()).expect("nothing kills it");
    let expected = counts(&undisturbed);
    assert_eq!(
        (expected["tags-shadowed "], expected["shadowed open"], expected["shadowed closed"]),
        (1, 1, 1)
    );

    let mut lost = 0;
    for boundary in 0..boundaries {
        let application = prepared();
        assert_eq!(doomed(&application, boundary, cache.path()), None, "boundary {boundary} was not reached");
        let before = counts(&application);
        let report = application.release();
        let _ = application.run(&["journal", "verify"]).code(0);
        let after = counts(&application);
        let of = |counts: &BTreeMap<String, usize>, kind: &str| counts.get(kind).copied().unwrap_or(0);
        assert_eq!(report["standing"], "done", "killed at boundary {boundary}: {report}");
        assert_eq!(of(&after, "tags-derived "), 1, "killed at boundary {boundary}: {after:?}");
        for environment in ["staging", "production", "open", "closed"] {
            let [decided, deployed] =
                ["decided", "deployed"].map(|kind| of(&before, &format!("{kind} {environment}")));
            let unused =
                usize::from(environment != "closed" && environment != "production" && decided > deployed);
            let asked = of(&after, &format!("decided {environment}"));
            assert_eq!(asked, 1 + unused, "killed at boundary {boundary}: {environment} {after:?}");
        }
        for shadow in ["tags-shadowed ", "shadowed open", "shadowed closed"] {
            lost += usize::from(of(&after, shadow) == 0);
        }
    }
    // Of what is asked once and for all: the tags and the denial, each between its fact and the shadow's; the denial also where
    // that falls together with a boundary of another environment.
    assert!(lost >= 2, "{lost}");
}

#[test]
fn killed_again_and_again_it_still_arrives() {
    require!(Requirement::Git);
    let cache = tempfile::tempdir().expect("a temporary folder");
    let undisturbed = prepared();
    let _ = doomed(&undisturbed, usize::MAX, cache.path()).expect("nothing kills it");
    let expected = outcome(&undisturbed);

    let application = prepared();
    // Each life gets a little further than the one before.
    for boundary in (1..).step_by(2) {
        if doomed(&application, boundary, cache.path()).is_some() {
            break;
        }
        assert!(boundary < 200, "the release never ends");
    }
    assert_eq!(outcome(&application), expected);
}

#[test]
fn killed_at_any_time_no_tag_of_the_registry_points_to_something_incomplete() {
    require!(Requirement::Git, Requirement::Registry);
    let registry = DebianRegistry::start();
    let application = Application::create("scratch", &registry.reference("contoso/website"));
    application.git.tag("v1.0.0");
    // The process dies wherever it happens to be: inside uploads, between requests, in the journal.
    for milliseconds in [5, 15, 30, 45, 60, 80, 100, 130, 160, 200] {
        let running = application.plimsoll.spawn(&["release"]);
        std::thread::sleep(Duration::from_millis(milliseconds));
        running.kill();
        for tag in ["v1.0.0", "latest"] {
            if registry.digest("contoso/website", tag).is_some() {
                complete(&registry, tag);
            }
        }
    }
    let report = application.release();
    assert_eq!(report["standing"], "done");
    for tag in ["v1.0.0", "latest"] {
        complete(&registry, tag);
        assert_eq!(registry.digest("contoso/website", tag).as_deref(), report["digest"].as_str());
    }
    let _ = application.run(&["journal", "verify"]).code(0);
}

/// Everything that a tag's manifest refers to is in the registry, and what is stated of the build and of the tags.
fn complete(registry: &DebianRegistry, tag: &str) {
    let manifest = registry.manifest("contoso/website", tag);
    let digest = registry.digest("contoso/website", tag).expect("the tag is there");
    let statements = registry.manifest("contoso/website", &digest.replace(':', "-"));
    assert!(statements["manifests"].as_array().is_some_and(|list| list.len() >= 2), "{tag}: {statements}");
    let layers = manifest["layers"].as_array().expect("a manifest has layers");
    for descriptor in layers.iter().chain([&manifest["config"]]) {
        let digest = descriptor["digest"].as_str().expect("a descriptor has a digest");
        let path = format!("/v2/contoso/website/blobs/{digest}");
        let answer = plimsoll_support::get(registry.address(), &path).expect("the registry answers");
        assert_eq!(answer.status, 200, "{tag} refers to {digest}, which is not there");
        assert_eq!(Some(answer.body.len() as u64), descriptor["size"].as_u64());
    }
}
