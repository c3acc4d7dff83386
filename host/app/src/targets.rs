//! From the configuration of an environment to its target and its checks.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_checks::{CommandCheck, HttpCheck};
use plimsoll_core::{
    names::EnvironmentName,
    ports::{Check, Target},
    release,
};
use plimsoll_deploy::{
    ClusterAccess, DirectoryOptions, DirectoryTarget, GitOpsOptions, GitOpsTarget, JobCheck, JobCheckOptions,
    KubernetesOptions, KubernetesTarget, ManifestSource,
};

use crate::configuration::{self, CheckAction, ENVIRONMENT_PLACEHOLDER, Environment, Queue};

/// The target of an environment. `own` is the host's own folder; `locate` says where a path of the configuration lies that
/// belongs to the commit.
pub(crate) fn target(
    environment: &Environment,
    own: &Path,
    locate: &dyn Fn(&Path) -> PathBuf,
) -> Arc<dyn Target> {
    match &environment.target {
        configuration::Target::Directory { path, manifests } => {
            let options = DirectoryOptions { manifests: locate(manifests), output: path.clone() };
            Arc::new(DirectoryTarget::new(options))
        }
        configuration::Target::Kubernetes(written) => {
            Arc::new(KubernetesTarget::new(kubernetes(&environment.name, written, locate)))
        }
        configuration::Target::GitOps(written) => {
            Arc::new(GitOpsTarget::new(gitops(&environment.name, written, own)))
        }
    }
}

fn kubernetes(
    environment: &EnvironmentName,
    written: &configuration::KubernetesTarget,
    locate: &dyn Fn(&Path) -> PathBuf,
) -> KubernetesOptions {
    let configuration::KubernetesTarget {
        access,
        namespace,
        manifests,
        image_paths,
        ready_when,
        rollout_timeout,
        on_failure,
        prune,
        force_conflicts,
    } = written.clone();
    KubernetesOptions {
        environment: environment.clone(),
        access,
        namespace,
        manifests: source(manifests, locate),
        image_paths,
        ready_when,
        rollout_timeout,
        on_failure,
        prune,
        force_conflicts,
    }
}

fn source(written: ManifestSource, locate: &dyn Fn(&Path) -> PathBuf) -> ManifestSource {
    match written {
        ManifestSource::Folder(path) => ManifestSource::Folder(locate(&path)),
        ManifestSource::Kustomization(path) => ManifestSource::Kustomization(locate(&path)),
        ManifestSource::Chart { path, release, values } => ManifestSource::Chart {
            path: locate(&path),
            release,
            values: values.iter().map(|file| locate(file)).collect(),
        },
        ManifestSource::Command { words, folder } => {
            ManifestSource::Command { words, folder: locate(&folder) }
        }
    }
}

fn gitops(environment: &EnvironmentName, written: &configuration::GitOpsTarget, own: &Path) -> GitOpsOptions {
    let configuration::GitOpsTarget { repository, branch, path, write, pull_request, author, wait } =
        written.clone();
    let named = |pattern: String| pattern.replace(ENVIRONMENT_PLACEHOLDER, environment.as_str());
    GitOpsOptions {
        environment: environment.clone(),
        repository,
        branch,
        path,
        write,
        pull_request: pull_request.map(named),
        author,
        checkout: own.join("gitops").join(environment.as_str()),
        wait,
    }
}

/// The cluster that an environment runs in. The configuration has jobs as checks only where there is one.
fn cluster(target: &configuration::Target) -> (ClusterAccess, Option<String>) {
    match target {
        configuration::Target::Kubernetes(written) => (written.access.clone(), written.namespace.clone()),
        _ => (ClusterAccess::default(), None),
    }
}

/// The checks that follow a deployment. Commands run in the folder of the configuration.
pub(crate) fn checks(
    environment: &Environment,
    root: &Path,
    locate: &dyn Fn(&Path) -> PathBuf,
) -> Vec<Arc<dyn Check>> {
    let check = |written: &configuration::Check| -> Arc<dyn Check> {
        let configuration::Check { name, required, action } = written.clone();
        match action {
            CheckAction::Command { words, timeout } => {
                Arc::new(CommandCheck { name, required, words, folder: locate(root), timeout })
            }
            CheckAction::Http { url, status, contains, within } => {
                Arc::new(HttpCheck { name, required, url, status, contains, within })
            }
            CheckAction::Job { manifest, timeout } => {
                let (access, namespace) = cluster(&environment.target);
                let manifest = locate(&manifest);
                let options = JobCheckOptions { name, required, manifest, access, namespace, timeout };
                Arc::new(JobCheck::new(options))
            }
        }
    };
    environment.verify.iter().map(check).collect()
}

impl From<Queue> for release::Queue {
    fn from(queue: Queue) -> Self {
        match queue {
            Queue::Latest => Self::Latest,
            Queue::Fifo => Self::Fifo,
        }
    }
}
