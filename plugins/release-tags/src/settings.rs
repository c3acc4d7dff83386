//! What can be set.

use std::collections::BTreeMap;

use plimsoll_sdk::{Commit, SettingsProblem, VersionTag, schemars::JsonSchema, serde::Deserialize};

/// How much of the commit's id a commit tag shows: long enough to be the only one in any repository.
const COMMIT_DIGITS: usize = 12;

/// The longest image tag, characters.
const LONGEST_TAG: usize = 128;

/// Settings of `release-tags`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// The branch whose pushes are released. Absent: the repository's default branch, as the event names it.
    pub default_branch: Option<String>,
    /// What stands before the version in a version's git tag.
    pub prefix: String,
    /// The tag that moves to the newest image. Empty: no tag does.
    pub latest: String,
    /// Also tag each image with this text and the first twelve digits of the commit, such as `sha-`. Empty: not.
    pub commit_tag: String,
    /// Labels and annotations to add, or to take the place of those that this policy sets.
    pub labels: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_branch: None,
            prefix: "v".to_owned(),
            latest: "latest".to_owned(),
            commit_tag: String::new(),
            labels: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// What is wrong beyond the types: every tag that could come of the settings must be one.
    pub(crate) fn problems(&self) -> Vec<SettingsProblem> {
        const GRAMMAR: &str = "a tag begins with a letter, a digit or `_`, goes on with these, `.` and `-`, and has \
                               at most 128 characters";
        let mut problems = Vec::new();
        for (pointer, text) in
            [("/prefix", &self.prefix), ("/latest", &self.latest), ("/commit-tag", &self.commit_tag)]
        {
            if !text.is_empty() && !is_image_tag(text) {
                problems
                    .push(SettingsProblem::new(pointer, format!("`{text}` begins no image tag: {GRAMMAR}")));
            }
        }
        if self.commit_tag.len() + COMMIT_DIGITS > LONGEST_TAG {
            problems.push(SettingsProblem::new("/commit-tag", "too long: with the commit it must be a tag"));
        }
        if VersionTag::parse(&self.latest, &self.prefix).is_ok() {
            problems
                .push(SettingsProblem::new("/latest", "a version never moves; name another tag, or none"));
        }
        for (name, _) in self.labels.iter().filter(|(_, value)| value.chars().any(char::is_control)) {
            let pointer = format!("/labels/{}", name.replace('~', "~0").replace('/', "~1"));
            problems.push(SettingsProblem::new(
                pointer,
                "a label's value is one line without control characters",
            ));
        }
        problems
    }

    /// The tag that names the commit, if one is wanted.
    pub(crate) fn commit_tag(&self, commit: &Commit) -> Option<String> {
        let digits = commit.id.get(..COMMIT_DIGITS).unwrap_or(&commit.id);
        (!self.commit_tag.is_empty()).then(|| format!("{}{digits}", self.commit_tag))
    }
}

/// Whether a text is an image tag (OCI distribution specification 1.1, "Pulling manifests").
pub(crate) fn is_image_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=LONGEST_TAG).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}
