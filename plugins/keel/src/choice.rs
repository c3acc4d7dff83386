//! Keel's policies (keel.sh, "Policies"), and when each updates one tag to another.

use std::fmt;

use plimsoll_sdk::{
    Glob, lenient_version,
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::Deserialize,
};
use regex_lite::Regex;

/// One of Keel's policies, as its annotation writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", try_from = "String")]
pub struct Choice {
    written: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    All,
    Major,
    Minor,
    Patch,
    Force,
    Glob(Glob),
    Regexp(Regex),
}

/// A text that names no policy of Keel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAChoice(String);

impl fmt::Display for NotAChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAChoice {}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<String> for Choice {
    type Error = NotAChoice;

    fn try_from(written: String) -> Result<Self, NotAChoice> {
        let kind = match written.as_str() {
            "all" => Kind::All,
            "major" => Kind::Major,
            "minor" => Kind::Minor,
            "patch" => Kind::Patch,
            "force" => Kind::Force,
            other => {
                if let Some(pattern) = other.strip_prefix("glob:") {
                    // Keel's `*` is ours; its `?` is an ordinary character, which no tag has.
                    Kind::Glob(pattern.parse().map_err(|error| NotAChoice(format!("`{other}`: {error}")))?)
                } else if let Some(expression) = other.strip_prefix("regexp:") {
                    let regex = Regex::new(expression).map_err(|error| {
                        NotAChoice(format!("`{expression}` is no regular expression: {error}"))
                    })?;
                    Kind::Regexp(regex)
                } else {
                    return Err(NotAChoice(format!(
                        "`{other}` is no policy of Keel; write `all`, `major`, `minor`, `patch`, `force`, `glob:...` or `regexp:...`"
                    )));
                }
            }
        };
        Ok(Self { written, kind })
    }
}

impl JsonSchema for Choice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Choice".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(all|major|minor|patch|force|glob:.+|regexp:.+)$" })
    }
}

impl Choice {
    /// Whether Keel would update from one tag to another.
    #[must_use]
    pub fn updates(&self, current: &str, new: &str, match_pre_release: bool) -> bool {
        match &self.kind {
            Kind::Force => true,
            Kind::Glob(glob) => glob.matches(new),
            Kind::Regexp(regex) => regex.is_match(new),
            Kind::All | Kind::Major | Kind::Minor | Kind::Patch => {
                current == "latest" || self.steps(current, new, match_pre_release).unwrap_or(false)
            }
        }
    }

    /// Whether one version is a step of the right size from another; `None`: they are not both versions.
    fn steps(&self, current: &str, new: &str, match_pre_release: bool) -> Option<bool> {
        // One number alone is no version for Keel.
        new.contains('.').then_some(())?;
        let (current, new) = (lenient_version(current)?, lenient_version(new)?);
        if current.pre != new.pre && match_pre_release && !matches!(self.kind, Kind::All) {
            return Some(false);
        }
        if current.cmp_precedence(&new).is_ge() {
            return Some(false);
        }
        Some(match self.kind {
            Kind::Minor => new.major == current.major,
            Kind::Patch => (new.major, new.minor) == (current.major, current.minor),
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updates(policy: &str, current: &str, new: &str, match_pre_release: bool) -> bool {
        Choice::try_from(policy.to_owned()).unwrap().updates(current, new, match_pre_release)
    }

    /// What Keel's documentation says of each policy, a row each.
    #[test]
    fn as_documented() {
        for (policy, current, new, expected) in [
            ("all", "1.0.0", "1.0.1-rc1", true),
            ("all", "1.0.0", "1.0.0", false),
            ("major", "1.0.0", "2.0.0", true),
            ("major", "1.0.0", "1.1.0", true),
            ("major", "1.0.0", "1.0.1", true),
            ("major", "1.0.0", "0.9.9", false),
            ("minor", "1.0.0", "1.1.0", true),
            ("minor", "1.0.0", "2.0.0", false),
            ("patch", "1.0.0", "1.0.1", true),
            ("patch", "1.0.0", "1.1.0", false),
            ("major", "v1.0.0", "v1.0.1", true),
            ("patch", "1.0", "1.0.1", true),
            ("patch", "1.0.0-dev", "1.0.1-dev", true),
            ("patch", "1.0.0", "1.0.1-dev", false),
            ("patch", "1.0.0", "2", false),
            ("patch", "latest", "anything", true),
            ("minor", "main", "1.0.0", false),
            ("force", "1.0.0", "main", true),
            ("glob:build-*", "build-1", "build-2", true),
            ("glob:build-*", "build-2", "build-1", true),
            ("glob:build-*", "build-1", "release-1", false),
            ("regexp:^([a-zA-Z]+)$", "abc", "bcd", true),
            ("regexp:^([a-zA-Z]+)$", "abc", "b1", false),
        ] {
            assert_eq!(updates(policy, current, new, true), expected, "{policy}: {current} to {new}");
        }
        assert!(updates("patch", "1.0.0", "1.0.1-dev", false));
        assert!(updates("patch", "1.0.0-rc1", "1.0.0", false));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "never", "glob:", "regexp:(", "Major"] {
            assert!(Choice::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
