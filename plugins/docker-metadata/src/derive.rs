//! From what the rules give to tags.

use crate::{
    error::MetadataError,
    event::Event,
    flavor::{Flavor, Latest},
    outcome::{self, Outcome, Text},
    rules::Rule,
};

/// What came of all rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Derived {
    /// What each rule came to, in their order: the tag, or why there is none.
    pub outcomes: Vec<Result<String, String>>,
    /// The texts that became tags, in the order of the rules; the first one is the version.
    pub given: Vec<Given>,
    /// Rules whose pattern matched without the group that they ask for, and what to say of it.
    pub missing_groups: Vec<(usize, String)>,
    /// The tag that points to the newest image, where there is to be one.
    pub latest: Option<String>,
}

/// A text that became a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The place of the rule.
    pub rule: usize,
    /// The text.
    pub text: Text,
    /// The tag.
    pub tag: String,
}

impl Derived {
    /// Asks all rules.
    ///
    /// # Errors
    /// A rule cannot be asked.
    pub fn of(rules: &[Rule], flavor: &Flavor, event: &Event) -> Result<Self, MetadataError> {
        let mut derived = Self::default();
        for (place, rule) in rules.iter().enumerate() {
            let outcome = match outcome::ask(rule, event, flavor)? {
                Outcome::Text(text) if text.text.is_empty() => Err("its text is empty".to_owned()),
                Outcome::Text(text) => {
                    let tag = sanitised(&text.text);
                    derived.given.push(Given { rule: place, text, tag: tag.clone() });
                    Ok(tag)
                }
                Outcome::Nothing(why) => Err(why),
                Outcome::MissingGroup(why) => {
                    derived.missing_groups.push((place, why.clone()));
                    Err(why)
                }
            };
            derived.outcomes.push(outcome);
        }
        let first = derived.given.first();
        derived.latest = first.filter(|first| goes_latest(flavor, &first.text)).map(|_| flavor.latest_tag());
        Ok(derived)
    }

    /// The version: the first tag.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.given.first().map(|given| given.tag.as_str())
    }

    /// The tags without repeats, the version first, `latest` last; and whether each names a version as a whole.
    #[must_use]
    pub fn tags(&self) -> Vec<(&str, bool)> {
        let mut tags: Vec<(&str, bool)> = Vec::new();
        let given = self.given.iter().map(|given| (given.tag.as_str(), given.text.whole_version));
        for (tag, whole) in given.chain(self.latest.as_deref().map(|tag| (tag, false))) {
            if !tags.iter().any(|(earlier, _)| *earlier == tag) {
                tags.push((tag, whole));
            }
        }
        tags
    }
}

const fn goes_latest(flavor: &Flavor, first: &Text) -> bool {
    match flavor.latest {
        Latest::Auto => first.latest,
        Latest::Always => true,
        Latest::Never => false,
    }
}

/// A text with `-` for each run of characters that no tag has.
#[must_use]
pub fn sanitised(text: &str) -> String {
    let mut tag = String::with_capacity(text.len());
    let mut replaced = false;
    for character in text.chars() {
        let allowed = character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        if allowed {
            tag.push(character);
        } else if !replaced {
            tag.push('-');
        }
        replaced = !allowed;
    }
    tag
}
