//! An application with its manifests, and the namespace that it is deployed to.

use std::{fs, path::PathBuf, sync::Once, time::Duration};

use plimsoll_core::{
    digest::Digest,
    names::{EnvironmentName, ReleaseId},
    ports::{
        Activity, Aftermath, DeployFailure, Deployed, Deployment, Observation, Previous, Progress, Silent,
        Target,
    },
};
use plimsoll_deploy::{ClusterAccess, KubernetesOptions, KubernetesTarget, ManifestSource, OnFailure};
use plimsoll_support::ControlPlane;
use serde_json::Value;
use tempfile::TempDir;

/// Where the released image is said to be.
pub(crate) const REPOSITORY: &str = "registry.example/contoso/website";

/// An application and its environment.
pub(crate) struct Site {
    pub(crate) cluster: &'static ControlPlane,
    pub(crate) namespace: String,
    pub(crate) folder: TempDir,
    pub(crate) options: KubernetesOptions,
}

impl Site {
    /// An application without manifests, with a namespace of its own.
    pub(crate) fn new(name: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let cluster = ControlPlane::shared();
        let namespace = cluster.namespace(name);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("k8s")).unwrap();
        let options = KubernetesOptions {
            environment: EnvironmentName::new("production").unwrap(),
            access: ClusterAccess {
                kubeconfig: Some(cluster.kubeconfig().to_owned()),
                ..ClusterAccess::default()
            },
            namespace: Some(namespace.clone()),
            manifests: ManifestSource::Folder(folder.path().join("k8s")),
            image_paths: Vec::new(),
            ready_when: Vec::new(),
            rollout_timeout: Duration::from_secs(120),
            on_failure: OnFailure::RollBack,
            prune: true,
            force_conflicts: false,
        };
        Self { cluster, namespace, folder, options }
    }

    /// The same with a Deployment `web`, a Service and a ConfigMap.
    pub(crate) fn with_web(name: &str) -> Self {
        let site = Self::new(name);
        site.write("web.yaml", &web(""));
        site.write("config.yaml", &config("one"));
        site.write("service.yaml", SERVICE);
        site
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path("k8s").join(name), text).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path("k8s").join(name)).unwrap();
    }

    pub(crate) fn target(&self) -> KubernetesTarget {
        KubernetesTarget::new(self.options.clone())
    }

    /// Deploys a release, after the one that is healthy there if any.
    pub(crate) async fn release(&self, number: u8, after: Option<u8>) -> Result<Deployed, DeployFailure> {
        self.target().deploy(&deployment(number, after), &Silent).await
    }

    /// Deploys a release that has to become healthy.
    pub(crate) async fn deploy(&self, number: u8, after: Option<u8>) -> Deployed {
        match self.release(number, after).await {
            Ok(deployed) => {
                assert!(deployed.healthy);
                deployed
            }
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Deploys a release that is refused; what is said, the hint behind it.
    pub(crate) async fn refused(&self, number: u8, after: Option<u8>) -> String {
        let failure = self.release(number, after).await.unwrap_err();
        assert_eq!(failure.aftermath, Aftermath::Unchanged, "{failure}");
        format!("{failure} -> {}", failure.failure.hint.as_deref().unwrap())
    }

    pub(crate) async fn preview(&self, number: u8) -> String {
        self.target().preview(&REPOSITORY.parse().unwrap(), Some(&digest(number))).await.unwrap()
    }

    pub(crate) async fn observe(&self, number: u8) -> Observation {
        self.target().observe(&deployment(number, None)).await.unwrap()
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let mut all = vec!["--namespace", self.namespace.as_str()];
        all.extend(arguments);
        self.cluster.kubectl(&all)
    }

    /// An object as it is.
    pub(crate) fn get(&self, object: &str) -> Value {
        serde_json::from_str(&self.kubectl(&["get", object, "--output=json", "--show-managed-fields"]))
            .unwrap()
    }

    /// Whether an object is there.
    pub(crate) fn has(&self, object: &str) -> bool {
        !self.kubectl(&["get", object, "--ignore-not-found", "--output=name"]).is_empty()
    }

    /// The image of the Deployment `web`.
    pub(crate) fn image(&self) -> String {
        let web = self.get("deployment/web");
        web["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

pub(crate) fn image(number: u8) -> String {
    format!("{REPOSITORY}@{}", digest(number))
}

pub(crate) fn release_id(number: u8) -> ReleaseId {
    ReleaseId::new(format!("r-{number:012x}")).unwrap()
}

pub(crate) fn deployment(number: u8, after: Option<u8>) -> Deployment {
    Deployment {
        release: release_id(number),
        repository: REPOSITORY.parse().unwrap(),
        digest: digest(number),
        version: Some(format!("1.0.{number}")),
        previous: after.map(|after| Previous { release: release_id(after), digest: digest(after) }),
    }
}

pub(crate) const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";

pub(crate) fn config(greeting: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{greeting: {greeting}}}\n")
}

/// A Deployment of two pods with a label, such as one that lets them fail.
pub(crate) fn web(label: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  progressDeadlineSeconds: 20
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web, {label}}}}}
    spec: {{containers: [{{name: web, image: '{REPOSITORY}:latest'}}]}}
"
    )
}

/// Keeps what is told.
#[derive(Default)]
pub(crate) struct Told(std::sync::Mutex<Vec<String>>);

impl Told {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Told {
    fn activity(&self, activity: Activity<'_>) {
        if let Activity::Line(text) | Activity::Warning(text) = activity {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }
}
