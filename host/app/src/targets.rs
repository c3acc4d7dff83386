//! From the configuration of an environment to its target and its checks.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_core::{
    ports::{Check, Target},
    release,
};
use plimsoll_deploy::{DirectoryOptions, DirectoryTarget};

use crate::{
    configuration::{self, Environment, Queue},
    host::HostError,
};

/// The target of an environment. `locate` says where a path of the configuration lies that belongs to the commit.
pub(crate) fn target(
    environment: &Environment,
    locate: &dyn Fn(&Path) -> PathBuf,
) -> Result<Arc<dyn Target>, HostError> {
    match &environment.target {
        configuration::Target::Directory { path, manifests } => {
            let options = DirectoryOptions { manifests: locate(manifests), output: path.clone() };
            Ok(Arc::new(DirectoryTarget::new(options)))
        }
        configuration::Target::Kubernetes(_) => Err(HostError::NotWired { part: "the target `kubernetes`" }),
        configuration::Target::GitOps(_) => Err(HostError::NotWired { part: "the target `gitops`" }),
    }
}

/// The checks that follow a deployment.
pub(crate) fn checks(environment: &Environment) -> Result<Vec<Arc<dyn Check>>, HostError> {
    if environment.verify.is_empty() {
        Ok(Vec::new())
    } else {
        Err(HostError::NotWired { part: "the checks of `verify`" })
    }
}

impl From<Queue> for release::Queue {
    fn from(queue: Queue) -> Self {
        match queue {
            Queue::Latest => Self::Latest,
            Queue::Fifo => Self::Fifo,
        }
    }
}
