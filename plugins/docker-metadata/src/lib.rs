//! Stock policy `docker-metadata`: the tags, labels and annotations that docker/metadata-action derives.
//!
//! `README.md` beside this crate is the reference of its settings and rules. The modules are public for the tests, which
//! hold them against the packages that the action is built on.

pub mod acceptable;
pub mod csv;
pub mod derive;
pub mod entries;
pub mod error;
pub mod event;
pub mod expressions;
pub mod flavor;
pub mod images;
pub mod javascript;
pub mod labels;
pub mod matching;
pub mod moment;
pub mod outcome;
pub mod pep440;
pub mod rules;
pub mod semver;
pub mod settings;
pub mod strict;
pub mod template;
pub mod zone;

use derive::Derived;
use error::MetadataError;
use event::Event;
use plimsoll_sdk::{
    Derivation, Failure, Findings, Plan, Policy, SettingsProblem, Tag, TaggingPolicy, TaggingRequest,
};
use settings::{Read, Settings};

/// The rule that there is a tag at all.
const TAGS: &str = "tags";
/// The rule on the tag `latest`.
const LATEST: &str = "latest";
/// The rule on the images.
const IMAGES: &str = "images";
/// The longest message of a finding, characters.
const LONGEST_MESSAGE: usize = 900;

/// The policy.
#[derive(Debug)]
pub struct DockerMetadata;

impl Policy for DockerMetadata {
    const NAME: &'static str = "docker-metadata";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives the tags, labels and annotations that docker/metadata-action gives.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        settings.problems()
    }
}

impl TaggingPolicy for DockerMetadata {
    fn derive(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, Failure> {
        answer(request, settings).map_err(|error| Failure::new(line(&error.to_string())))
    }
}

fn answer(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, MetadataError> {
    let read = settings.read().map_err(first)?;
    let event = Event::of(request);
    let derived = Derived::of(&read.rules, &read.flavor, &event)?;
    acceptable::tags(&derived, &read.rules)?;
    if settings.strict {
        strict::check(&derived, &read.rules, &read.flavor, &event, &request.source.tags)?;
    }
    let version = derived.version().unwrap_or_default();
    let labels = labels::labels(&event, version, settings.labels.texts())?;
    let annotations = labels::annotations(&event, version, settings.annotations.texts())?;
    acceptable::labels("labels", &labels)?;
    acceptable::labels("annotations", &annotations)?;
    let mut findings = findings(&derived, &read, request);
    if derived.given.is_empty() {
        findings.failed(TAGS, "no rule gives a tag; see what each of them says");
        return Ok(Derivation::refuse(findings.into_vec()));
    }
    let tag = |(name, whole): (&str, bool)| {
        if settings.strict && whole { Tag::create(name) } else { Tag::moving(name) }
    };
    Ok(Derivation::Plan(Plan {
        version: Some(version.to_owned()),
        tags: derived.tags().into_iter().map(tag).collect(),
        labels,
        annotations,
        findings: findings.into_vec(),
    }))
}

/// What each rule found.
fn findings(derived: &Derived, read: &Read, request: &TaggingRequest) -> Findings {
    let mut findings = Findings::new();
    for (rule, outcome) in read.rules.iter().zip(&derived.outcomes) {
        match outcome {
            Ok(tag) => findings.passed(rule.kind.name(), line(&format!("`{rule}` gives `{tag}`"))),
            Err(why) => findings.skipped(rule.kind.name(), line(&format!("`{rule}` gives nothing: {why}"))),
        }
    }
    match (&derived.latest, derived.given.first()) {
        (Some(latest), Some(first)) => {
            let rule = &read.rules[first.rule];
            findings.passed(
                LATEST,
                line(&format!("`{latest}` comes here: `{rule}` gives the version, and decides")),
            );
        }
        _ => findings.skipped(LATEST, "no rule brings the newest image's tag here of itself"),
    }
    let named: Vec<&str> =
        read.images.iter().filter(|image| image.enabled).map(|image| image.name.as_str()).collect();
    let others: Vec<&str> = named
        .iter()
        .copied()
        .filter(|name| !request.repositories.iter().any(|repository| repository == name))
        .collect();
    if named.is_empty() {
        findings.skipped(IMAGES, "no image is named and enabled: the tags go to those of the configuration");
    } else if others.is_empty() {
        findings.passed(IMAGES, line(&format!("the tags go to {}", named.join(", "))));
    } else {
        let others = others.join(", ");
        findings.skipped(
            IMAGES,
            line(&format!("the tags go to the images of the configuration, and {others} is not among them")),
        );
    }
    findings
}

fn first(problems: Vec<(String, MetadataError)>) -> MetadataError {
    let none = || entries::problem("", "the settings cannot be read");
    problems.into_iter().next().map_or_else(none, |(_, error)| error)
}

/// A text in one line of a bearable length: hosts refuse others.
fn line(text: &str) -> String {
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().take(LONGEST_MESSAGE).map(clean).collect()
}

plimsoll_sdk::export!(tagging: DockerMetadata);
