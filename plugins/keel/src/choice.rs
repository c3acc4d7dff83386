//! Keel's policies (keel.sh, "Policies"), and when each updates one tag to another.

use std::fmt;

use plimsoll_sdk::{
    go::{Regexp, Version},
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::Deserialize,
};

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
    Never,
    Glob(Vec<String>),
    Regexp(Regexp),
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
            "never" => Kind::Never,
            other => match other.split_once(':') {
                Some(("glob", pattern)) => glob(pattern)?,
                Some(("regexp", expression)) => {
                    Kind::Regexp(expression.parse().map_err(|error| NotAChoice(format!("{error}")))?)
                }
                _ => {
                    return Err(NotAChoice(format!(
                        "`{other}` is no policy of Keel; write `all`, `major`, `minor`, `patch`, `force`, `never`, `glob:...` or `regexp:...`"
                    )));
                }
            },
        };
        Ok(Self { written, kind })
    }
}

/// A glob in which only `*` is not itself; the parts between.
fn glob(pattern: &str) -> Result<Kind, NotAChoice> {
    if pattern.is_empty() || pattern.contains(':') {
        return Err(NotAChoice(format!(
            "`{pattern}` is no glob of tags; write such as `build-*`, without a colon"
        )));
    }
    Ok(Kind::Glob(pattern.split('*').map(str::to_owned).collect()))
}

/// Whether a text is these parts, with anything between them.
fn is_made_of(parts: &[String], text: &str) -> bool {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    if parts.len() == 1 {
        return text == first;
    }
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

impl JsonSchema for Choice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Choice".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(all|major|minor|patch|force|never|glob:[^:]+|regexp:.*)$" })
    }
}

impl Choice {
    /// Whether the policy looks at the new tag alone, and not at versions.
    #[must_use]
    pub const fn looks_at_names(&self) -> bool {
        !matches!(self.kind, Kind::All | Kind::Major | Kind::Minor | Kind::Patch)
    }

    /// Whether the policy says nothing about an image without one that runs to compare it with.
    #[must_use]
    pub const fn takes_any_first(&self) -> bool {
        !matches!(self.kind, Kind::Never | Kind::Glob(_) | Kind::Regexp(_))
    }

    /// Whether the policy updates to nothing at all.
    #[must_use]
    pub const fn is_never(&self) -> bool {
        matches!(self.kind, Kind::Never)
    }

    /// Whether Keel would update from one tag to another.
    #[must_use]
    pub fn updates(&self, current: &str, new: &str, match_pre_release: bool) -> bool {
        match &self.kind {
            Kind::Force => true,
            Kind::Never => false,
            Kind::Glob(parts) => is_made_of(parts, new),
            Kind::Regexp(regexp) => regexp.is_match(new),
            Kind::All | Kind::Major | Kind::Minor | Kind::Patch => {
                current == "latest" || self.steps(current, new, match_pre_release).unwrap_or(false)
            }
        }
    }

    /// Whether one version is a step of the right size from another; `None`: they are not both versions.
    fn steps(&self, current: &str, new: &str, match_pre_release: bool) -> Option<bool> {
        // One number alone is no version to update to.
        new.contains('.').then_some(())?;
        let (current, new) = (Version::parse_v1(current)?, Version::parse_v1(new)?);
        if current.pre != new.pre && match_pre_release && !matches!(self.kind, Kind::All) {
            return Some(false);
        }
        if current.compare(&new).is_ge() {
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
            ("regexp:^latest$", "1.0.0", "latest", true),
            ("glob:build?1", "build-1", "build-1", false),
            ("never", "1.0.0", "1.0.1", false),
            ("never", "latest", "1.0.1", false),
        ] {
            assert_eq!(updates(policy, current, new, true), expected, "{policy}: {current} to {new}");
        }
        assert!(updates("patch", "1.0.0", "1.0.1-dev", false));
        assert!(updates("patch", "1.0.0-rc1", "1.0.0", false));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "glob:", "glob:a:b", "regexp:(", "regexp:(?x)a", "Major"] {
            assert!(Choice::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
