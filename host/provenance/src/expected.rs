//! What an image is expected to be.

use std::{convert::Infallible, str::FromStr};

use plimsoll_core::digest::Digest;

use crate::{build::Source, decision::DecidingPolicy};

/// The shortest beginning of a commit's id that stands for it.
const SHORTEST_COMMIT: usize = 7;

/// What an image is expected to be. What is absent is told and not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The tag by which the image was named: a policy must have given it.
    pub tag: Option<String>,
    /// The source repository: its web address or its short name.
    pub source: Option<String>,
    /// The commit: its id, or the beginning of it.
    pub commit: Option<String>,
    /// The policy that gave the tags.
    pub policy: Option<ExpectedPolicy>,
    /// The environment that it was allowed into.
    pub environment: Option<String>,
    /// Policies that were among those who allowed it there.
    pub promotion_policies: Vec<ExpectedPolicy>,
}

/// A policy, by its digest or by the reference that the configuration has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedPolicy {
    /// By the digest of the component.
    Digest(Digest),
    /// By the reference.
    Reference(String),
}

impl FromStr for ExpectedPolicy {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Reference(text.to_owned()), Self::Digest))
    }
}

impl ExpectedPolicy {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, policy: &DecidingPolicy) -> bool {
        match self {
            Self::Digest(digest) => policy.digest.content() == Some(*digest),
            Self::Reference(reference) => policy.reference == *reference,
        }
    }
}

impl std::fmt::Display for ExpectedPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Reference(reference) => f.write_str(reference),
        }
    }
}

/// Whether a source is the one that a text means, by its short name or by its address, with or without `.git` at the end.
pub(crate) fn is_source(text: &str, source: &Source) -> bool {
    fn plain(address: &str) -> &str {
        let address = address.strip_prefix("git+").unwrap_or(address).trim_end_matches('/');
        address.strip_suffix(".git").unwrap_or(address)
    }
    source.repository == text || source.uri.as_deref().is_some_and(|uri| plain(uri) == plain(text))
}

/// Whether a commit is the one that a text means.
pub(crate) fn is_commit(text: &str, id: &str) -> bool {
    text == id || text.len() >= SHORTEST_COMMIT && id.starts_with(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_commits_are_known_by_what_people_write() {
        let source = Source {
            repository: "contoso/website".to_owned(),
            uri: Some("https://git.example/contoso/website.git".to_owned()),
            git_ref: None,
            tags: Vec::new(),
        };
        for (text, is) in [
            ("contoso/website", true),
            ("https://git.example/contoso/website", true),
            ("https://git.example/contoso/website/", true),
            ("git+https://git.example/contoso/website.git", true),
            ("https://git.example/contoso/website2", false),
            ("website", false),
            ("", false),
        ] {
            assert_eq!(is_source(text, &source), is, "{text}");
        }
        assert!(is_commit("0123456", "0123456789") && is_commit("0123456789", "0123456789"));
        assert!(!is_commit("012345", "0123456789") && !is_commit("", "0123456789"));
    }
}
