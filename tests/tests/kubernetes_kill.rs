//! The host is killed at every boundary, and amid each deployment, of a release to a cluster or to a repository that a cluster
//! follows, and the release is taken up again; and two hosts that share a journal deploy to one cluster at the same time. Each
//! release is deployed once.

use std::{collections::BTreeMap, path::Path, process::Command, thread};

use plimsoll_support::{
    Application, ClusterApplication, DebianRegistry, Finished, GitServer, LAYOUT, Plimsoll, PostgresServer,
    Requirement, environment, require, run,
};
use serde_json::{Value, json};

/// How many releases go on at a time: each waits for its cluster most of the time.
const AT_A_TIME: usize = 6;

/// Releases HEAD with a host that dies at the boundary of this number or name.
fn release_with_doom(application: &Application, boundary: &str) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_doomed-host"));
    let mut command: Command = application.plimsoll.command_of(program, &[boundary]);
    run(&mut command)
}

fn die_at(application: &Application, boundary: &str) {
    let finished = release_with_doom(application, boundary);
    assert_eq!(finished.status.code(), None, "it was not killed {boundary}: {finished}");
}

/// All boundaries of a release that nobody disturbs, by number, and those amid the deployments to these environments.
fn boundaries(undisturbed: &Application, amid: &[&str]) -> Vec<String> {
    let lived = release_with_doom(undisturbed, "none").success();
    let count = lived.text().lines().count();
    assert!(count > 20, "a release to two environments has more boundaries: {count}");
    let amid = amid.iter().map(|environment| format!("amid deploy {environment}"));
    (0..count).map(|number| number.to_string()).chain(amid).collect()
}

/// The deployments that the journal has, `ENVIRONMENT RELEASE` each, in their order.
fn deployments(application: &Application) -> Vec<String> {
    let exported = application.run(&["journal", "export"]).code(0).stdout;
    let entries = exported.lines().map(|line| serde_json::from_str(line).expect("the export is JSON"));
    let deployed = entries.filter(|entry: &Value| entry["fact"]["fact"] == "deployed");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    deployed
        .map(|entry| format!("{} {}", text(&entry["fact"]["environment"]), text(&entry["release"])))
        .collect()
}

/// How often the pods of an environment were changed: each time, the cluster makes a replica set.
fn revisions(site: &ClusterApplication, name: &str) -> usize {
    site.kubectl(name, &["get", "replicasets", "--output=name"]).lines().count()
}

/// A site whose first commit is in staging, and whose next one is a version.
fn about_to_release() -> (ClusterApplication, Value) {
    let site = ClusterApplication::create(LAYOUT);
    let first = site.application.release();
    site.application.change("Version one");
    site.application.git.tag("v1.0.0");
    (site, first)
}

/// A release to the cluster that dies at a boundary, after one to staging that did not, and is taken up.
fn killed_on_a_cluster(boundary: &str) {
    let (site, first) = about_to_release();
    die_at(&site.application, boundary);

    let second = site.application.release();
    let id = |report: &Value| report["release"].as_str().expect("it has an id").to_owned();
    let expected = [
        format!("staging {}", id(&first)),
        format!("staging {}", id(&second)),
        format!("production {}", id(&second)),
    ];
    assert_eq!(deployments(&site.application), expected, "killed {boundary}");
    for (name, changes) in [("staging", 2), ("production", 1)] {
        assert_eq!(site.running(name).as_deref(), second["digest"].as_str(), "{name}, killed {boundary}");
        assert_eq!(revisions(&site, name), changes, "{name}, killed {boundary}");
    }
    let status = site.application.run(&["status", "--format", "json"]).code(0).json();
    for name in ["staging", "production"] {
        let now = environment(&status, name);
        assert_eq!((&now["drift"], &now["unhealthy"]), (&json!([]), &json!([])), "{now}, killed {boundary}");
    }
    let _ = site.application.run(&["journal", "verify"]).code(0);
}

#[test]
fn a_host_that_is_killed_while_it_deploys_to_a_cluster_deploys_once() {
    require!(Requirement::Git, Requirement::Cluster);
    let boundaries = boundaries(&about_to_release().0.application, &["staging", "production"]);
    for some in boundaries.chunks(AT_A_TIME) {
        thread::scope(|scope| {
            for boundary in some {
                scope.spawn(move || killed_on_a_cluster(boundary));
            }
        });
    }
}

/// A site whose production is a folder of a repository.
fn followed() -> (GitServer, Application) {
    let application = Application::self_contained();
    let server = GitServer::with(&[("apps/deployment.yaml", &application.read("k8s/deployment.yaml"))]);
    let directory = r#"{ kind = "directory", path = "deploy/production", manifests = "k8s/" }"#;
    let target = format!(
        "{{ kind = \"gitops\", repository = \"{}\", path = \"apps\", author = \"Plimsoll <plimsoll@example.com>\" }}",
        server.bare().display()
    );
    application.rule(directory, &target);
    (server, application)
}

#[test]
fn a_host_that_is_killed_while_it_pushes_commits_once() {
    require!(Requirement::Git);
    let tagged = || {
        let (server, application) = followed();
        application.git.tag("v1.0.0");
        (server, application)
    };
    for boundary in &boundaries(&tagged().1, &["production"]) {
        let (server, application) = tagged();
        die_at(&application, boundary);
        let report = application.release();
        let digest = report["digest"].as_str().expect("it was built");
        let file = server.file("main", "apps/deployment.yaml");
        assert!(file.contains(&format!("image: website@{digest}")), "killed {boundary}: {file}");
        assert_eq!(server.commits("main"), 2, "killed {boundary}");
        assert_eq!(deployments(&application).len(), 2, "killed {boundary}");
        let _ = application.run(&["journal", "verify"]).code(0);
    }
}

/// Two hosts with a checkout each release different commits at the same time, on one journal and one cluster.
fn race(journal: &str) {
    let registry = DebianRegistry::start();
    let site = ClusterApplication::create(&registry.reference("contoso/website"));
    site.application.git.write("plimsoll.toml", site.application.read("plimsoll.toml") + journal);
    site.application.git.commit("Share the journal");
    let commit = |version: &str| {
        site.application.change(version);
        site.application.git.tag(version);
    };
    commit("v1.0.0");
    let checkout = site.application.git.shallow_clone();
    let _ = checkout.git(&["remote", "set-url", "origin", "https://git.example/contoso/website.git"]);
    let elsewhere = Plimsoll::in_folder(checkout.path());
    commit("v1.1.0");

    let release = ["release", "--format", "json"];
    let (older, newer) = (elsewhere.spawn(&release), site.application.plimsoll.spawn(&release));
    let (older, newer) = (older.finish().code(0).json(), newer.finish().code(0).json());
    let id = |report: &Value| report["release"].as_str().expect("it has an id").to_owned();
    assert_ne!((id(&older), &older["digest"]), (id(&newer), &newer["digest"]));

    let deployed = deployments(&site.application);
    for name in ["staging", "production"] {
        assert_eq!(site.running(name).as_deref(), newer["digest"].as_str(), "{name}: {deployed:?}");
        // The older one was first, or came to nothing.
        let here: Vec<_> =
            deployed.iter().filter_map(|line| line.strip_prefix(&format!("{name} "))).collect();
        assert_eq!(here.last().copied(), Some(id(&newer).as_str()), "{name}: {deployed:?}");
        assert!(here.len() == 1 || here == [id(&older), id(&newer)], "{name}: {deployed:?}");
        assert_eq!(revisions(&site, name), here.len(), "{name}: {deployed:?}");
    }
    let digests: BTreeMap<_, _> =
        ["v1.0.0", "v1.1.0", "latest"].map(|tag| (tag, registry.digest("contoso/website", tag))).into();
    assert_eq!(digests["v1.1.0"].as_deref(), newer["digest"].as_str());
    assert_eq!(digests["v1.0.0"].as_deref(), older["digest"].as_str());
    let _ = site.application.run(&["journal", "verify"]).code(0);
    let _ = elsewhere.run(&["journal", "verify"]).code(0);
}

#[test]
fn two_hosts_on_one_file_release_in_order() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Cluster);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    race(&format!("[journal]\npath = \"{}\"\n", folder.path().join("journal.db").display()));
}

#[test]
fn two_hosts_on_one_database_release_in_order() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Cluster, Requirement::Postgres);
    let server = PostgresServer::start();
    let url = server.url("postgres", "postgres");
    race(&format!("[journal]\npostgres = \"{url}\"\nschema = \"website\"\n"));
}
