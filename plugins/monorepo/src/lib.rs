//! Stock policy `monorepo`: one component's versions out of a repository of many.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use plimsoll_sdk::{
    Derivation, Failure, Findings, GitRef, NotAVersion, Plan, Policy, SettingsProblem, Tag, TaggingPolicy,
    TaggingRequest, Trigger, VersionTag, quote_all, schemars::JsonSchema, serde::Deserialize,
};

/// Settings of `monorepo`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// The component that this configuration releases.
    pub component: String,
    /// How its git tags are written; `{component}` and `{version}` stand for themselves.
    #[serde(default = "pattern")]
    pub pattern: String,
    /// What stands before the version in the image's tag.
    #[serde(default = "prefix")]
    pub image_prefix: String,
    /// The tag that the default branch moves; empty for none.
    #[serde(default = "latest")]
    pub latest: String,
}

fn pattern() -> String {
    "{component}/v{version}".to_owned()
}

fn prefix() -> String {
    "v".to_owned()
}

fn latest() -> String {
    "latest".to_owned()
}

/// The policy.
#[derive(Debug)]
pub struct Monorepo;

impl Policy for Monorepo {
    const NAME: &'static str = "monorepo";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Releases one component by its own git tags, such as `website/v1.2.3`.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        if settings.component.is_empty() {
            problems.push(SettingsProblem::new("/component", "name the component"));
        }
        let ends =
            settings.pattern.ends_with("{version}") && settings.pattern.matches("{version}").count() == 1;
        if !ends || !settings.pattern.contains("{component}") {
            let message =
                "must hold `{component}` and end with `{version}`, such as `{component}/v{version}`";
            problems.push(SettingsProblem::new("/pattern", message));
        }
        for (pointer, text) in [("/image-prefix", &settings.image_prefix), ("/latest", &settings.latest)] {
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

/// The rule on the event's tags.
const TAG: &str = "component-tag";
/// The rule on the branch.
const BRANCH: &str = "branch";

impl TaggingPolicy for Monorepo {
    fn derive(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, Failure> {
        let source = &request.source;
        let mut findings = Findings::new();
        if matches!(source.trigger, Trigger::PullRequest(_))
            || matches!(source.git_ref, GitRef::PullRequest(_))
        {
            findings.failed("event", "pull requests are not released; merge it");
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        let on_branch = on_default_branch(request, settings, &mut findings);
        let versions = versions(request, settings, on_branch, &mut findings);
        let image_tag = |version: &VersionTag<'_>| format!("{}{}", settings.image_prefix, version.version());
        let mut tags: Vec<Tag> = versions.iter().map(|version| Tag::create(image_tag(version))).collect();
        if on_branch && !settings.latest.is_empty() && tags.iter().all(|tag| tag.name != settings.latest) {
            tags.push(Tag::moving(settings.latest.as_str()));
        }
        if tags.is_empty() {
            if !findings.any_failed() {
                findings
                    .failed(TAG, format!("nothing of `{}` is released by this event", settings.component));
            }
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        let version = versions.iter().max().map(|version| version.version().to_string());
        Ok(Derivation::Plan(Plan {
            version,
            tags,
            labels: Vec::new(),
            annotations: Vec::new(),
            findings: findings.into_vec(),
        }))
    }
}

/// The component's versions among the event's tags.
fn versions<'a>(
    request: &'a TaggingRequest,
    settings: &Settings,
    on_branch: bool,
    findings: &mut Findings,
) -> Vec<VersionTag<'a>> {
    let before = settings.pattern.replace("{component}", &settings.component);
    let before = before.strip_suffix("{version}").unwrap_or(&before);
    let (mut versions, mut others) = (Vec::new(), Vec::new());
    for tag in &request.source.tags {
        match VersionTag::parse(tag, before) {
            Ok(version) if version.version().build.is_empty() && tag.len() <= 120 => {
                findings.passed(TAG, format!("`{tag}` is a version of `{}`", settings.component));
                versions.push(version);
            }
            Ok(_) => findings
                .failed(TAG, format!("`{tag}` cannot name an image: it is too long or has build metadata")),
            Err(NotAVersion::Malformed(reason)) => {
                findings.failed(TAG, format!("`{tag}` is no semantic version: {reason}; tag again"));
            }
            Err(NotAVersion::NotMeant) => others.push(tag),
        }
    }
    let Some(others) = quote_all(others) else { return versions };
    let message = format!("{others} is not of `{}`, whose tags begin with `{before}`", settings.component);
    if versions.is_empty() && !on_branch {
        findings.failed(TAG, message);
    } else {
        findings.skipped(TAG, message);
    }
    versions
}

fn on_default_branch(request: &TaggingRequest, settings: &Settings, findings: &mut Findings) -> bool {
    if settings.latest.is_empty() {
        findings.skipped(BRANCH, "the settings give no tag to the default branch");
        return false;
    }
    let default = request.source.repository.default_branch.as_deref();
    match &request.source.git_ref {
        GitRef::Branch(branch) if Some(branch.as_str()) == default => {
            findings.passed(BRANCH, format!("`{branch}` is the default branch"));
            true
        }
        other => {
            findings.skipped(BRANCH, format!("the event is about {other}, not the default branch"));
            false
        }
    }
}

plimsoll_sdk::export!(tagging: Monorepo);
