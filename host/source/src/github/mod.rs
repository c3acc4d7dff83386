//! GitHub Actions: the `GITHUB_*` variables and the event file
//! (docs.github.com, "Variables reference" and "Events that trigger workflows").

mod facts;
mod payload;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_core::contract::{Commit, GitRef, Repository, Source, Trigger};

use crate::{
    error::SourceError,
    event::{Event, parse_commit_id, parse_ref},
    git,
};
use payload::Payload;

/// Where facts come from that the event may lack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// A file with what GitHub's repository API answers. It wins over what the event says of the repository.
    pub repository: Option<PathBuf>,
    /// When the commit was made, Unix seconds. It wins over what the event says.
    pub commit_date: Option<i64>,
    /// A folder inside a checkout of the repository. The commit is looked up there when the event does not describe it: only
    /// pushes do.
    pub checkout: Option<PathBuf>,
}

/// Reads the event that a workflow runs for.
///
/// # Errors
/// A variable is not set (all that are missing are named), the event file cannot be read or does not fit the event, the
/// event removed what it is about, or nothing says when the commit was made.
pub fn read(variables: &dyn Fn(&str) -> Option<String>, options: &Options) -> Result<Event, SourceError> {
    let lookup = variables;
    let variables = Variables::collect(lookup)?;
    let payload = Payload::read(Path::new(&variables.event_path))?;
    refuse_removal(&variables, &payload)?;

    let trigger = payload.trigger(&variables.event)?;
    let git_ref = reference(&variables, &trigger)?;
    let commit = commit(&variables, &payload, options)?;
    let mut notes = Vec::new();
    if let (GitRef::Tag(tag), Some(base)) = (&git_ref, payload.text("/base_ref")) {
        let branch = base.strip_prefix("refs/heads/").unwrap_or(&base);
        notes.push(format!("The tag {tag} was pushed on the branch {branch}."));
    }
    let file = options.repository.as_deref().map(Payload::read).transpose()?;
    let described = match &file {
        Some(file) => (file, ""),
        None => (&payload, "/repository"),
    };
    let repository = repository(&variables, described, options)?;
    let typed = facts::Typed {
        event: &variables.event,
        reference: variables.reference.as_deref(),
        git_ref: &git_ref,
        trigger: &trigger,
        repository: &repository,
        described,
    };
    let source = Source {
        facts: facts::collect(lookup, &payload, &typed),
        repository,
        tags: tags(&git_ref, &trigger, &payload),
        actor: variables.actor.or_else(|| payload.text("/sender/login")),
        trigger,
        git_ref,
        commit,
        dirty: false,
    };
    Ok(Event { source, occurrence: variables.run_id, notes })
}

/// What a workflow run finds in its environment.
struct Variables {
    event: String,
    event_path: String,
    sha: String,
    repository: String,
    reference: Option<String>,
    server: Option<String>,
    actor: Option<String>,
    run_id: Option<String>,
}

impl Variables {
    fn collect(variables: &dyn Fn(&str) -> Option<String>) -> Result<Self, SourceError> {
        let optional = |name: &str| variables(name).filter(|value| !value.is_empty());
        let mut missing = Vec::new();
        let mut required = |name: &str| {
            optional(name).unwrap_or_else(|| {
                missing.push(name.to_owned());
                String::new()
            })
        };
        let found = Self {
            event: required("GITHUB_EVENT_NAME"),
            event_path: required("GITHUB_EVENT_PATH"),
            sha: required("GITHUB_SHA"),
            repository: required("GITHUB_REPOSITORY"),
            reference: optional("GITHUB_REF"),
            server: optional("GITHUB_SERVER_URL"),
            actor: optional("GITHUB_ACTOR"),
            run_id: optional("GITHUB_RUN_ID"),
        };
        if found.event == "push" && found.reference.is_none() {
            missing.push("GITHUB_REF".to_owned());
        }
        if missing.is_empty() { Ok(found) } else { Err(SourceError::MissingVariables { variables: missing }) }
    }
}

/// A branch or tag that was deleted leaves nothing to release.
fn refuse_removal(variables: &Variables, payload: &Payload) -> Result<(), SourceError> {
    let removed = match variables.event.as_str() {
        "push" => payload.flag("/deleted").then(|| payload.text("/ref")),
        "delete" => Some(payload.text("/ref")),
        _ => None,
    };
    match removed {
        Some(reference) => Err(SourceError::Removed {
            reference: reference.or_else(|| variables.reference.clone()).unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

/// The reference. For `pull_request_target` GitHub names the base branch; what the event is about is the pull request.
fn reference(variables: &Variables, trigger: &Trigger) -> Result<GitRef, SourceError> {
    match (trigger, &variables.reference) {
        (Trigger::PullRequest(request), _) => Ok(GitRef::PullRequest(request.number)),
        (_, Some(reference)) => parse_ref(reference),
        (_, None) => Ok(GitRef::Detached),
    }
}

/// The tag that was pushed, or that a release was published for.
fn tags(git_ref: &GitRef, trigger: &Trigger, payload: &Payload) -> Vec<String> {
    let mut tags = Vec::new();
    if let GitRef::Tag(tag) = git_ref {
        tags.push(tag.clone());
    }
    if let Trigger::PublishedRelease(_) = trigger {
        tags.extend(payload.text("/release/tag_name"));
    }
    tags.sort();
    tags.dedup();
    tags
}

/// The commit: from the event where it describes this very commit, else from the checkout.
fn commit(variables: &Variables, payload: &Payload, options: &Options) -> Result<Commit, SourceError> {
    let id = parse_commit_id(&variables.sha)?;
    let described = payload.text("/head_commit/id").is_some_and(|head| head.eq_ignore_ascii_case(&id));
    if described && let Some(time) = payload.text("/head_commit/timestamp") {
        return Ok(Commit {
            id,
            time: options.commit_date.map_or_else(|| seconds(&time), Ok)?,
            author: payload.text("/head_commit/author/name"),
            message: payload.text("/head_commit/message"),
        });
    }
    // A push lists its commits, and the newest one may not be described again.
    let listed = payload.commit_time(&id).map(|time| seconds(&time)).transpose()?;
    let checked_out = options.checkout.as_deref().map(|folder| git::commit(folder, &id));
    match (checked_out, options.commit_date.or(listed)) {
        (Some(Ok(commit)), date) => Ok(Commit { time: date.unwrap_or(commit.time), ..commit }),
        (_, Some(time)) => Ok(Commit { id, time, author: None, message: None }),
        (Some(Err(error)), None) => Err(error),
        (None, None) => Err(SourceError::UnknownCommitTime { commit: id }),
    }
}

fn seconds(text: &str) -> Result<i64, SourceError> {
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(|source| SourceError::InvalidTime {
        field: "head_commit.timestamp",
        text: text.to_owned(),
        source,
    })
}

/// The repository: as what describes it says, its API's answer or the event; else as the variables name it.
fn repository(
    variables: &Variables,
    (described, at): (&Payload, &str),
    options: &Options,
) -> Result<Repository, SourceError> {
    if let Some(file) = &options.repository {
        let missing = || SourceError::MissingField {
            place: format!("the file {}", file.display()),
            field: "full_name",
        };
        let names_it = described.text("/full_name").or_else(|| described.text("/name")).is_some();
        return names_it.then(|| described.repository(at, &variables.repository)).ok_or_else(missing);
    }
    let mut repository = described.repository(at, &variables.repository);
    if repository.url.is_none() {
        repository.url = variables.server.as_ref().map(|server| format!("{server}/{}", variables.repository));
    }
    Ok(repository)
}
