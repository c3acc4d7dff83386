//! A check that runs as a job in the cluster.

mod job;
mod outcome;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use k8s_openapi::api::batch::v1::Job;
use kube::{
    Api, Client,
    api::{DeleteParams, PostParams},
    core::{ApiResource, Resource, ResourceExt},
};
use plimsoll_core::{
    contract::EvidenceOutcome,
    names::{CheckName, EnvironmentName},
    ports::{Check, Checked, Deployment, Progress},
};

use super::{
    access::{self, Cluster},
    options::ClusterAccess,
    rollout::{RolloutOptions, Watched, watch, with_causes},
};
use job::{Purpose, prepare};
use outcome::outcome;

/// What a check that runs as a job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCheckOptions {
    /// The check's name.
    pub name: CheckName,
    /// Whether the environment counts as unhealthy when it does not pass.
    pub required: bool,
    /// The file with the job's manifest.
    pub manifest: PathBuf,
    /// How the cluster is reached.
    pub access: ClusterAccess,
    /// Where the job goes when its manifest does not say; without it, the namespace of the context, or of the pod.
    pub namespace: Option<String>,
    /// How long it may take.
    pub timeout: Duration,
}

/// A check that runs as a job in the cluster: a new one each time, deleted afterwards.
#[derive(Debug, Clone)]
pub struct JobCheck {
    options: JobCheckOptions,
}

/// Why a job could not be run to its end.
#[derive(Debug, thiserror::Error)]
enum JobCheckError {
    /// The manifest cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// The manifest is not one job.
    #[error("{} is not the manifest of one job: {problem}", path.display())]
    NotAJob { path: PathBuf, problem: String },
    /// The released image cannot be put in.
    #[error(transparent)]
    Image(#[from] crate::DeployError),
    /// The cluster cannot be reached.
    #[error("the cluster cannot be asked: {0}")]
    Access(String),
    /// The cluster did not take it.
    #[error("the cluster did not take the job: {0}")]
    Refused(String),
}

impl JobCheck {
    /// Makes the check. Nothing is read or asked yet.
    #[must_use]
    pub fn new(options: JobCheckOptions) -> Self {
        Self { options }
    }

    async fn check(
        &self,
        environment: &EnvironmentName,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Result<Checked, JobCheckError> {
        let path = &self.options.manifest;
        let text = tokio::fs::read_to_string(path)
            .await
            .map_err(|source| JobCheckError::Unreadable { path: path.clone(), source })?;
        let purpose = Purpose { check: &self.options.name, environment, deployment };
        let mut job = prepare(path, &text, &purpose, self.options.timeout)?;
        let cluster = access::connect(&self.options.access)
            .await
            .map_err(|error| JobCheckError::Access(with_causes(&error)))?;
        let namespace = self.namespace(&job, &cluster);
        job.metadata.namespace = Some(namespace.clone());
        self.run_job(&cluster.client, &namespace, &job, progress).await
    }

    fn namespace(&self, job: &Job, cluster: &Cluster) -> String {
        let own = job.metadata.namespace.clone();
        own.or_else(|| self.options.namespace.clone()).unwrap_or_else(|| cluster.namespace.clone())
    }

    async fn run_job(
        &self,
        client: &Client,
        namespace: &str,
        job: &Job,
        progress: &dyn Progress,
    ) -> Result<Checked, JobCheckError> {
        let jobs: Api<Job> = Api::namespaced(client.clone(), namespace);
        let created = jobs
            .create(&PostParams::default(), job)
            .await
            .map_err(|error| JobCheckError::Refused(with_causes(&error)))?;
        let watched = Watched {
            kind: ApiResource::erase::<Job>(&()),
            namespace: Some(namespace.to_owned()),
            name: created.name_any(),
            generation: created.meta().generation,
        };
        let options = RolloutOptions { timeout: self.options.timeout, ready_when: Vec::new() };
        let watched_to = watch(client, &[watched], &options, progress).await;
        let checked = outcome(client, namespace, &created.name_any(), watched_to).await;
        // A job that stays behind ends and is removed by itself: it has a deadline and a time to live.
        let _ = jobs.delete(&created.name_any(), &DeleteParams::background()).await;
        Ok(checked)
    }
}

#[async_trait]
impl Check for JobCheck {
    fn name(&self) -> &CheckName {
        &self.options.name
    }

    fn required(&self) -> bool {
        self.options.required
    }

    async fn run(
        &self,
        environment: &EnvironmentName,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Checked {
        self.check(environment, deployment, progress).await.unwrap_or_else(|error| Checked {
            outcome: EvidenceOutcome::Unknown,
            value: Some(error.to_string()),
        })
    }
}
