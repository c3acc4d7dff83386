//! Looking before and after: what would change, and what did.

use plimsoll_core::ports::Target as _;
use plimsoll_support::{Requirement, require};

use crate::site::{REPOSITORY, Site, config, digest, image, web};

#[tokio::test]
async fn a_preview_tells_what_would_change_and_changes_nothing() {
    require!(Requirement::Cluster);
    let site = Site::with_web("preview");
    site.write(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: swordfish}\n",
    );
    let first = site.preview(1).await;
    assert!(first.contains("--- /dev/null") && first.contains("+++ Deployment"), "{first}");
    assert!(!first.contains("swordfish") && first.contains("+  password: <hidden>"), "{first}");
    assert!(!site.has("deployment/web"));

    site.deploy(1, None).await;
    assert_eq!(site.preview(1).await, "");
    site.write("config.yaml", &config("two"));
    site.write(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: changed}\n",
    );
    site.remove("service.yaml");
    site.write("new.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\ndata: {a: b}\n");
    let second = site.preview(2).await;
    for line in [
        "-  greeting: one",
        "+  greeting: two",
        "+++ /dev/null",
        "+  a: b",
        "+  password: <hidden, changed>",
        &format!("-        image: {}", image(1)),
        &format!("+        image: {}", image(2)),
    ] {
        assert!(second.lines().any(|one| one.starts_with(line)), "{line}: {second}");
    }
    for noise in
        ["resourceVersion", "managedFields", "uid", "generation", "plimsoll.dev/release", "c3dvcmRmaXNo"]
    {
        assert!(!second.contains(noise), "{noise}: {second}");
    }
    assert_eq!(site.image(), image(1));
    assert!(site.has("service/web") && !site.has("configmap/new"));

    let unknown = site.target().preview(&REPOSITORY.parse().unwrap(), None).await.unwrap();
    assert!(
        unknown.contains(&format!("+        image: {REPOSITORY}@sha256:<known once the image is built>")),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_preview_tells_what_would_be_refused() {
    require!(Requirement::Cluster);
    let site = Site::with_web("foresee");
    site.deploy(1, None).await;
    site.kubectl(&["scale", "deployment/web", "--replicas=5"]);
    let preview = site.preview(1).await;
    assert!(
        preview.contains("# would be refused: Deployment") && preview.contains(".spec.replicas"),
        "{preview}"
    );
    assert!(preview.contains("-  replicas: 5") && preview.contains("+  replicas: 2"), "{preview}");
}

#[tokio::test]
async fn drift_is_told_with_who_did_it() {
    require!(Requirement::Cluster);
    let site = Site::with_web("drift");
    site.deploy(1, None).await;
    let calm = site.observe(1).await;
    assert_eq!((calm.drift, calm.unhealthy), (Vec::<String>::new(), Vec::new()));

    site.kubectl(&["scale", "deployment/web", "--replicas=3"]);
    site.kubectl(&["set", "image", "deployment/web", &format!("web={REPOSITORY}@{}", digest(9))]);
    site.kubectl(&[
        "patch",
        "configmap/web",
        "--type=json",
        "--patch",
        r#"[{"op": "remove", "path": "/data/greeting"}]"#,
    ]);
    site.kubectl(&["delete", "service/web"]);
    let drift = site.observe(1).await.drift;
    let told = |parts: &[&str]| drift.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(told(&["Deployment", ".spec.replicas is 3 instead of 2", "kubectl"]), "{drift:?}");
    assert!(told(&["Deployment", "runs", &image(9)]), "{drift:?}");
    assert!(told(&["ConfigMap", "greeting", "one"]), "{drift:?}");
    assert!(told(&["Service", "not there any more"]), "{drift:?}");
    let other = site.observe(2).await.drift;
    assert!(other[0].contains("r-000000000001") && other[0].contains("r-000000000002"), "{other:?}");
}

#[tokio::test]
async fn what_is_not_healthy_is_told() {
    require!(Requirement::Cluster);
    let site = Site::with_web("ill");
    site.deploy(1, None).await;
    site.kubectl(&["scale", "deployment/web", "--replicas=0"]);
    site.kubectl(&["delete", "pods", "--all", "--wait=true"]);
    site.write("web.yaml", &web(""));
    // A selector that nothing can be scheduled by: pods wait.
    site.kubectl(&[
        "patch",
        "deployment/web",
        "--patch",
        r#"{"spec": {"replicas": 2, "template": {"spec": {"nodeSelector": {"no": "such"}}}}}"#,
    ]);
    let observation = site.observe(1).await;
    assert!(!observation.unhealthy.is_empty(), "{observation:?}");
}
