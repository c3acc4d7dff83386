//! The command line as clap reads it. Nothing here touches the world.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use plimsoll_app::evidence;
use plimsoll_core::ports::Platform;

use crate::commands::policy::PolicyCommand;

/// Builds a container image, pushes it and deploys it, and asks sandboxed WebAssembly policies which tags it gets and
/// where it may go.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct GlobalArguments {
    /// The configuration file.
    #[arg(long, global = true, default_value = "plimsoll.toml", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// How results are printed: for people, or as JSON for programs.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Shows nothing on standard error but errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Fixes the clock: Unix seconds or an RFC 3339 time.
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) now: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plays a whole story in a temporary repository: a push, a version, a pre-release.
    Demo,
    /// Writes a plimsoll.toml for this repository.
    Init(InitArguments),
    /// Which tags, labels and version would this event give?
    Tags(EventArguments),
    /// Builds the image into its layout, without a release.
    Build(BuildArguments),
    /// Shows what a release would do, without doing it.
    Plan(ReleaseArguments),
    /// Releases an event: derives tags, builds, pushes, asks the policies, deploys.
    Release(ReleaseArguments),
    /// Takes up a release that waits, failed or was interrupted.
    Resume(ResumeArguments),
    /// Approves a release, for one environment and one rule or for all.
    Approve(ApproveArguments),
    /// Asks an environment's policies again, now, and deploys if they allow it.
    Promote(PromoteArguments),
    /// Brings an environment back to the release that ran there before, or to a named one.
    Rollback(RollbackArguments),
    /// Lets nothing more into an environment, until it is freed or the time comes.
    Hold(HoldArguments),
    /// Ends the hold on an environment.
    Free(FreeArguments),
    /// Results about a release: a scanner's, a test's.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Takes up releases whose time has come, and looks after what runs; for cron.
    Tick(TickArguments),
    /// What runs where, what waits, and what is not as it was deployed.
    Status(StatusArguments),
    /// Why is a release where it is, and not further?
    Why(WhyArguments),
    /// What happened: all releases, or one of them step by step.
    History(HistoryArguments),
    /// The audit trail.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Tools around single policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Prints the JSON Schema of plimsoll.toml, or of what policies and their tools read.
    Schema {
        /// What the schema is of.
        #[arg(value_enum, default_value_t)]
        of: SchemaOf,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// plimsoll.toml.
    #[default]
    Configuration,
    /// A policy's case file.
    Cases,
    /// A request to a policy: what `policy eval --request` reads.
    Request,
    /// A list of answers to look-ups: what `policy eval --capabilities` reads.
    Capabilities,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Where the image goes: a repository such as ghcr.io/contoso/website, or oci:FOLDER.
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) repository: Option<String>,
    /// Overwrites a plimsoll.toml that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EventArguments {
    /// Where the event comes from.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) event: EventKind,
    /// A file with what the provider's repository API says of the repository (JSON).
    #[arg(long, value_name = "FILE")]
    pub(crate) repository: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) facts: FactArguments,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    #[command(flatten)]
    pub(crate) event: EventArguments,
    /// Platforms to build for, such as linux/arm64, in place of those of the configuration.
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub(crate) platform: Vec<Platform>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventKind {
    /// The git repository: HEAD and the tags on it.
    #[default]
    Git,
    /// GitHub Actions: the GITHUB_* variables and the event file.
    Github,
    /// The flags alone.
    Flags,
}

/// Each overrides the fact that the event gives.
#[derive(Debug, Args)]
#[command(next_help_heading = "Facts of the event")]
pub(crate) struct FactArguments {
    /// The repository's short name, such as contoso/website.
    #[arg(long, value_name = "NAME")]
    pub(crate) repository_name: Option<String>,
    /// The repository's web address, without credentials.
    #[arg(long, value_name = "URL")]
    pub(crate) repository_url: Option<String>,
    /// The repository's default branch.
    #[arg(long, value_name = "BRANCH")]
    pub(crate) default_branch: Option<String>,
    /// What set the event off.
    #[arg(long, value_enum)]
    pub(crate) trigger: Option<TriggerKind>,
    /// The git reference: refs/heads/NAME, refs/tags/NAME or refs/pull/NUMBER/merge.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) git_ref: Option<String>,
    /// The commit's full id.
    #[arg(long, value_name = "ID")]
    pub(crate) commit: Option<String>,
    /// The commit's time: Unix seconds or an RFC 3339 time.
    #[arg(long, value_name = "TIME")]
    pub(crate) commit_date: Option<String>,
    /// A git tag that the event carries; repeatable.
    #[arg(long = "git-tag", value_name = "TAG")]
    pub(crate) git_tags: Vec<String>,
    /// Who set the event off.
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Option<String>,
}

/// The triggers that need no more than their name. Pull requests and published releases come from a CI event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TriggerKind {
    /// A branch or a tag was pushed.
    Push,
    /// A timetable.
    Schedule,
    /// A person.
    Manual,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseArguments {
    #[command(flatten)]
    pub(crate) event: EventArguments,
    /// Waits for what holds the release, for at most this long: a span such as 2h.
    #[arg(long, value_name = "SPAN", num_args = 0..=1, default_missing_value = "1h")]
    pub(crate) wait: Option<String>,
    #[command(flatten)]
    pub(crate) exception: ExceptionArguments,
    /// Releases though the working tree holds changes that are not committed.
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// The release: its id, version, git tag or commit. Without it the newest one that waits or failed.
    pub(crate) release: Option<String>,
    /// Goes on though the working tree holds changes that are not committed.
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

/// An exception that somebody asks for. Policies see it and decide; it is recorded.
#[derive(Debug, Args)]
#[command(next_help_heading = "Exceptions")]
pub(crate) struct ExceptionArguments {
    /// A repair that goes ahead of the queue.
    #[arg(long, requires = "reason")]
    pub(crate) hotfix: bool,
    /// An emergency: no queue, no hold and no environment before stands in the way; the policies are asked all the same.
    #[arg(long, requires = "reason", conflicts_with = "hotfix")]
    pub(crate) break_glass: bool,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Until when the exception holds: a time, or a span such as 2h.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Who asks; by default who started the CI run, or git's user.name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArguments {
    /// The release: its id, version, git tag or commit.
    pub(crate) release: String,
    /// Only for this environment.
    #[arg(long, short, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Only for this rule of a policy, as `plimsoll why` names it.
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// Until when it counts: a time, or a span such as 2h.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Who approves; by default who started the CI run, or git's user.name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PromoteArguments {
    /// The release: its id, version, git tag or commit.
    pub(crate) release: String,
    /// The environment.
    pub(crate) environment: String,
    #[command(flatten)]
    pub(crate) exception: ExceptionArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArguments {
    /// The environment.
    pub(crate) environment: String,
    /// The release to go back to: its id, version, git tag or commit. Without it the one that ran there before.
    #[arg(long, value_name = "RELEASE")]
    pub(crate) to: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who asks; by default who started the CI run, or git's user.name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HoldArguments {
    /// The environment.
    pub(crate) environment: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Until when: a time, or a span such as 2h. Without it until it is freed.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Who holds it; by default who started the CI run, or git's user.name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct FreeArguments {
    /// The environment.
    pub(crate) environment: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who frees it; by default who started the CI run, or git's user.name.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Hands in a result about a release.
    Add(EvidenceArguments),
}

#[derive(Debug, Args)]
pub(crate) struct EvidenceArguments {
    /// The release: its id, version, git tag or commit.
    pub(crate) release: String,
    /// The evidence's name, as policies know it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// How it came out.
    #[arg(long, value_enum, required_unless_present = "file", conflicts_with = "file")]
    pub(crate) outcome: Option<OutcomeKind>,
    /// A value that goes with it; with a file in place of what the file says.
    #[arg(long, value_name = "TEXT")]
    pub(crate) value: Option<String>,
    /// The report of a tool: SARIF, JUnit XML, or JSON with `outcome` and `value`.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// What the file is: sarif, junit or json. Without it the content tells.
    #[arg(long, value_name = "FORMAT", requires = "file")]
    pub(crate) report: Option<evidence::Format>,
    /// From which level on a finding in SARIF is a failure: error, warning, note or none.
    #[arg(long, value_name = "LEVEL", requires = "file", default_value = "error")]
    pub(crate) threshold: evidence::Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeKind {
    Passed,
    Failed,
    Unknown,
}

#[derive(Debug, Args)]
pub(crate) struct TickArguments {
    /// Looks at nothing that runs, and only takes up releases.
    #[arg(long)]
    pub(crate) no_health: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Reads the journal alone, and asks no environment how it is.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhyArguments {
    /// The release: its id, version, git tag or commit. Without it the newest one.
    pub(crate) release: Option<String>,
    /// Only this environment.
    pub(crate) environment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// The release: its id, version, git tag or commit. Without it all releases.
    pub(crate) release: Option<String>,
    /// How many releases are shown at most.
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    pub(crate) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Follows the hash chain and finds a changed, missing or reordered entry.
    Verify,
    /// Prints all entries, one JSON object a line.
    Export,
}
