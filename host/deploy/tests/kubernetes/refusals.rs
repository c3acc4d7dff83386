//! What a cluster does not take, and how it is told.

use std::{fs, thread, time::Duration};

use plimsoll_support::{Requirement, require};

use crate::site::{Site, config, image, web};

#[tokio::test]
async fn fields_of_others_are_told_with_their_owners_all_at_once() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("conflict");
    site.deploy(1, None).await;
    site.kubectl(&["scale", "deployment/web", "--replicas=5"]);
    let theirs = site.path("theirs.yaml");
    fs::write(&theirs, config("theirs")).unwrap();
    let theirs = theirs.display().to_string();
    site.kubectl(&[
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=helm",
        "--filename",
        &theirs,
    ]);
    let error = site.refused(2, Some(1)).await;
    for part in [
        ".spec.replicas belongs to \"kubectl\"",
        ".data.greeting belongs to \"helm\"",
        "web.yaml:1",
        "config.yaml:1",
        "force-conflicts",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(site.image(), image(1));
    site.options.force_conflicts = true;
    site.deploy(2, Some(1)).await;
    assert_eq!((site.get("deployment/web")["spec"]["replicas"].clone(), site.image()), (2.into(), image(2)));
}

#[tokio::test]
async fn a_missing_namespace_is_told() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("nowhere");
    site.options.namespace = Some(format!("{}-missing", site.namespace));
    let error = site.refused(1, None).await;
    assert!(error.contains("there is no namespace") && error.contains("-missing"), "{error}");
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_told_before_anything_changes() {
    require!(Requirement::Cluster);
    let site = Site::with_web("quota");
    site.kubectl(&["create", "quota", "small", "--hard=services=0"]);
    // The quota is in force once its controller has counted.
    for _ in 0..100 {
        if !site.get("quota/small")["status"]["hard"].is_null() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let error = site.refused(1, None).await;
    assert!(
        error.contains("quota does not allow") && error.contains("small") && error.contains("Service"),
        "{error}"
    );
    assert!(!site.has("deployment/web"));
}

#[tokio::test]
async fn a_rule_of_the_cluster_speaks_for_itself() {
    require!(Requirement::Cluster);
    let site = Site::with_web("rule");
    let name = &site.namespace;
    site.cluster.kubectl_apply(&format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
    resourceRules: [{{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}}]
  validations: [{{expression: 'object.spec.replicas < 2', message: 'one pod is enough for everybody'}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec: {{policyName: {name}, validationActions: [Deny]}}
"
    ));
    // A policy takes a moment until it is asked.
    let mut said = String::new();
    for _ in 0..100 {
        said = site.preview(1).await;
        if said.contains("would be refused") {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let error = site.refused(1, None).await;
    site.cluster.kubectl(&["delete", "validatingadmissionpolicy", name]);
    site.cluster.kubectl(&["delete", "validatingadmissionpolicybinding", name]);
    assert!(
        error.contains("one pod is enough for everybody") && error.contains("a rule of the cluster"),
        "{error}"
    );
    assert!(said.contains("one pod is enough for everybody"), "{said}");
}

#[tokio::test]
async fn mistakes_in_manifests_are_told_all_at_once() {
    require!(Requirement::Cluster);
    let site = Site::with_web("mistakes");
    site.write("web.yaml", &web("").replace("replicas: 2", "replicass: 2"));
    site.write("config.yaml", &config("one").replace("name: web", "name: Web_"));
    let error = site.refused(1, None).await;
    assert!(error.contains("replicass") && error.contains("Web_") && error.contains("2 objects"), "{error}");
    site.write("config.yaml", "apiVersion: example.com/v1\nkind: Unheard\nmetadata: {name: a}\n");
    let error = site.refused(1, None).await;
    assert!(error.contains("knows no Unheard of example.com/v1"), "{error}");
}

/// The role that the documentation gives, with the names of a test.
fn role(site: &Site) -> String {
    include_str!("../../../../docs/kubernetes/rbac.yaml")
        .replace("namespace: website", &format!("namespace: {}", site.namespace))
}

#[tokio::test]
async fn the_role_of_the_documentation_is_enough_and_less_is_told() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("role");
    site.cluster.kubectl_apply(&role(&site));
    site.options.access.kubeconfig = Some(site.cluster.kubeconfig_for(&site.namespace, "plimsoll"));
    site.deploy(1, None).await;
    site.write("config.yaml", &config("two"));
    site.remove("service.yaml");
    assert!(site.preview(2).await.contains("greeting: two"));
    site.deploy(2, Some(1)).await;
    assert!(!site.has("service/web"));
    let observation = site.observe(2).await;
    assert_eq!((observation.drift, observation.unhealthy), (Vec::<String>::new(), Vec::new()));

    site.cluster.kubectl_apply(&role(&site).replace("[configmaps, services,", "[services,"));
    let error = site.refused(3, Some(2)).await;
    for part in ["not allowed", "cannot patch resource \"configmaps\"", "plimsoll", "docs/kubernetes.md"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    site.kubectl(&["delete", "rolebinding", "plimsoll"]);
    let error = site.refused(3, Some(2)).await;
    assert!(error.contains("Secret") && error.contains("cannot get resource \"secrets\""), "{error}");
}
