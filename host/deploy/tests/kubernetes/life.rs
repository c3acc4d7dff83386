//! Deployments, one after another.

use plimsoll_core::ports::{Aftermath, Silent, Target as _};
use plimsoll_deploy::OnFailure;
use plimsoll_support::{Requirement, require};

use crate::site::{Site, Told, config, deployment, digest, image, web};

const CRASH: &str = "plimsoll.test/fail: crash-loop";

#[tokio::test]
async fn a_first_deployment_runs_the_digest_and_bears_our_marks() {
    require!(Requirement::Cluster);
    let site = Site::with_web("first");
    let deployed = site.deploy(1, None).await;
    assert!(deployed.location.contains(&site.namespace), "{}", deployed.location);
    assert_eq!(site.image(), image(1));
    let live = site.get("deployment/web");
    let labels = &live["metadata"]["labels"];
    assert_eq!(labels["plimsoll.dev/environment"], "production");
    assert_eq!(labels["app.kubernetes.io/managed-by"], "plimsoll");
    assert_eq!(live["metadata"]["annotations"]["plimsoll.dev/release"], "r-000000000001");
    assert_eq!(live["metadata"]["annotations"]["plimsoll.dev/version"], "1.0.1");
    let pods = &live["spec"]["template"]["metadata"];
    assert_eq!(pods["labels"], serde_json::json!({"app": "web"}));
    assert!(pods["annotations"].is_null());
}

#[tokio::test]
async fn what_did_not_change_is_left_alone() {
    require!(Requirement::Cluster);
    let site = Site::with_web("again");
    site.deploy(1, None).await;
    let state =
        || ["deployment/web", "configmap/web", "service/web"].map(|name| site.get(name)["metadata"].clone());
    let before = state();
    site.deploy(1, None).await;
    for (before, after) in before.iter().zip(state()) {
        for field in ["uid", "generation", "resourceVersion"] {
            // The status of a Deployment is written by others, in their own time.
            if field != "resourceVersion" || after["generation"].is_null() {
                assert_eq!(before[field], after[field], "{field} of {after}");
            }
        }
    }
    // Another release of the same image rolls nothing: the pods keep their template.
    let pods = || site.kubectl(&["get", "replicasets,pods", "--output=name"]);
    let running = pods();
    let mut same = deployment(2, Some(1));
    same.digest = digest(1);
    site.target().deploy(&same, &Silent).await.unwrap();
    assert_eq!(running, pods());
}

#[tokio::test]
async fn an_update_changes_what_changed_and_prunes_what_is_gone() {
    require!(Requirement::Cluster);
    let site = Site::with_web("update");
    site.write(
        "kept.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {plimsoll.dev/prune: never}}\n",
    );
    site.write("claim.yaml", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n");
    site.write("taken.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: taken}\n");
    site.deploy(1, None).await;
    site.kubectl(&["create", "configmap", "foreign"]);
    site.kubectl(&["label", "configmap/taken", "plimsoll.dev/application-", "plimsoll.dev/environment-"]);
    site.write("config.yaml", &config("two"));
    for gone in ["service.yaml", "kept.yaml", "claim.yaml", "taken.yaml"] {
        site.remove(gone);
    }
    let told = Told::default();
    site.target().deploy(&deployment(2, Some(1)), &told).await.unwrap();
    assert_eq!(site.image(), image(2));
    assert_eq!(site.get("configmap/web")["data"]["greeting"], "two");
    assert!(!site.has("service/web"));
    for there in ["configmap/kept", "configmap/foreign", "configmap/taken", "persistentvolumeclaim/data"] {
        assert!(site.has(there), "{there}");
    }
    let lines = told.lines();
    assert!(lines.iter().any(|line| line.starts_with("deleted Service")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("/data") && line.contains("stays")), "{lines:?}");
}

#[tokio::test]
async fn without_pruning_nothing_is_deleted_and_nothing_is_forgotten() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("unpruned");
    site.options.prune = false;
    site.deploy(1, None).await;
    site.remove("service.yaml");
    site.deploy(2, Some(1)).await;
    assert!(site.has("service/web"));
    site.options.prune = true;
    site.deploy(3, Some(2)).await;
    assert!(!site.has("service/web"));
}

#[tokio::test]
async fn a_release_that_fails_goes_back_to_what_was_healthy() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("back");
    site.deploy(1, None).await;
    site.options.rollout_timeout = std::time::Duration::from_secs(45);
    site.write("web.yaml", &web(CRASH));
    site.write("config.yaml", &config("broken"));
    site.remove("service.yaml");
    site.write("new.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n");
    let failure = site.release(2, Some(1)).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::RolledBack, "{failure}");
    assert!(failure.to_string().contains("r-000000000001 was brought back"), "{failure}");
    assert_eq!(site.image(), image(1));
    let web = site.get("deployment/web");
    assert_eq!(web["spec"]["template"]["metadata"]["labels"], serde_json::json!({"app": "web"}));
    assert_eq!(web["metadata"]["annotations"]["plimsoll.dev/release"], "r-000000000001");
    assert_eq!(web["status"]["availableReplicas"], 2);
    assert_eq!(site.get("configmap/web")["data"]["greeting"], "one");
    assert!(site.has("service/web") && !site.has("configmap/new"));
    let observation = site.observe(1).await;
    assert_eq!((observation.drift, observation.unhealthy), (Vec::<String>::new(), Vec::new()));
}

#[tokio::test]
async fn a_failed_release_stays_where_there_is_no_way_back_or_nobody_wants_it() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("left");
    site.options.rollout_timeout = std::time::Duration::from_secs(45);
    site.write("web.yaml", &web(CRASH));
    let failure = site.release(1, None).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::Left);
    assert!(failure.to_string().contains("no earlier healthy deployment"), "{failure}");
    site.write("web.yaml", &web(""));
    site.deploy(2, None).await;
    site.options.on_failure = OnFailure::Keep;
    site.write("web.yaml", &web(CRASH));
    let failure = site.release(3, Some(2)).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::Left);
    assert_eq!(site.image(), image(3));
    // What the journal knows and the cluster does not is no way back.
    site.options.on_failure = OnFailure::RollBack;
    let failure = site.release(3, Some(9)).await.unwrap_err();
    assert!(failure.to_string().contains("does not remember"), "{failure}");
}

#[tokio::test]
async fn a_host_that_died_after_the_deployment_can_still_go_back() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("died");
    site.deploy(1, None).await;
    // The cluster remembers the second release; the journal does not, for the host died before it wrote it down.
    site.deploy(2, Some(1)).await;
    site.options.rollout_timeout = std::time::Duration::from_secs(45);
    site.write("web.yaml", &web(CRASH));
    let failure = site.release(2, Some(1)).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::RolledBack, "{failure}");
    assert_eq!(site.image(), image(1));
}
