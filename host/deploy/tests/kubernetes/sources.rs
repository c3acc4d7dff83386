//! Manifests that programs print, deployed.

use std::{env, fs, process::Command};

use plimsoll_deploy::ManifestSource;
use plimsoll_support::{Requirement, require, run};

use crate::site::{Site, config, image, web};

#[tokio::test]
async fn a_command_prints_the_manifests() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("command");
    let folder = site.path("k8s");
    let words = ["cat", "web.yaml"].map(str::to_owned).to_vec();
    site.options.manifests = ManifestSource::Command { words, folder };
    site.deploy(1, None).await;
    assert_eq!(site.image(), image(1));
    assert!(!site.has("configmap/web"));
}

#[tokio::test]
async fn a_kustomization_is_built() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("kustomization");
    site.write("kustomization.yaml", "namePrefix: our-\nresources: [web.yaml, config.yaml]\n");
    let error = site.refused(1, None).await;
    assert!(error.contains("kustomization"), "{error}");
    site.options.manifests = ManifestSource::Kustomization(site.path("k8s"));
    let failure = match site.release(1, None).await {
        Ok(_) => None,
        Err(failure) => Some(failure.to_string()),
    };
    assert_eq!(failure, None);
    assert!(site.has("deployment/our-web") && site.has("configmap/our-web"));
}

/// Programs are looked for on the PATH of this process, which a test must not change: so this one runs itself with another.
#[test]
fn a_chart_is_rendered_for_the_cluster() {
    require!(Requirement::Cluster, Requirement::Helm);
    let helm = plimsoll_support::cluster_tool("helm");
    let mut path = helm.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "sources::a_chart_with_helm_on_the_path", "--ignored"]).env("PATH", path);
    let text = run(&mut command).success().text();
    assert!(text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "run by `a_chart_is_rendered_for_the_cluster`"]
async fn a_chart_with_helm_on_the_path() {
    let mut site = Site::new("chart");
    let chart = site.path("chart");
    fs::create_dir_all(chart.join("templates/tests")).unwrap();
    fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: site\nversion: 0.1.0\n").unwrap();
    fs::write(chart.join("values.yaml"), "greeting: default\n").unwrap();
    fs::write(chart.join("templates/web.yaml"), web("")).unwrap();
    let known = "{{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" }}";
    fs::write(
        chart.join("templates/config.yaml"),
        config("\"{{ .Values.greeting }} {{ .Release.Name }} {{ .Release.Namespace }} KNOWN\"")
            .replace("KNOWN", known),
    )
    .unwrap();
    fs::write(chart.join("templates/tests/test.yaml"), "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\nspec: {containers: [{name: a, image: a}]}\n").unwrap();
    fs::write(site.path("own.yaml"), "greeting: hello\n").unwrap();
    site.options.manifests =
        ManifestSource::Chart { path: chart, release: None, values: vec![site.path("own.yaml")] };
    site.deploy(1, None).await;
    assert_eq!(site.image(), image(1));
    let greeting = format!("hello website {} true", site.namespace);
    assert_eq!(site.get("configmap/web")["data"]["greeting"], greeting.as_str());
    assert!(!site.has("pod/test"));
    site.options.manifests =
        ManifestSource::Chart { path: site.path("none"), release: None, values: Vec::new() };
    let error = site.refused(2, Some(1)).await;
    assert!(error.contains("helm template website") && error.contains("none"), "{error}");
}
