//! What an event says that no typed field of a source holds.

use plimsoll_core::contract::{GitRef, Label};

use super::payload::Payload;

/// The variables of docker/metadata-action that change what it derives.
const METADATA_VARIABLES: [&str; 3] =
    ["DOCKER_METADATA_ANNOTATIONS_LEVELS", "DOCKER_METADATA_PR_HEAD_SHA", "DOCKER_METADATA_SHORT_SHA_LENGTH"];

/// The facts beside the typed fields, sorted by name: see `docs/events.md`. `default_branch` is what the source's
/// repository says.
pub(super) fn collect(
    variables: &dyn Fn(&str) -> Option<String>,
    event: &str,
    payload: &Payload,
    git_ref: &GitRef,
    default_branch: Option<&str>,
) -> Vec<Label> {
    let mut facts: Vec<Label> = METADATA_VARIABLES
        .into_iter()
        .filter_map(|name| Some(fact(name, variables(name).filter(|value| !value.is_empty())?)))
        .collect();
    // The trigger is the same as that of `pull_request`.
    if event == "pull_request_target" {
        facts.push(fact("GITHUB_EVENT_NAME", event.to_owned()));
    }
    if let (GitRef::Tag(_), Some(base)) = (git_ref, payload.text("/base_ref")) {
        facts.push(fact("base_ref", base));
    }
    let stated = payload.text("/repository/default_branch");
    facts.extend(
        stated
            .filter(|branch| Some(branch.as_str()) != default_branch)
            .map(|branch| fact("repository.default_branch", branch)),
    );
    facts
}

fn fact(name: &str, value: String) -> Label {
    Label { name: name.to_owned(), value }
}
