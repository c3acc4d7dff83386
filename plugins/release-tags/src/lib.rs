//! Stock policy `release-tags`: the default branch moves `latest`, a git tag that is a version names the image.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod labels;
mod rules;
mod settings;

use plimsoll_sdk::{
    Derivation, Failure, Findings, Plan, Policy, SettingsProblem, Source, Tag, TaggingPolicy, TaggingRequest,
    VersionTag,
};

pub use settings::Settings;

/// The policy.
#[derive(Debug)]
pub struct ReleaseTags;

impl Policy for ReleaseTags {
    const NAME: &'static str = "release-tags";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "The default branch moves `latest`; a version's git tag names the image.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        settings.problems()
    }
}

impl TaggingPolicy for ReleaseTags {
    fn derive(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, Failure> {
        let source = &request.source;
        let mut findings = Findings::new();
        if !rules::event(source, &mut findings) {
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        let versions = rules::versions(source, settings, &mut findings);
        let on_default_branch = rules::branch(source, settings, !versions.is_empty(), &mut findings);
        if versions.is_empty() && !on_default_branch {
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        rules::working_tree(source, &mut findings);
        let latest = rules::latest(source, &versions, on_default_branch, settings, &mut findings);
        Ok(Derivation::Plan(plan(source, &versions, latest, settings, findings)))
    }
}

fn plan(
    source: &Source,
    versions: &[VersionTag<'_>],
    latest: bool,
    settings: &Settings,
    findings: Findings,
) -> Plan {
    let mut tags: Vec<Tag> = versions.iter().map(|version| Tag::create(version.tag())).collect();
    tags.extend(settings.commit_tag(&source.commit).map(Tag::moving));
    if latest {
        tags.push(Tag::moving(settings.latest.as_str()));
    }
    let version = versions.last().map(|highest| highest.version().to_string());
    let labels = labels::labels(source, version.as_deref(), settings);
    Plan { version, tags, annotations: labels.clone(), labels, findings: findings.into_vec() }
}

plimsoll_sdk::export!(tagging: ReleaseTags);
