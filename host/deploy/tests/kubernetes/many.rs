//! Many objects: those that only hold something are not asked about one by one.

use std::fs;

use plimsoll_support::{Requirement, require};

use crate::site::{Site, image, web};

fn one(name: &str, text: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{text: '{text}'}}\n")
}

fn numbered(count: usize) -> String {
    (0..count).map(|number| one(&format!("c{number}"), &number.to_string())).collect()
}

/// How many of our objects there are.
fn count(site: &Site) -> usize {
    let selector = "--selector=plimsoll.dev/environment=production";
    site.kubectl(&["get", "configmaps", selector, "--output=name"]).lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_objects_are_deployed_and_pruned() {
    require!(Requirement::Cluster);
    let site = Site::new("many");
    site.write("web.yaml", &web(""));
    site.write("many.yaml", &numbered(500));
    site.deploy(1, None).await;
    site.deploy(1, None).await;
    assert_eq!(count(&site), 500);
    site.write("many.yaml", &numbered(10));
    site.deploy(2, Some(1)).await;
    assert_eq!(count(&site), 10);
}

#[tokio::test]
async fn new_objects_are_taken_away_when_some_are_refused() {
    require!(Requirement::Cluster);
    let site = Site::new("many-new");
    site.write("web.yaml", &web(""));
    site.write("many.yaml", &numbered(10));
    site.deploy(1, None).await;
    let (wrong, wrong_too) = (one("Wrong_", "a"), one("wrong.", "a"));
    site.write("many.yaml", &(numbered(20) + &wrong + &wrong_too));
    let error = site.refused(2, Some(1)).await;
    for part in ["Wrong_", "wrong.", "2 objects", "many.yaml:"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!((count(&site), site.image()), (10, image(1)));
    // A workload that is refused, too, is told along with them.
    site.write("web.yaml", &web("").replace("replicas: 2", "replicass: 2"));
    let error = site.refused(2, Some(1)).await;
    for part in ["replicass", "Wrong_", "wrong.", "3 objects"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!((count(&site), site.image()), (10, image(1)));
    site.write("web.yaml", &web(""));
    site.write("many.yaml", &numbered(20));
    site.deploy(2, Some(1)).await;
    assert_eq!((count(&site), site.image()), (20, image(2)));
}

#[tokio::test]
async fn among_many_objects_those_that_others_changed_are_found() {
    require!(Requirement::Cluster);
    let site = Site::new("many-known");
    site.write("web.yaml", &web(""));
    site.write("many.yaml", &numbered(10));
    site.kubectl(&["create", "configmap", "c9", "--from-literal=text=theirs"]);
    let error = site.refused(1, None).await;
    assert!(error.contains("c9") && error.contains(".data.text belongs to \"kubectl-create\""), "{error}");
    assert_eq!(count(&site), 0);
    site.kubectl(&["delete", "configmap", "c9"]);
    site.deploy(1, None).await;

    let theirs = site.path("theirs.yaml");
    fs::write(&theirs, one("c7", "theirs")).unwrap();
    let file = theirs.display().to_string();
    let manager = "--field-manager=helm";
    site.kubectl(&["apply", "--server-side", "--force-conflicts", manager, "--filename", &file]);
    let error = site.refused(2, Some(1)).await;
    assert!(error.contains("c7") && error.contains(".data.text belongs to \"helm\""), "{error}");
    assert_eq!((count(&site), site.image()), (10, image(1)));
}

#[tokio::test]
async fn among_many_objects_that_are_as_before_a_missing_right_is_found() {
    require!(Requirement::Cluster);
    let mut site = Site::new("many-rights");
    site.write("web.yaml", &web(""));
    site.write("many.yaml", &numbered(10));
    let role = |verbs: &str| {
        include_str!("../../../../docs/kubernetes/rbac.yaml")
            .replace("namespace: website", &format!("namespace: {}", site.namespace))
            .replacen("verbs: [get, list, watch, create, patch, delete]", &format!("verbs: [{verbs}]"), 1)
    };
    let (all, looking) = (role("get, list, watch, create, patch, delete"), role("get, list, watch"));
    site.cluster.kubectl_apply(&all);
    site.options.access.kubeconfig = Some(site.cluster.kubeconfig_for(&site.namespace, "plimsoll"));
    site.deploy(1, None).await;
    site.cluster.kubectl_apply(&looking);
    let error = site.refused(2, Some(1)).await;
    assert!(error.contains("cannot patch resource \"configmaps\""), "{error}");
    assert_eq!(site.image(), image(1));
}
