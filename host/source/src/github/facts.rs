//! What an event says that no typed field of a source holds.

use plimsoll_core::contract::{GitRef, Label, Repository, Trigger};

use super::payload::Payload;

/// The variables of docker/metadata-action that change what it derives.
const METADATA_VARIABLES: [&str; 3] =
    ["DOCKER_METADATA_ANNOTATIONS_LEVELS", "DOCKER_METADATA_PR_HEAD_SHA", "DOCKER_METADATA_SHORT_SHA_LENGTH"];

/// What the facts are held against: a fact says only what these do not.
pub(super) struct Typed<'a> {
    /// The event's name.
    pub(super) event: &'a str,
    /// The full reference that the workflow runs for.
    pub(super) reference: Option<&'a str>,
    pub(super) git_ref: &'a GitRef,
    pub(super) trigger: &'a Trigger,
    pub(super) repository: &'a Repository,
    /// What the repository was read from, and where it lies in there.
    pub(super) described: (&'a Payload, &'static str),
}

/// The facts beside the typed fields, sorted by name: see `docs/events.md`.
pub(super) fn collect(
    variables: &dyn Fn(&str) -> Option<String>,
    payload: &Payload,
    typed: &Typed<'_>,
) -> Vec<Label> {
    let mut facts: Vec<Label> = METADATA_VARIABLES
        .into_iter()
        .filter_map(|name| Some(fact(name, variables(name).filter(|value| !value.is_empty())?)))
        .collect();
    // The trigger is the same as that of `pull_request`.
    let is_target = typed.event == "pull_request_target";
    if is_target {
        facts.push(fact("GITHUB_EVENT_NAME", typed.event.to_owned()));
    }
    // GitHub names the base branch there, and the event is about the pull request.
    let named = typed.reference.filter(|reference| !is_target && *reference != full_name(typed.git_ref));
    facts.extend(named.map(|reference| fact("GITHUB_REF", reference.to_owned())));
    if let (GitRef::Tag(_), Some(base)) = (typed.git_ref, payload.text("/base_ref")) {
        facts.push(fact("base_ref", base));
    }
    if !matches!(typed.trigger, Trigger::PullRequest(_)) {
        let texts = [
            ("pull_request.base.ref", payload.text("/pull_request/base/ref")),
            ("pull_request.head.sha", payload.text("/pull_request/head/sha")),
        ];
        facts.extend(texts.into_iter().filter_map(|(name, value)| Some(fact(name, value?))));
    }
    facts.extend(repository(payload, typed));
    facts
}

/// What the repository's typed fields do not say.
fn repository(payload: &Payload, typed: &Typed<'_>) -> Vec<Label> {
    let mut facts = Vec::new();
    let known = typed.repository.default_branch.as_deref();
    let stated = payload.text("/repository/default_branch");
    // An empty one: the event says nothing, and the file does.
    if stated.as_deref() != known {
        facts.push(fact("repository.default_branch", stated.unwrap_or_default()));
    }
    let (described, at) = typed.described;
    let text = |field: &str| described.text(&format!("{at}/{field}"));
    if let Some(license) = text("license/spdx_id").filter(|_| typed.repository.license.is_none()) {
        facts.push(fact("repository.license.spdx_id", license));
    }
    let short = typed.repository.name.rsplit('/').next();
    facts.extend(
        text("name").filter(|name| Some(name.as_str()) != short).map(|name| fact("repository.name", name)),
    );
    facts
}

/// The full name of a reference; empty where there is none.
fn full_name(git_ref: &GitRef) -> String {
    match git_ref {
        GitRef::Branch(name) => format!("refs/heads/{name}"),
        GitRef::Tag(name) => format!("refs/tags/{name}"),
        GitRef::PullRequest(number) => format!("refs/pull/{number}/merge"),
        GitRef::Detached => String::new(),
    }
}

fn fact(name: &str, value: String) -> Label {
    Label { name: name.to_owned(), value }
}
