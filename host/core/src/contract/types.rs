//! `interface types`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One event in a source repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// The repository that the event happened in.
    pub repository: Repository,
    /// What set the release off.
    pub trigger: Trigger,
    /// The git reference that the event is about.
    pub git_ref: GitRef,
    /// The commit that is released.
    pub commit: Commit,
    /// Names of the git tags that the event carries, sorted, without repeats.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Who set the event off.
    #[serde(default)]
    pub actor: Option<String>,
    /// Whether the working tree held changes that are not in the commit.
    #[serde(default)]
    pub dirty: bool,
    /// Further facts of the event under the provider's own names, sorted, without repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Label>,
}

/// A source repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Repository {
    /// Short name, such as `contoso/website`.
    pub name: String,
    /// Web address.
    #[serde(default)]
    pub url: Option<String>,
    /// Name of the default branch.
    #[serde(default)]
    pub default_branch: Option<String>,
    /// The provider's one-line description.
    #[serde(default)]
    pub description: Option<String>,
    /// SPDX identifier of the licence.
    #[serde(default)]
    pub license: Option<String>,
}

/// What set a release off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A branch or a tag was pushed.
    Push,
    /// A pull request was opened or changed.
    PullRequest(PullRequest),
    /// A timetable.
    Schedule,
    /// A person started it by hand.
    Manual,
    /// A release was published at the provider.
    PublishedRelease(PublishedRelease),
    /// Any other event, under the provider's name for it.
    Other(String),
}

/// A pull request as the event described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PullRequest {
    /// Its number at the provider.
    pub number: u64,
    /// The branch it asks to be merged into.
    pub base: String,
    /// The branch it comes from.
    pub head: String,
    /// Id of the newest commit of the head branch.
    #[serde(default)]
    pub head_commit: Option<String>,
    /// Whether the head branch lives in another repository.
    #[serde(default)]
    pub from_fork: bool,
}

/// A release published at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PublishedRelease {
    /// Whether its author marked it as a pre-release.
    pub prerelease: bool,
}

/// A git reference, shortened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GitRef {
    /// `refs/heads/NAME`.
    Branch(String),
    /// `refs/tags/NAME`.
    Tag(String),
    /// `refs/pull/NUMBER/merge` or its like.
    PullRequest(u64),
    /// A commit without any reference.
    Detached,
}

/// A git commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Commit {
    /// Full object id, lower-case hexadecimal.
    pub id: String,
    /// The committer's time, Unix seconds.
    pub time: i64,
    /// The author's name.
    #[serde(default)]
    pub author: Option<String>,
    /// The whole commit message.
    #[serde(default)]
    pub message: Option<String>,
}

/// A point in time with the civil fields of one time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Moment {
    /// Unix seconds.
    pub unix: i64,
    /// IANA name of the zone of the civil fields.
    pub time_zone: String,
    /// Offset from UTC, minutes, east positive.
    pub offset: i16,
    /// Year, Gregorian.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Day of the week.
    pub weekday: Weekday,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

/// Day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A name with a value: an image label or annotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Label {
    /// The key.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What one rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// The rule's name. Rules of the host itself begin with `host:`, which no policy's rule can.
    pub rule: String,
    /// How it came out.
    pub outcome: RuleOutcome,
    /// One sentence for people.
    pub message: String,
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// It is satisfied.
    Passed,
    /// It is not.
    Failed,
    /// It had nothing to say.
    Skipped,
}

impl Finding {
    /// A failed rule of the host itself; `rule` is given without the prefix `host:`.
    #[must_use]
    pub fn host_failed(rule: &str, message: impl Into<String>) -> Self {
        Self { rule: format!("host:{rule}"), outcome: RuleOutcome::Failed, message: message.into() }
    }
}
