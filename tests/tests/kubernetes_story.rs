//! The story of a web site on a Kubernetes cluster, from the first push to a version in production, and what goes wrong on the
//! way. Staging and production are namespaces of a real control plane; `kubectl` is the witness of what runs.

use plimsoll_support::{
    Application, ClusterApplication, ControlPlane, DebianRegistry, LAYOUT, Ran, Requirement, environment,
    require,
};
use serde_json::{Value, json};

/// The labels of the site's pods, and the same with one that lets them fail.
const LABELS: &str = "      labels: { app: website }";
const CRASHING: &str = "      labels: { app: website, plimsoll.test/fail: crash-loop }";
const UNPULLABLE: &str = "      labels: { app: website, plimsoll.test/fail: image-pull }";

/// A Monday morning.
const MORNING: &str = "2026-11-30T08:00:00Z";
const GATE: &str = r#"[{ policy = "stock:version-gate", settings = { pattern = "v*" } }]"#;

fn site() -> ClusterApplication {
    ClusterApplication::create(LAYOUT)
}

fn at(application: &Application, time: &str, arguments: &[&str]) -> Ran {
    application.run(&[arguments, &["--now", time, "--format", "json"]].concat())
}

/// Commits the changes as a version and releases it.
fn version(site: &ClusterApplication, version: &str) -> Value {
    site.application.change(version);
    site.application.git.tag(version);
    site.application.release()
}

/// What `status` says of an environment.
fn status(site: &ClusterApplication, name: &str) -> Value {
    let status = site.application.run(&["status", "--format", "json"]).code(0).json();
    environment(&status, name).clone()
}

/// The spec of the Deployment in an environment counts its changes.
fn generation(site: &ClusterApplication, name: &str) -> String {
    site.kubectl(name, &["get", "deployment", "website", "--output=jsonpath={.metadata.generation}"])
}

#[test]
fn a_web_site_goes_its_way() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Cluster);
    let registry = DebianRegistry::start();
    let site = ClusterApplication::create(&registry.reference("contoso/website"));
    let digest_of = |tag: &str| registry.digest("contoso/website", tag);

    // A push to main goes to staging. Production stays empty.
    let first = site.application.release();
    assert_eq!(environment(&first, "production")["verdict"], "deny");
    assert_eq!(site.running("staging").as_deref(), first["digest"].as_str());
    assert_eq!(site.running("production"), None);
    assert_eq!(digest_of("latest").as_deref(), first["digest"].as_str());
    let replicas = "--output=jsonpath={.status.availableReplicas}";
    assert_eq!(site.kubectl("staging", &["get", "deployment", "website", replicas]), "2");

    // A version goes on to production: the very digest that staging runs, which the registry has under its tags.
    let second = version(&site, "v1.0.0");
    assert_ne!(second["digest"], first["digest"]);
    for place in
        [digest_of("v1.0.0"), digest_of("latest"), site.running("staging"), site.running("production")]
    {
        assert_eq!(place.as_deref(), second["digest"].as_str());
    }

    // So does the next one, and the way back is one command; staging stays where it is.
    let third = version(&site, "v1.1.0");
    assert_eq!(site.running("production").as_deref(), third["digest"].as_str());
    let back = ["rollback", "production", "--reason", "it is slow", "--by", "ann"];
    let _ = site.application.run(&back).code(0);
    assert_eq!(site.running("production").as_deref(), second["digest"].as_str());
    assert_eq!(site.running("staging").as_deref(), third["digest"].as_str());
    let _ = site.application.run(&["journal", "verify"]).code(0);
}

#[test]
fn a_plan_shows_the_difference_and_changes_nothing() {
    require!(Requirement::Git, Requirement::Cluster);
    let site = site();
    let first = site.application.release();
    let running = first["digest"].as_str().expect("it was built");
    site.application.replace("k8s/service.yaml", "port: 80\n", "port: 8080\n");
    site.application.change("Another port");
    let before = generation(&site, "staging");
    let facts = || site.application.run(&["journal", "export"]).code(0).stdout.lines().count();
    let known = facts();

    let plan = site.application.run(&["plan"]).code(0).stdout;
    for line in [
        format!("-        image: website@{running}"),
        "+        image: website@sha256:<known once the image is built>".to_owned(),
        "-    port: 80".to_owned(),
        "+    port: 8080".to_owned(),
    ] {
        assert!(plan.lines().any(|shown| shown.trim() == line), "{line}:\n{plan}");
    }
    assert_eq!((generation(&site, "staging"), facts()), (before, known));
    assert_eq!(site.running("staging").as_deref(), Some(running));
    assert_eq!(site.running("production"), None);
}

#[test]
fn what_somebody_else_changes_is_told_as_drift() {
    require!(Requirement::Git, Requirement::Cluster);
    let site = site();
    let _ = site.application.release();
    let before = status(&site, "staging");
    assert_eq!((&before["drift"], &before["unhealthy"]), (&json!([]), &json!([])), "{before}");
    site.kubectl("staging", &["set", "image", "deployment/website", "website=example.com/other:1"]);
    let after = status(&site, "staging");
    let drift = after["drift"].to_string();
    assert!(drift.contains("website") && drift.contains("example.com/other:1"), "{after}");
    assert!(drift.contains("kubectl"), "whoever did it is named: {after}");
}

/// Releases a version that never becomes healthy in staging, after one that did.
fn fail(labels: &str) -> (ClusterApplication, Value, Ran) {
    let site = site();
    let first = version(&site, "v1.0.0");
    site.application.replace("k8s/deployment.yaml", LABELS, labels);
    site.application.change("Broken");
    site.application.git.tag("v1.1.0");
    let failed = site.application.run(&["release", "--format", "json"]).code(2);
    (site, first, failed)
}

#[test]
fn a_release_that_crashes_is_rolled_back_and_goes_no_further() {
    require!(Requirement::Git, Requirement::Cluster);
    let (site, first, failed) = fail(CRASHING);
    let failed = failed.json();
    let staging = environment(&failed, "staging");
    let said = staging["error"].as_str().expect("it says why");
    let last_line = ControlPlane::LOGS.lines().last().expect("there are lines");
    for part in ["CrashLoopBackOff", last_line, first["release"].as_str().expect("it has an id")] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(staging["aftermath"], "rolled-back");
    assert_eq!(environment(&failed, "production")["deployed"], false);
    for place in ["staging", "production"] {
        assert_eq!(site.running(place).as_deref(), first["digest"].as_str(), "{place}");
    }
    let why = site.application.run(&["why", "v1.1.0"]).code(0).stdout;
    assert!(why.contains("rolled back"), "{why}");

    // Staging runs and is what the journal says it is.
    let now = status(&site, "staging");
    assert_eq!(now["release"], first["release"]);
    assert_eq!((&now["drift"], &now["unhealthy"]), (&json!([]), &json!([])), "{now}");

    // The next commit mends it.
    site.application.replace("k8s/deployment.yaml", CRASHING, LABELS);
    let mended = version(&site, "v1.1.1");
    assert_eq!(site.running("production").as_deref(), mended["digest"].as_str());
}

#[test]
fn an_image_that_cannot_be_pulled_is_told() {
    require!(Requirement::Git, Requirement::Cluster);
    let (site, first, failed) = fail(UNPULLABLE);
    let failed = failed.json();
    let said = environment(&failed, "staging")["error"].to_string();
    assert!(said.contains("ImagePull"), "{said}");
    assert_eq!(environment(&failed, "staging")["aftermath"], "rolled-back");
    assert_eq!(site.running("staging").as_deref(), first["digest"].as_str());
}

#[test]
fn what_breaks_later_is_noticed_and_keeps_the_release_out_of_production() {
    require!(Requirement::Git, Requirement::Cluster);
    let site = site();
    site.application.rule(GATE, r#"[{ policy = "stock:soak", settings = { for = "2h" } }]"#);
    let held = at(&site.application, MORNING, &["release"]).code(0).json();
    assert_eq!(environment(&held, "production")["verdict"], "hold");
    let healthy = |time: &str| {
        let status = at(&site.application, time, &["status"]).code(0).json();
        environment(&status, "staging")["healthy"].clone()
    };
    assert_eq!(healthy(MORNING), true);

    // Somebody breaks it. A tick sees that, and two hours later the release has not been healthy for two hours.
    let broken = r#"{"spec":{"template":{"metadata":{"labels":{"plimsoll.test/fail":"crash-loop"}}}}}"#;
    site.kubectl("staging", &["patch", "deployment", "website", "--patch", broken]);
    let _ = at(&site.application, "2026-11-30T09:00:00Z", &["tick"]).code(0);
    assert_eq!(healthy("2026-11-30T09:00:00Z"), false);
    let _ = at(&site.application, "2026-11-30T10:00:00Z", &["tick"]).code(0);
    assert_eq!(site.running("production"), None);
    let why = site.application.run(&["why", held["release"].as_str().expect("it has an id"), "production"]);
    let why = why.code(0).stdout;
    assert!(why.contains("staging runs it and is not healthy"), "{why}");

    // Once it is mended, the time begins anew.
    site.kubectl("staging", &["rollout", "undo", "deployment/website"]);
    site.kubectl("staging", &["rollout", "status", "deployment/website", "--timeout=60s"]);
    let _ = at(&site.application, "2026-11-30T11:00:00Z", &["tick"]).code(0);
    assert_eq!(healthy("2026-11-30T11:00:00Z"), true);
    let _ = at(&site.application, "2026-11-30T12:59:00Z", &["tick"]).code(0);
    assert_eq!(site.running("production"), None);
    let _ = at(&site.application, "2026-11-30T13:00:00Z", &["tick"]).code(0);
    assert_eq!(site.running("production").as_deref(), held["digest"].as_str());
}

/// A Job that runs the released image.
fn job(labels: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{ name: migrated }}
spec:
  backoffLimit: 0
  template:
    metadata: {{ labels: {{ {labels} }} }}
    spec:
      restartPolicy: Never
      containers: [{{ name: check, image: website, command: [check] }}]
"
    )
}

#[test]
fn a_job_looks_after_a_deployment() {
    require!(Requirement::Git, Requirement::Cluster);
    let site = site();
    let open = r#"promotion = [{ policy = "stock:always" }]"#;
    let verify = r#"verify = [{ name = "migrated", job = "checks/job.yaml", timeout = "60s" }]"#;
    site.application.git.write("checks/job.yaml", job("app: check"));
    site.application.rule(open, &format!("{open}\n{verify}"));
    let first = version(&site, "v1.0.0");
    assert_eq!(site.running("production").as_deref(), first["digest"].as_str());
    assert_eq!(status(&site, "staging")["healthy"], true);
    assert_eq!(site.kubectl("staging", &["get", "jobs", "--output=name"]), "", "the job is gone");

    site.application.git.write("checks/job.yaml", job("app: check, plimsoll.test/fail: job-failed"));
    let second = version(&site, "v1.1.0");
    let exported = site.application.run(&["journal", "export"]).code(0).stdout;
    let last_line = ControlPlane::LOGS.lines().last().expect("there are lines");
    let recorded = exported.lines().any(|line| {
        line.contains(r#""fact":"verified""#) && line.contains("failed") && line.contains(last_line)
    });
    assert!(recorded, "the job's last lines are recorded: {exported}");
    assert_eq!(status(&site, "staging")["healthy"], false);
    assert_eq!(site.running("staging").as_deref(), second["digest"].as_str());
    assert_eq!(site.running("production").as_deref(), first["digest"].as_str(), "it went no further");
}

#[test]
fn what_the_cluster_does_not_take_is_told_with_who_stands_in_the_way() {
    require!(Requirement::Git, Requirement::Cluster);
    let site = site();
    let first = version(&site, "v1.0.0");

    // A field of somebody else.
    site.kubectl("staging", &["scale", "deployment/website", "--replicas=5"]);
    site.application.change("Refused");
    let refused = site.application.run(&["release", "--format", "json"]).code(2).json();
    let staging = environment(&refused, "staging");
    let said = staging["error"].as_str().expect("it says why");
    assert!(said.contains(r#".spec.replicas belongs to "kubectl""#), "{said}");
    assert_eq!(staging["aftermath"], "unchanged");
    assert_eq!(site.running("staging").as_deref(), first["digest"].as_str());
    site.kubectl("staging", &["scale", "deployment/website", "--replicas=2"]);

    // A quota that is used up. It is in force once its controller has counted.
    site.kubectl("staging", &["create", "quota", "small", "--hard=configmaps=0"]);
    site.kubectl(
        "staging",
        &["wait", "quota/small", "--for=jsonpath={.status.hard.configmaps}=0", "--timeout=60s"],
    );
    let more = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }\n";
    site.application.git.write("k8s/more.yaml", more);
    site.application.change("Too much");
    let refused = site.application.run(&["release", "--format", "json"]).code(2).json();
    let said = environment(&refused, "staging")["error"].to_string();
    assert!(said.contains("quota") && said.contains("small") && said.contains("more"), "{said}");
    assert_eq!(site.running("staging").as_deref(), first["digest"].as_str());

    // Once there is room, the same release goes on.
    site.kubectl("staging", &["delete", "quota", "small"]);
    let resumed = site.application.run(&["resume", "--format", "json"]).code(0).json();
    assert_eq!(resumed["release"], refused["release"]);
    assert_eq!(site.running("staging").as_deref(), resumed["digest"].as_str());
}

#[test]
fn one_release_goes_to_ten_environments() {
    require!(Requirement::Git, Requirement::Cluster);
    let site = site();
    let namespaces: Vec<String> =
        (0..10).map(|number| site.cluster.namespace(&format!("region-{number}"))).collect();
    let mut rules = format!("[image]\nrepository = \"{LAYOUT}\"\n");
    for (number, namespace) in namespaces.iter().enumerate() {
        let target = site.target(namespace);
        rules.push_str(&format!(
            "[[environments]]\nname = \"region-{number}\"\nafter = []\ntarget = {target}\npromotion = [{{ policy = \"stock:always\" }}]\n"
        ));
    }
    site.application.git.write("plimsoll.toml", rules);
    site.application.git.commit("Go everywhere");
    let report = site.application.release();
    for (number, namespace) in namespaces.iter().enumerate() {
        assert_eq!(environment(&report, &format!("region-{number}"))["deployed"], true);
        assert_eq!(site.cluster.running(namespace).as_deref(), report["digest"].as_str());
    }
}
