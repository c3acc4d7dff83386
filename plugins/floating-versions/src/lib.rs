//! Stock policy `floating-versions`: a version's image gets its own tag, and the shorter ones that only move forward.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use plimsoll_sdk::{
    Derivation, Failure, Findings, GitRef, NotAVersion, Plan, Policy, SettingsProblem, Tag, TaggingPolicy,
    TaggingRequest, Trigger, VersionTag, capability::registry, schemars::JsonSchema, semver::Version,
    serde::Deserialize,
};

/// Settings of `floating-versions`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// What stands before the version in a git tag and in the image's tags.
    pub prefix: String,
    /// Whether there is a tag of the first number, such as `v1`.
    pub major: bool,
    /// Whether there is a tag of the first two numbers, such as `v1.2`.
    pub minor: bool,
    /// The tag of the highest version of all; empty for none.
    pub latest: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { prefix: "v".to_owned(), major: true, minor: true, latest: "latest".to_owned() }
    }
}

/// The policy.
#[derive(Debug)]
pub struct FloatingVersions;

impl Policy for FloatingVersions {
    const NAME: &'static str = "floating-versions";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "A version's tag, and `v1.2`, `v1` and `latest`, which only move forward.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let first = |text: &str| !text.starts_with(['.', '-']);
        let mut problems = Vec::new();
        for (pointer, text) in [("/prefix", &settings.prefix), ("/latest", &settings.latest)] {
            if !word(text) || !first(text) || text.len() > 64 {
                problems.push(SettingsProblem::new(
                    pointer,
                    format!("`{text}` cannot be part of an image's tag"),
                ));
            }
        }
        problems
    }
}

/// The rule that the event is no proposal.
const EVENT: &str = "event";
/// The rule that the event carries a version.
const VERSION: &str = "version";

impl TaggingPolicy for FloatingVersions {
    fn derive(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, Failure> {
        let source = &request.source;
        let mut findings = Findings::new();
        if matches!(source.trigger, Trigger::PullRequest(_))
            || matches!(source.git_ref, GitRef::PullRequest(_))
        {
            findings.failed(EVENT, "pull requests are not released; merge it");
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        let versions = versions(&source.tags, settings, &mut findings);
        let Some(highest) = versions.last() else {
            return Ok(Derivation::refuse(findings.into_vec()));
        };
        let version = Some(highest.version().to_string());
        let mut tags: Vec<Tag> = versions.iter().map(|version| Tag::create(version.tag())).collect();
        let floating = versions.iter().any(|version| floats(version.version(), settings));
        let mut existing = if floating { existing(request, settings)? } else { Vec::new() };
        existing.extend(
            versions.iter().map(|version| version.version().clone()).filter(|version| version.pre.is_empty()),
        );
        for version in versions.iter().map(VersionTag::version) {
            for line in lines(version, settings) {
                line.judge(version, &existing, &mut tags, &mut findings);
            }
        }
        Ok(Derivation::Plan(Plan {
            version,
            tags,
            labels: Vec::new(),
            annotations: Vec::new(),
            findings: findings.into_vec(),
        }))
    }
}

/// The event's versions, the highest last.
fn versions<'a>(tags: &'a [String], settings: &Settings, findings: &mut Findings) -> Vec<VersionTag<'a>> {
    let prefix = &settings.prefix;
    let mut versions = Vec::new();
    for tag in tags {
        match VersionTag::parse(tag, prefix) {
            Ok(version) if version.version().build.is_empty() && tag.len() <= 128 => {
                findings.passed(VERSION, format!("`{tag}` is a version"));
                versions.push(version);
            }
            Ok(_) => findings.failed(
                VERSION,
                format!("`{tag}` cannot name an image: it is too long or has build metadata"),
            ),
            Err(NotAVersion::Malformed(reason)) => {
                findings.failed(VERSION, format!("`{tag}` is no semantic version: {reason}; tag again"));
            }
            Err(NotAVersion::NotMeant) => {}
        }
    }
    if versions.is_empty() && !findings.any_failed() {
        let message =
            format!("the event carries no tag such as `{prefix}1.2.3`; tag the commit with its version");
        findings.failed(VERSION, message);
    }
    versions.sort();
    versions
}

/// Whether a version moves anything: pre-releases and versions 0.x do not.
fn floats(version: &Version, settings: &Settings) -> bool {
    version.pre.is_empty() && version.major > 0 && !lines(version, settings).is_empty()
}

/// The released versions that the repositories hold: a tag moves in all of them, so the highest of any counts.
fn existing(request: &TaggingRequest, settings: &Settings) -> Result<Vec<Version>, Failure> {
    let mut versions = Vec::new();
    for repository in &request.repositories {
        let tags = registry::tags(repository)?;
        let read = tags.iter().filter_map(|tag| VersionTag::parse(tag, &settings.prefix).ok());
        versions
            .extend(read.map(|version| version.version().clone()).filter(|version| version.pre.is_empty()));
    }
    Ok(versions)
}

/// A moving tag, and the versions that it may point to.
struct Line {
    rule: &'static str,
    tag: String,
    /// How many numbers have to be the same.
    same: usize,
}

fn lines(version: &Version, settings: &Settings) -> Vec<Line> {
    let Settings { prefix, major, minor, latest } = settings;
    let mut lines = Vec::new();
    if *minor {
        lines.push(Line {
            rule: "minor",
            tag: format!("{prefix}{}.{}", version.major, version.minor),
            same: 2,
        });
    }
    if *major {
        lines.push(Line { rule: "major", tag: format!("{prefix}{}", version.major), same: 1 });
    }
    if !latest.is_empty() {
        lines.push(Line { rule: "latest", tag: latest.clone(), same: 0 });
    }
    lines
}

impl Line {
    fn judge(&self, version: &Version, existing: &[Version], tags: &mut Vec<Tag>, findings: &mut Findings) {
        let Self { rule, tag, same } = self;
        if !version.pre.is_empty() {
            return findings.skipped(rule, format!("{version} is a pre-release: `{tag}` stays where it is"));
        }
        if version.major == 0 {
            return findings.skipped(rule, format!("{version} promises nothing: `{tag}` is not given"));
        }
        let numbers = |version: &Version| [version.major, version.minor];
        let of_line = |other: &&Version| numbers(other)[..*same] == numbers(version)[..*same];
        match existing.iter().filter(of_line).max() {
            Some(highest) if highest > version => {
                findings.skipped(rule, format!("`{tag}` stays at {highest}, which is higher"));
            }
            _ => {
                findings.passed(rule, format!("`{tag}` moves to {version}, the highest of its line"));
                tags.push(Tag::moving(tag.as_str()));
            }
        }
    }
}

plimsoll_sdk::export!(tagging: FloatingVersions);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use plimsoll_sdk::{LookupFailure, TagMode, testing};

    use super::*;

    struct Shelf(Vec<String>);

    impl testing::Capabilities for Shelf {
        fn tags(&self, _: &str) -> Result<Vec<String>, LookupFailure> {
            Ok(self.0.clone())
        }
    }

    /// Releases versions in an order; where every tag points in the end.
    fn release(order: &[Version]) -> BTreeMap<String, Version> {
        let mut pointers = BTreeMap::new();
        for version in order {
            let known: Vec<String> = pointers.keys().cloned().collect();
            let request = testing::push_of_tag(&format!("v{version}"));
            let answer = testing::with(Shelf(known), || testing::derive::<FloatingVersions>(&request));
            let Ok(Derivation::Plan(plan)) = answer else { panic!("{answer:?}") };
            for tag in plan.tags {
                assert_eq!(tag.mode == TagMode::Create, tag.name == format!("v{version}"));
                pointers.insert(tag.name, version.clone());
            }
        }
        pointers
    }

    /// Where every moving tag should point: the highest released version of its line, whatever the order was.
    fn expected(versions: &[Version]) -> BTreeMap<String, Version> {
        let mut sorted = versions.to_vec();
        sorted.sort();
        let mut pointers = BTreeMap::new();
        for version in sorted {
            pointers.insert(format!("v{version}"), version.clone());
            if version.pre.is_empty() && version.major > 0 {
                for tag in [
                    format!("v{}.{}", version.major, version.minor),
                    format!("v{}", version.major),
                    "latest".to_owned(),
                ] {
                    pointers.insert(tag, version.clone());
                }
            }
        }
        pointers
    }

    fn permutations(items: &[Version]) -> Vec<Vec<Version>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for index in 0..items.len() {
            let mut rest = items.to_vec();
            let first = rest.remove(index);
            all.extend(permutations(&rest).into_iter().map(|mut tail| {
                tail.insert(0, first.clone());
                tail
            }));
        }
        all
    }

    /// All orders of all choices of up to five of these versions.
    #[test]
    fn whatever_the_order_every_tag_ends_at_the_highest_of_its_line() {
        let all = ["0.9.0", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "1.10.0", "2.0.0"]
            .map(|text| Version::parse(text).unwrap());
        for choice in 0..1u32 << all.len() {
            let chosen: Vec<Version> = all
                .iter()
                .enumerate()
                .filter(|(index, _)| choice >> index & 1 == 1)
                .map(|(_, version)| version.clone())
                .collect();
            if chosen.len() > 5 {
                continue;
            }
            for order in permutations(&chosen) {
                assert_eq!(release(&order), expected(&chosen), "{order:?}");
            }
        }
    }

    /// Two versions on one commit: both have their tags, and each line moves once.
    #[test]
    fn versions_released_together_are_as_if_one_after_the_other() {
        let all = ["0.9.0", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]
            .map(|text| Version::parse(text).unwrap());
        for one in &all {
            for other in all.iter().filter(|other| *other != one) {
                let mut request = testing::push_of_tag(&format!("v{one}"));
                request.source.tags.push(format!("v{other}"));
                let answer =
                    testing::with(Shelf(Vec::new()), || testing::derive::<FloatingVersions>(&request));
                let Ok(Derivation::Plan(plan)) = answer else { panic!("{answer:?}") };
                let mut given: Vec<String> = plan.tags.into_iter().map(|tag| tag.name).collect();
                given.sort();
                let after: Vec<String> = release(&[one.clone(), other.clone()]).into_keys().collect();
                assert_eq!(given, after, "{one} and {other}");
            }
        }
    }

    #[test]
    fn without_a_version_there_is_nothing_to_release() {
        assert!(matches!(
            testing::derive::<FloatingVersions>(&testing::push("main")),
            Ok(Derivation::Refusal(_))
        ));
    }
}
