//! Kinds with habits of their own.

use std::time::Duration;

use plimsoll_core::ports::Aftermath;
use plimsoll_deploy::ImagePath;
use plimsoll_support::{Requirement, require};

use crate::site::{REPOSITORY, Site, image, web};

#[tokio::test]
async fn definitions_namespaces_and_what_needs_them_go_in_one_deployment() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("define");
    let group = format!("{}.example", site.namespace);
    let other = format!("{}-other", site.namespace);
    site.write(
        "a-site.yaml",
        &format!("apiVersion: {group}/v1\nkind: Berth\nmetadata: {{name: one}}\nspec: {{images: [{{image: '{REPOSITORY}:v0'}}]}}\n"),
    );
    site.write(
        "z-definition.yaml",
        &format!(
            "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: berths.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Berth, plural: berths, singular: berth, listKind: BerthList}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}}}}}
"
        ),
    );
    site.write(
        "z-namespace.yaml",
        &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {other}}}\n"),
    );
    site.write(
        "a-config.yaml",
        &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: there, namespace: {other}}}\n"),
    );
    site.options.image_paths =
        vec![ImagePath { kind: "Berth".to_owned(), path: "spec.images[*].image".to_owned() }];
    let preview = site.preview(1).await;
    assert!(preview.contains("+++ Berth") && !preview.contains("would be refused"), "{preview}");
    site.deploy(1, None).await;
    let berth = site.get(&format!("berths.{group}/one"));
    assert_eq!(berth["spec"]["images"][0]["image"], image(1).as_str());
    assert!(
        site.cluster
            .kubectl(&["get", "configmap/there", "--namespace", &other, "--output=name"])
            .contains("there")
    );
    site.deploy(2, Some(1)).await;
    for gone in ["a-site.yaml", "z-definition.yaml", "z-namespace.yaml", "a-config.yaml"] {
        site.remove(gone);
    }
    site.deploy(3, Some(2)).await;
    assert!(!site.has(&format!("berths.{group}/one")));
    assert!(site.has(&format!("crd/berths.{group}")) && site.has(&format!("namespace/{other}")));
    site.cluster.kubectl(&[
        "delete",
        &format!("crd/berths.{group}"),
        &format!("namespace/{other}"),
        "--wait=false",
    ]);
}

#[tokio::test]
async fn a_job_is_made_anew_when_its_image_changes() {
    require!(Requirement::Cluster);
    let site = Site::new("job");
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate}}\nspec:\n  template:\n    spec: {{restartPolicy: Never, containers: [{{name: a, image: '{REPOSITORY}'}}]}}\n"
    );
    site.write("job.yaml", &job);
    site.deploy(1, None).await;
    let uid = |site: &Site| site.get("job/migrate")["metadata"]["uid"].clone();
    let first = uid(&site);
    site.deploy(1, None).await;
    assert_eq!(first, uid(&site));
    site.deploy(2, Some(1)).await;
    assert_ne!(first, uid(&site));
    assert_eq!(
        site.get("job/migrate")["spec"]["template"]["spec"]["containers"][0]["image"],
        image(2).as_str()
    );
}

#[tokio::test]
async fn going_back_runs_no_job_again() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("undone");
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate}}\nspec:\n  template:\n    spec: {{restartPolicy: Never, containers: [{{name: a, image: '{REPOSITORY}'}}]}}\n"
    );
    site.write("job.yaml", &job);
    site.deploy(1, None).await;
    site.options.rollout_timeout = Duration::from_secs(45);
    site.write("web.yaml", &web("plimsoll.test/fail: crash-loop"));
    let failure = site.release(2, Some(1)).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::RolledBack, "{failure}");
    // The second release's migration ran, and the first one's is not run over it.
    assert_eq!(
        site.get("job/migrate")["spec"]["template"]["spec"]["containers"][0]["image"],
        image(2).as_str()
    );
}
