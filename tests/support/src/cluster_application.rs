//! The application of [`Application`], with environments that are namespaces of a control plane.

use crate::{Application, ControlPlane};

/// The story's application, with a namespace for each environment.
#[derive(Debug)]
pub struct ClusterApplication {
    /// The application.
    pub application: Application,
    /// The cluster of this test process.
    pub cluster: &'static ControlPlane,
    staging: String,
    production: String,
}

impl ClusterApplication {
    /// The site, from scratch, with the rules of the story and both environments on the shared control plane. `image` is
    /// where the image goes.
    ///
    /// # Panics
    /// The cluster did not start or refused, or git or the disk failed.
    #[must_use]
    #[track_caller]
    pub fn create(image: &str) -> Self {
        let cluster = ControlPlane::shared();
        let [staging, production] = ["staging", "production"].map(|name| cluster.namespace(name));
        let application = Application::create("scratch", image);
        let this = Self { application, cluster, staging, production };
        for environment in ["staging", "production"] {
            let directory =
                format!("{{ kind = \"directory\", path = \"deploy/{environment}\", manifests = \"k8s/\" }}");
            this.application.rule(&directory, &this.target(this.namespace(environment)));
        }
        this
    }

    /// The target of a namespace, as the configuration writes it.
    #[must_use]
    pub fn target(&self, namespace: &str) -> String {
        let kubeconfig = self.cluster.kubeconfig().display();
        format!(
            "{{ kind = \"kubernetes\", kubeconfig = \"{kubeconfig}\", namespace = \"{namespace}\", manifests = \"k8s/\", rollout-timeout = \"90s\" }}"
        )
    }

    /// The namespace of `staging` or `production`.
    ///
    /// # Panics
    /// It is another environment.
    #[must_use]
    #[track_caller]
    pub fn namespace(&self, environment: &str) -> &str {
        match environment {
            "staging" => &self.staging,
            "production" => &self.production,
            other => panic!("there is no environment {other}"),
        }
    }

    /// What `kubectl` answers in the namespace of an environment.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn kubectl(&self, environment: &str, arguments: &[&str]) -> String {
        self.cluster.kubectl(&[&["--namespace", self.namespace(environment)], arguments].concat())
    }

    /// The digest that the Deployment of an environment runs, as `kubectl` sees it; none when there is no Deployment.
    ///
    /// # Panics
    /// The cluster does not answer, or the Deployment names no digest.
    #[must_use]
    #[track_caller]
    pub fn running(&self, environment: &str) -> Option<String> {
        self.cluster.running(self.namespace(environment))
    }
}

impl ControlPlane {
    /// The digest that the site's Deployment in a namespace runs, as `kubectl` sees it; none when there is no Deployment.
    ///
    /// # Panics
    /// The cluster does not answer, or the Deployment names no digest.
    #[must_use]
    #[track_caller]
    pub fn running(&self, namespace: &str) -> Option<String> {
        let image = self.kubectl(&[
            "--namespace",
            namespace,
            "get",
            "deployment",
            "website",
            "--ignore-not-found",
            "--output=jsonpath={.spec.template.spec.containers[0].image}",
        ]);
        if image.is_empty() {
            return None;
        }
        match image.split_once('@') {
            Some((_, digest)) => Some(digest.to_owned()),
            None => panic!("{namespace} runs {image}, which names no digest"),
        }
    }
}
