//! Stock policy `calver`: versions by the calendar.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod scheme;

use plimsoll_sdk::{
    Derivation, Failure, Findings, GitRef, Plan, Policy, SettingsProblem, Tag, TaggingPolicy, TaggingRequest,
    Trigger,
    capability::registry,
    civil::{Date, local},
    schemars::JsonSchema,
    serde::Deserialize,
};
use scheme::Scheme;

/// Settings of `calver`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// How versions are written, in the words of calver.org: `YYYY`, `YY`, `0Y`, `MM`, `0M`, `WW`, `0W`, `DD`, `0D` and `MICRO`,
    /// with other characters between them.
    pub scheme: String,
    /// What stands before the version in a tag.
    pub prefix: String,
    /// Which date counts.
    pub date: DateOf,
    /// The branches that are released. Absent: the default branch.
    pub branches: Option<Vec<String>>,
    /// The tag that always points to the newest release; empty for none.
    pub latest: String,
}

/// Which date counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub enum DateOf {
    /// The time of the release.
    Release,
    /// The time of the commit.
    Commit,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheme: "YYYY.MM.MICRO".to_owned(),
            prefix: "v".to_owned(),
            date: DateOf::Release,
            branches: None,
            latest: "latest".to_owned(),
        }
    }
}

/// The policy.
#[derive(Debug)]
pub struct Calver;

impl Policy for Calver {
    const NAME: &'static str = "calver";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Names every release of the default branch by the calendar.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        if let Err(message) = Scheme::read(&settings.scheme) {
            problems.push(SettingsProblem::new("/scheme", message));
        }
        for (pointer, text) in [("/prefix", &settings.prefix), ("/latest", &settings.latest)] {
            let well = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            if !well || text.starts_with(['.', '-']) || text.len() > 64 {
                problems.push(SettingsProblem::new(
                    pointer,
                    format!("`{text}` cannot be part of an image's tag"),
                ));
            }
        }
        problems
    }
}

/// 2000-01-01, from which on years are counted, in local minutes.
const FIRST: i64 = 15_778_080;
/// The rule on the event.
const EVENT: &str = "event";
/// The rule on the version.
const VERSION: &str = "version";

impl TaggingPolicy for Calver {
    fn derive(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, Failure> {
        let mut findings = Findings::new();
        if !is_released(request, settings, &mut findings) {
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        let scheme = Scheme::read(&settings.scheme).map_err(Failure::new)?;
        let unix = match settings.date {
            DateOf::Release => request.now.unix,
            DateOf::Commit => request.source.commit.time,
        };
        let date = Date::of(local(&request.now, unix));
        if date < Date::of(FIRST) {
            return Err(Failure::new(format!(
                "calendar versions count from 2000, and it is {date}; set the clock"
            )));
        }
        let tagged = |version: &str| format!("{}{version}", settings.prefix);
        let version = if scheme.counts() {
            let mut known = Vec::new();
            for repository in &request.repositories {
                known.extend(registry::tags(repository)?);
            }
            let used = known
                .iter()
                .filter_map(|tag| scheme.counter(date, tag.strip_prefix(&settings.prefix)?))
                .max();
            let next = used.map_or(Some(0), |used| used.checked_add(1)).ok_or_else(|| {
                Failure::new(
                    "a tag of this calendar version has the greatest number that there is; remove it",
                )
            })?;
            findings.passed(VERSION, format!("{next} is the next number of this calendar version"));
            scheme.write(date, next)
        } else {
            findings.passed(VERSION, format!("the version of {date}"));
            scheme.write(date, 0)
        };
        let mut tags = vec![Tag::create(tagged(&version))];
        if !settings.latest.is_empty() && tags[0].name != settings.latest {
            tags.push(Tag::moving(settings.latest.as_str()));
        }
        let version = Some(version);
        Ok(Derivation::Plan(Plan {
            version,
            tags,
            labels: Vec::new(),
            annotations: Vec::new(),
            findings: findings.into_vec(),
        }))
    }
}

fn is_released(request: &TaggingRequest, settings: &Settings, findings: &mut Findings) -> bool {
    let source = &request.source;
    let GitRef::Branch(branch) = &source.git_ref else {
        findings.failed(EVENT, format!("the event is about {}, and branches are released", source.git_ref));
        return false;
    };
    let default = source.repository.default_branch.as_ref();
    let named =
        settings.branches.as_ref().map_or(default == Some(branch), |branches| branches.contains(branch));
    match (&source.trigger, named) {
        (Trigger::PullRequest(_), _) => findings.failed(EVENT, "pull requests are not released; merge it"),
        (_, false) => findings.failed(
            EVENT,
            format!("`{branch}` is not released; merge it, or name it in the setting `branches`"),
        ),
        (_, true) => {
            findings.passed(EVENT, format!("`{branch}` is released"));
            return true;
        }
    }
    false
}

plimsoll_sdk::export!(tagging: Calver);
