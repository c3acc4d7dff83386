//! Checks that follow a deployment.

use async_trait::async_trait;

use super::{Deployment, Progress};
use crate::{
    contract::EvidenceOutcome,
    names::{CheckName, EnvironmentName},
};

/// A check that follows a deployment. Making it again is harmless.
#[async_trait]
pub trait Check: Send + Sync {
    /// Its name, and that of the evidence that comes of it.
    fn name(&self) -> &CheckName;

    /// Whether the environment counts as unhealthy when the check does not pass.
    fn required(&self) -> bool;

    /// Makes the check. What cannot be made comes out as unknown, with the reason.
    async fn run(
        &self,
        environment: &EnvironmentName,
        deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Checked;
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How.
    pub outcome: EvidenceOutcome,
    /// What was seen, a line for people.
    pub value: Option<String>,
}
