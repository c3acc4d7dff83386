//! The directory target.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use plimsoll_core::{
    digest::Digest,
    ports::{DeployFailure, Deployed, Deployment, FailureClass, Observation, PortFailure, Progress, Target},
    reference::RepositoryName,
};

use crate::{
    diff,
    error::DeployError,
    files::{Files, read_manifests},
    output::Output,
    render::{Image, render},
};

/// What stands for the digest of an image that is not built yet.
pub(crate) const NOT_BUILT: &str = "@sha256:<known once the image is built>";

/// Where the manifests of the rendered set lie, and what describes it.
const MANIFESTS: &str = "manifests";
const DESCRIPTION: &str = "release.json";

/// Where a directory target reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryOptions {
    /// The folder of the manifests: every `*.yaml`, `*.yml` and `*.json` below it.
    pub manifests: PathBuf,
    /// The folder that is deployed into; made when missing. Readers find the manifests in `current/manifests` in it.
    pub output: PathBuf,
}

/// Renders Kubernetes manifests with the released image, by digest, into a folder.
#[derive(Debug, Clone)]
pub struct DirectoryTarget {
    manifests: PathBuf,
    output: Output,
}

impl DirectoryTarget {
    /// A target with these folders. Nothing is read or written yet.
    #[must_use]
    pub fn new(options: DirectoryOptions) -> Self {
        Self { manifests: options.manifests, output: Output::new(options.output) }
    }

    /// The manifests with the image in them.
    fn render(&self, image: &Image<'_>) -> Result<Files, DeployError> {
        let mut files = Files::new();
        let (mut replaced, mut seen) = (0, Vec::new());
        for (below, text) in read_manifests(&self.manifests, Some(self.output.folder()))? {
            let rendered = render(&self.manifests.join(&below), &text, image)?;
            replaced += rendered.replaced;
            seen.extend(rendered.seen);
            files.insert(Path::new(MANIFESTS).join(below), rendered.text);
        }
        if replaced == 0 {
            seen.sort();
            seen.dedup();
            let (folder, repository) = (self.manifests.clone(), image.repository.clone());
            return Err(DeployError::NoContainer { folder, repository, seen });
        }
        Ok(files)
    }

    fn publish(&self, deployment: &Deployment) -> Result<(), DeployError> {
        let image = Image { repository: &deployment.repository, suffix: format!("@{}", deployment.digest) };
        let mut files = self.render(&image)?;
        files.insert(DESCRIPTION.into(), description(deployment));
        self.output.publish(&deployment.release, &files)
    }

    /// Whether what readers see is what was deployed. Files have no health of their own.
    fn observe(&self, deployment: &Deployment) -> Observation {
        let current = self.output.current_files();
        let described = current.get(Path::new(DESCRIPTION)).map(String::as_str);
        let written = match described.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()) {
            None => Some("nothing is there, or nothing that Plimsoll wrote".to_owned()),
            Some(found) => {
                let digest = found["digest"].as_str().unwrap_or("no digest").to_owned();
                (digest != deployment.digest.to_string()).then(|| format!("{digest} is there"))
            }
        };
        Observation { unhealthy: Vec::new(), drift: written.into_iter().collect() }
    }

    fn compare(&self, image: &Image<'_>) -> Result<String, DeployError> {
        let new = self.render(image)?;
        let mut old = self.output.current_files();
        old.remove(Path::new(DESCRIPTION));
        Ok(diff::unified(&old, &new))
    }
}

/// What `release.json` says.
fn description(deployment: &Deployment) -> String {
    let description = serde_json::json!({
        "release": deployment.release,
        "version": deployment.version,
        "repository": deployment.repository,
        "digest": deployment.digest,
    });
    format!("{description:#}\n")
}

/// Runs file work off the threads that serve the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeployError> + Send + 'static,
) -> Result<T, PortFailure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(panic) => Err(PortFailure::new(FailureClass::Internal, panic)),
    }
}

#[async_trait]
impl Target for DirectoryTarget {
    async fn deploy(
        &self,
        deployment: &Deployment,
        _progress: &dyn Progress,
    ) -> Result<Deployed, DeployFailure> {
        let (target, order) = (self.clone(), deployment.clone());
        blocking(move || target.publish(&order)).await?;
        // Files have no health of their own: they are there, whole.
        Ok(Deployed { healthy: true, location: self.output.current().display().to_string() })
    }

    async fn preview(
        &self,
        repository: &RepositoryName,
        digest: Option<&Digest>,
    ) -> Result<String, PortFailure> {
        let (target, repository) = (self.clone(), repository.clone());
        let suffix = digest.map_or_else(|| NOT_BUILT.to_owned(), |digest| format!("@{digest}"));
        blocking(move || target.compare(&Image { repository: &repository, suffix })).await
    }

    async fn observe(&self, deployment: &Deployment) -> Result<Observation, PortFailure> {
        let (target, expected) = (self.clone(), deployment.clone());
        blocking(move || Ok(target.observe(&expected))).await
    }
}
