//! Stock policy `channels`: pre-releases move the tag of their channel, releases that of the stable one, only forward.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use std::collections::BTreeMap;

use plimsoll_sdk::{
    Derivation, Failure, Findings, GitRef, Plan, Policy, SettingsProblem, Tag, TaggingPolicy, TaggingRequest,
    Trigger, VersionTag, capability::registry, schemars::JsonSchema, semver::Version, serde::Deserialize,
};

/// Settings of `channels`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// What stands before the version in a git tag.
    pub prefix: String,
    /// The tags of released versions.
    pub stable: Vec<String>,
    /// The channels of pre-releases, by what their versions begin with after the hyphen: `rc` for `2.0.0-rc.1`. Absent: each
    /// is a channel of its own.
    pub channels: Option<BTreeMap<String, String>>,
    /// The channels of branches: a push of the branch moves the tag.
    pub branches: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: "v".to_owned(),
            stable: vec!["stable".to_owned(), "latest".to_owned()],
            channels: None,
            branches: BTreeMap::new(),
        }
    }
}

/// The policy.
#[derive(Debug)]
pub struct Channels;

impl Policy for Channels {
    const NAME: &'static str = "channels";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Pre-releases move their channel's tag, releases the stable one, only forward.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let stable = settings.stable.iter().enumerate().map(|(index, tag)| (format!("/stable/{index}"), tag));
        let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
        let channels = settings
            .channels
            .iter()
            .flatten()
            .map(|(name, tag)| (format!("/channels/{}", escape(name)), tag));
        let branches =
            settings.branches.iter().map(|(name, tag)| (format!("/branches/{}", escape(name)), tag));
        for (pointer, tag) in stable.chain(channels).chain(branches) {
            if !is_tag(tag) {
                problems.push(SettingsProblem::new(pointer, format!("`{tag}` cannot be an image's tag")));
            } else if VersionTag::parse(tag, &settings.prefix).is_ok() {
                problems.push(SettingsProblem::new(pointer, "a version never moves; name another tag"));
            } else if pointer.starts_with("/channels/") && settings.stable.contains(tag) {
                problems
                    .push(SettingsProblem::new(pointer, format!("`{tag}` is a tag of released versions")));
            }
        }
        problems
    }
}

/// What an image's tag can be (OCI distribution specification 1.1, "Pulling manifests").
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || b".-".contains(&byte))
}

/// The rule on what the event is.
const EVENT: &str = "event";
/// The rule on where the channel's tag goes.
const CHANNEL: &str = "channel";

impl TaggingPolicy for Channels {
    fn derive(request: &TaggingRequest, settings: &Settings) -> Result<Derivation, Failure> {
        let source = &request.source;
        let mut findings = Findings::new();
        let proposed = matches!(source.trigger, Trigger::PullRequest(_))
            || matches!(source.git_ref, GitRef::PullRequest(_));
        let versions = source.tags.iter().filter_map(|tag| VersionTag::parse(tag, &settings.prefix).ok());
        let version =
            versions.filter(|version| version.version().build.is_empty() && version.tag().len() <= 128).max();
        let branch = match &source.git_ref {
            GitRef::Branch(name) => settings.branches.get(name).map(|tag| (name, tag)),
            _ => None,
        };
        let mut tags = Vec::new();
        match (&version, branch) {
            _ if proposed => findings.failed(EVENT, "pull requests are in no channel; merge it"),
            (None, None) => findings.failed(
                EVENT,
                format!(
                    "the event carries no tag such as `{}1.2.3`, and its branch has no channel",
                    settings.prefix
                ),
            ),
            (Some(version), _) => {
                findings.passed(EVENT, format!("`{}` is a version", version.tag()));
                tags.push(Tag::create(version.tag()));
                by_version(request, settings, version.version(), &mut tags, &mut findings)?;
            }
            (None, Some((name, _))) => findings.passed(EVENT, format!("the branch `{name}` has a channel")),
        }
        if let Some((name, tag)) = branch.filter(|_| !proposed)
            && tags.iter().all(|known| known.name != *tag)
        {
            findings.passed("branch", format!("`{tag}` follows the branch `{name}`"));
            tags.push(Tag::moving(tag.as_str()));
        }
        if tags.is_empty() {
            return Ok(Derivation::refuse(findings.into_vec()));
        }
        let version = version.map(|version| version.version().to_string());
        Ok(Derivation::Plan(Plan {
            version,
            tags,
            labels: Vec::new(),
            annotations: Vec::new(),
            findings: findings.into_vec(),
        }))
    }
}

/// Moves the tags of a version's channel, unless a higher version of it is there.
fn by_version(
    request: &TaggingRequest,
    settings: &Settings,
    version: &Version,
    tags: &mut Vec<Tag>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let Some(channel) = channel(version, settings) else {
        let name = name(version);
        findings.skipped(
            CHANNEL,
            format!("there is no channel for `{name}`; name one in the setting `channels`"),
        );
        return Ok(());
    };
    let mut highest: Option<Version> = None;
    for repository in &request.repositories {
        for tag in registry::tags(repository)? {
            let Ok(known) = VersionTag::parse(&tag, &settings.prefix) else { continue };
            let same = self::channel(known.version(), settings).as_ref() == Some(&channel);
            if same && highest.as_ref().is_none_or(|highest| known.version() > highest) {
                highest = Some(known.version().clone());
            }
        }
    }
    match highest.filter(|highest| highest > version) {
        Some(highest) => findings
            .skipped(CHANNEL, format!("`{}` stays at {highest}, which is higher", channel.join("`, `"))),
        None => {
            findings.passed(CHANNEL, format!("`{}` moves to {version}", channel.join("`, `")));
            for tag in channel {
                if tags.iter().all(|known| known.name != tag) {
                    tags.push(Tag::moving(tag));
                }
            }
        }
    }
    Ok(())
}

/// The word of a pre-release: the letters that its first part begins with.
fn name(version: &Version) -> &str {
    let first = version.pre.as_str().split('.').next().unwrap_or_default();
    first.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-')
}

/// The tags of a version's channel; `None`: it has none.
fn channel(version: &Version, settings: &Settings) -> Option<Vec<String>> {
    if version.pre.is_empty() {
        return Some(settings.stable.clone()).filter(|tags| !tags.is_empty());
    }
    let name = name(version);
    match &settings.channels {
        Some(channels) => channels.get(name).map(|tag| vec![tag.clone()]),
        // A pre-release that calls itself stable is not.
        None => {
            let own = is_tag(name) && settings.stable.iter().all(|tag| tag != name);
            own.then(|| vec![name.to_owned()])
        }
    }
}

plimsoll_sdk::export!(tagging: Channels);

#[cfg(test)]
mod tests {
    use plimsoll_sdk::{LookupFailure, testing};
    use proptest::prelude::*;

    use super::*;

    struct Shelf(Vec<String>);

    impl testing::Capabilities for Shelf {
        fn tags(&self, _: &str) -> Result<Vec<String>, LookupFailure> {
            Ok(self.0.clone())
        }
    }

    /// Where every tag points after these releases.
    fn release(order: &[Version]) -> BTreeMap<String, Version> {
        let mut pointers = BTreeMap::new();
        for version in order {
            let known = pointers.keys().cloned().collect();
            let request = testing::push_of_tag(&format!("v{version}"));
            let answer = testing::with(Shelf(known), || testing::derive::<Channels>(&request));
            let Ok(Derivation::Plan(plan)) = answer else { panic!("{answer:?}") };
            pointers.extend(plan.tags.into_iter().map(|tag| (tag.name, version.clone())));
        }
        pointers
    }

    proptest! {
        /// Whatever the order, each channel's tag ends at its highest version, the stable ones at the highest release.
        #[test]
        fn channels_end_at_their_highest_version(
            texts in prop::collection::vec("[12]\\.[01]\\.0(-(rc|beta)\\.?(2|10)|-latest|-7)?", 1..7),
        ) {
            let versions: Vec<Version> = texts.iter().map(|text| Version::parse(text).unwrap()).collect();
            let mut expected = BTreeMap::new();
            let mut sorted = versions.clone();
            sorted.sort();
            for version in sorted {
                expected.insert(format!("v{version}"), version.clone());
                let text = version.pre.as_str();
                for (tag, own) in [
                    ("rc", text.starts_with("rc")),
                    ("beta", text.starts_with("beta")),
                    ("stable", text.is_empty()),
                    ("latest", text.is_empty()),
                ] {
                    if own {
                        expected.insert(tag.to_owned(), version.clone());
                    }
                }
            }
            prop_assert_eq!(release(&versions), expected);
        }
    }
}
