//! Identifiers: one type each, so that none can be taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is not a valid identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind}: {rule}")]
pub struct InvalidName {
    /// What was expected, with its article.
    pub kind: &'static str,
    /// The text that was found.
    pub text: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

/// Defines a checked string type.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text against the rule above.
            ///
            /// # Errors
            /// The text breaks the rule.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(InvalidName { kind: $kind, text, rule: $rule }) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }
    };
}

fn word(text: &str, longest: usize, more: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(byte);
    (1..=longest).contains(&text.len())
        && text.as_bytes().iter().all(allowed)
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

name!(
    /// The id of a release: `r-` and twelve hexadecimal digits, derived from the event so that the same event is
    /// always the same release.
    ReleaseId, "a release id", "expected `r-` and 12 lower-case hexadecimal digits",
    |text| text.strip_prefix("r-").is_some_and(|rest| rest.len() == 12
        && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
);
impl ReleaseId {
    /// What stands in the place of a release in facts that belong to none, such as the hold on an environment.
    #[must_use]
    pub fn none() -> Self {
        Self(format!("r-{:012}", 0))
    }
}

name!(
    /// The name of an environment.
    EnvironmentName, "an environment name", "expected 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit",
    |text| word(text, 63, b"-")
);
name!(
    /// The name that a configuration gives to somebody who signs policies.
    SignerName, "a signer's name", "expected 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit",
    |text| word(text, 63, b"-")
);
name!(
    /// The name of a check that follows a deployment, and of the evidence that comes of it.
    CheckName, "the name of a check", "expected 1 to 64 of `a-z 0-9 - . _ /`, beginning with a letter or digit",
    |text| word(text, 64, b"-._/")
);
name!(
    /// The name of a rule inside a policy. Names of the host itself begin with `host:`, which this type cannot hold.
    RuleName, "a rule name", "expected 1 to 64 of `a-z 0-9 - . _ /`, beginning with a letter or digit",
    |text| word(text, 64, b"-._/")
);
name!(
    /// An image tag (OCI distribution specification 1.1, "Pulling manifests").
    Tag, "an image tag", "expected `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`",
    |text| (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !text.starts_with(['.', '-'])
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_grammar() {
        for good in ["latest", "v1.2.3", "_x", "1", &"a".repeat(128)] {
            assert!(Tag::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a b", "a/b", "ä", "a\n", &"a".repeat(129)] {
            assert!(Tag::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn environment_names_are_plain() {
        assert!(EnvironmentName::new("production-eu").is_ok());
        for bad in ["", "Production", "-x", "a/b", "a.b"] {
            assert!(EnvironmentName::new(bad).is_err(), "{bad}");
        }
    }
}
