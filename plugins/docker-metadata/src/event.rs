//! The event as the action sees it, from the request's facts.

use plimsoll_sdk::{GitRef, TaggingRequest, Trigger};

use crate::{error::MetadataError, javascript};

/// How long a short commit id is where nothing else is said.
const SHORT: f64 = 7.0;

/// What the action reads of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's name for it.
    pub name: String,
    /// The full reference; empty where there is none.
    pub reference: String,
    /// The commit.
    pub sha: String,
    /// The branch that a pushed tag was pushed on, as the event names it.
    base_ref: Option<String>,
    /// The branch that a pull request asks to be merged into.
    pull_base: Option<String>,
    /// The default branch, as the event names it.
    payload_default_branch: Option<String>,
    /// The repository, as the provider describes it.
    pub repository: Repository,
    /// The time of the question, Unix seconds.
    pub now: i64,
    /// When the commit was made, Unix seconds.
    pub commit_date: i64,
    /// How long a short commit id is, as it was set.
    short_length: Option<String>,
    /// The levels of annotations.
    pub levels: Vec<String>,
}

/// A repository, as the provider describes it. What it does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repository {
    /// Its name alone.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its address.
    pub url: String,
    /// Its default branch.
    pub default_branch: String,
    /// The SPDX identifier of its licence.
    pub license: String,
}

impl Event {
    /// The event of a request.
    #[must_use]
    pub fn of(request: &TaggingRequest) -> Self {
        let source = &request.source;
        let fact =
            |name: &str| source.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone());
        let name = fact("GITHUB_EVENT_NAME").unwrap_or_else(|| name(&source.trigger).to_owned());
        let pull = match &source.trigger {
            Trigger::PullRequest(pull) => Some(pull),
            _ => None,
        };
        let pull_head =
            pull.and_then(|pull| pull.head_commit.clone()).or_else(|| fact("pull_request.head.sha"));
        let asks_head = fact("DOCKER_METADATA_PR_HEAD_SHA")
            .is_some_and(|asked| asked.to_ascii_lowercase().contains("true"));
        let head = pull_head.filter(|_| asks_head && name.contains("pull_request"));
        let repository = &source.repository;
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        let short_name = repository.name.rsplit('/').next().unwrap_or_default();
        Self {
            reference: fact("GITHUB_REF").unwrap_or_else(|| reference(&source.git_ref)),
            sha: head.unwrap_or_else(|| source.commit.id.clone()),
            base_ref: fact("base_ref"),
            pull_base: pull.map(|pull| pull.base.clone()).or_else(|| fact("pull_request.base.ref")),
            payload_default_branch: fact("repository.default_branch")
                .or_else(|| repository.default_branch.clone()),
            repository: Repository {
                name: fact("repository.name").unwrap_or_else(|| short_name.to_owned()),
                description: known(&repository.description),
                url: known(&repository.url),
                default_branch: known(&repository.default_branch),
                license: fact("repository.license.spdx_id").unwrap_or_else(|| known(&repository.license)),
            },
            now: request.now.unix,
            commit_date: source.commit.time,
            short_length: fact("DOCKER_METADATA_SHORT_SHA_LENGTH"),
            levels: fact("DOCKER_METADATA_ANNOTATIONS_LEVELS")
                .filter(|levels| !levels.is_empty())
                .map_or_else(
                    || vec!["manifest".to_owned()],
                    |levels| levels.split(',').map(str::to_owned).collect(),
                ),
            name,
        }
    }

    /// The branch; none where the reference is another one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/heads/")
    }

    /// The tag; none where the reference is another one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/tags/")
    }

    /// The pull request's number, with what stands behind it other than `/merge`; none where the reference is another one.
    #[must_use]
    pub fn pull_request(&self) -> Option<&str> {
        let number = self.reference.strip_prefix("refs/pull/")?;
        Some(number.strip_suffix("/merge").unwrap_or(number))
    }

    /// The branch that the event builds on; empty where it does not say.
    #[must_use]
    pub fn base_ref(&self) -> &str {
        match (&self.base_ref, &self.pull_base) {
            (Some(base), _) if self.tag().is_some() => base.strip_prefix("refs/heads/").unwrap_or(base),
            (_, Some(base)) if self.pull_request().is_some() => base,
            _ => "",
        }
    }

    /// Whether the event is the default branch's.
    #[must_use]
    pub fn is_default_branch(&self) -> bool {
        let branch = self.branch().unwrap_or(&self.reference);
        let always_there = ["create", "discussion", "issues", "schedule"];
        !branch.is_empty()
            && (self.payload_default_branch.as_deref() == Some(branch)
                || always_there.iter().any(|name| self.name.contains(name)))
    }

    /// The beginning of the commit's id.
    ///
    /// # Errors
    /// Its length was set to something that is no number.
    pub fn short_sha(&self) -> Result<&str, MetadataError> {
        let length = match &self.short_length {
            Some(text) => javascript::number(text),
            None => SHORT,
        };
        if length.is_nan() {
            let value = self.short_length.clone().unwrap_or_default();
            return Err(MetadataError::ShortShaLength { value });
        }
        let characters = self.sha.char_indices().map(|(place, _)| place).chain([self.sha.len()]);
        let end =
            characters.zip(0_u32..).take_while(|(_, count)| f64::from(*count) <= length.max(0.0)).last();
        Ok(&self.sha[..end.map_or(0, |(place, _)| place)])
    }
}

fn name(trigger: &Trigger) -> &str {
    match trigger {
        Trigger::Push => "push",
        Trigger::PullRequest(_) => "pull_request",
        Trigger::Schedule => "schedule",
        Trigger::Manual => "workflow_dispatch",
        Trigger::PublishedRelease(_) => "release",
        Trigger::Other(name) => name,
    }
}

fn reference(git_ref: &GitRef) -> String {
    match git_ref {
        GitRef::Branch(name) => format!("refs/heads/{name}"),
        GitRef::Tag(name) => format!("refs/tags/{name}"),
        GitRef::PullRequest(number) => format!("refs/pull/{number}/merge"),
        GitRef::Detached => String::new(),
    }
}
