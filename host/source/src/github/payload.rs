//! The event file: the body of the webhook that set the workflow off
//! (docs.github.com, "Webhook events and payloads").

use std::{fs, path::Path};

use plimsoll_core::contract::{PublishedRelease, PullRequest, Repository, Trigger};
use serde_json::Value;

use crate::error::SourceError;

/// A JSON object that GitHub wrote.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Payload(pub(super) Value);

impl Payload {
    /// Reads a file.
    pub(super) fn read(file: &Path) -> Result<Self, SourceError> {
        let failed = |source| SourceError::File { file: file.to_owned(), source };
        let not_json = |source| SourceError::Json { file: file.to_owned(), source };
        let bytes = fs::read(file).map_err(failed)?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| not_json(Some(error)))?;
        if value.is_object() { Ok(Self(value)) } else { Err(not_json(None)) }
    }

    /// The text at a JSON pointer (RFC 6901); an empty one counts as none.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        self.0.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Whether there is `true` at a JSON pointer.
    pub(super) fn flag(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The facts of a repository. They lie under the pointer: in an event at `/repository`, in what the repository API
    /// answers at the root. `name` is its full name where that is not there.
    pub(super) fn repository(&self, at: &str, name: &str) -> Repository {
        let text = |field: &str| self.text(&format!("{at}/{field}"));
        Repository {
            name: text("full_name").unwrap_or_else(|| name.to_owned()),
            url: text("html_url"),
            default_branch: text("default_branch"),
            description: text("description"),
            // GitHub's word for a licence that it could not identify.
            license: text("license/spdx_id").filter(|license| license != "NOASSERTION"),
        }
    }

    /// When a commit was made that the event lists.
    pub(super) fn commit_time(&self, id: &str) -> Option<String> {
        let commits = self.0.pointer("/commits")?.as_array()?;
        let commit = commits.iter().find(|commit| commit["id"] == id)?;
        commit["timestamp"].as_str().map(str::to_owned)
    }

    /// What set the release off.
    pub(super) fn trigger(&self, event: &str) -> Result<Trigger, SourceError> {
        Ok(match event {
            "push" => Trigger::Push,
            "pull_request" | "pull_request_target" => Trigger::PullRequest(self.pull_request(event)?),
            "schedule" => Trigger::Schedule,
            "workflow_dispatch" => Trigger::Manual,
            "release" => {
                Trigger::PublishedRelease(PublishedRelease { prerelease: self.flag("/release/prerelease") })
            }
            other => Trigger::Other(other.to_owned()),
        })
    }

    fn pull_request(&self, event: &str) -> Result<PullRequest, SourceError> {
        let missing = |field| SourceError::MissingField { place: format!("the event `{event}`"), field };
        let number = self.0.pointer("/pull_request/number").or_else(|| self.0.pointer("/number"));
        let head = self.text("/pull_request/head/repo/full_name");
        let base = self.text("/pull_request/base/repo/full_name");
        Ok(PullRequest {
            number: number.and_then(Value::as_u64).ok_or_else(|| missing("pull_request.number"))?,
            base: self.text("/pull_request/base/ref").ok_or_else(|| missing("pull_request.base.ref"))?,
            head: self.text("/pull_request/head/ref").ok_or_else(|| missing("pull_request.head.ref"))?,
            head_commit: self.text("/pull_request/head/sha"),
            // The head's repository is absent when the fork was deleted since.
            from_fork: head != base,
        })
    }
}
