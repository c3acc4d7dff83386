//! What an event is in GitHub's words.

use plimsoll_core::names::EnvironmentName;
use serde::Serialize;

use crate::{
    event::{Event, EventKind, Health},
    text::line,
};

/// The longest description of a status (REST API, "Create a commit status" and "Create a deployment status").
pub(super) const LONGEST_DESCRIPTION: usize = 140;

/// The state of a commit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CommitState {
    Error,
    Failure,
    Pending,
    Success,
}

/// The state of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeploymentState {
    Failure,
    Inactive,
    InProgress,
    Success,
}

/// A commit status.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct CommitStatus {
    state: CommitState,
    context: String,
    description: String,
}

/// The status that an event gives its commit for an environment.
pub(super) fn commit_status(event: &Event, environment: &EnvironmentName) -> Option<CommitStatus> {
    let state = match event.event {
        EventKind::Opened | EventKind::Held | EventKind::Allowed => CommitState::Pending,
        EventKind::Deployed => match event.health {
            Some(Health::Healthy) => CommitState::Success,
            Some(Health::Unhealthy) => CommitState::Failure,
            Some(Health::Checking) | None => CommitState::Pending,
        },
        EventKind::Healthy => CommitState::Success,
        EventKind::Denied | EventKind::Superseded | EventKind::Rejected | EventKind::Unhealthy => {
            CommitState::Failure
        }
        EventKind::Failed => CommitState::Error,
        EventKind::Done => return None,
    };
    let context = format!("plimsoll/{environment}");
    Some(CommitStatus { state, context, description: description(event) })
}

/// The state that an event gives its deployment.
pub(super) fn deployment_state(event: &Event) -> Option<DeploymentState> {
    match event.event {
        EventKind::Allowed => Some(DeploymentState::InProgress),
        EventKind::Deployed => match event.health {
            Some(Health::Healthy) => Some(DeploymentState::Success),
            Some(Health::Unhealthy) => Some(DeploymentState::Failure),
            Some(Health::Checking) | None => Some(DeploymentState::InProgress),
        },
        EventKind::Healthy => Some(DeploymentState::Success),
        EventKind::Failed | EventKind::Unhealthy => Some(DeploymentState::Failure),
        EventKind::Superseded | EventKind::Rejected => Some(DeploymentState::Inactive),
        EventKind::Opened | EventKind::Held | EventKind::Denied | EventKind::Done => None,
    }
}

pub(super) fn description(event: &Event) -> String {
    line(&event.message, LONGEST_DESCRIPTION)
}
