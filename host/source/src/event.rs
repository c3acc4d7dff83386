//! The event, and the texts that git and CI write its parts in.

use plimsoll_core::contract::{GitRef, Source};

use crate::error::SourceError;

/// One event, with what the release machine needs to know of it beside its [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What a policy is told.
    pub source: Source,
    /// What tells this event from another one about the same commit, such as the id of a CI run. Absent where the commit
    /// and its references are all there is.
    pub occurrence: Option<String>,
    /// What people should know about this event, one sentence each.
    pub notes: Vec<String>,
}

impl Event {
    /// Says that the working tree is not what the commit holds, and names one path where it differs.
    pub fn mark_changed(&mut self, path: &str) {
        self.source.dirty = true;
        self.notes
            .push(format!("The working tree has changes that are not in the commit, such as in {path}."));
    }
}

/// Reads a full reference name, such as `refs/heads/main`, `refs/tags/v1` or `refs/pull/7/merge`.
///
/// # Errors
/// It is none of these.
pub fn parse_ref(text: &str) -> Result<GitRef, SourceError> {
    let named = |prefix| text.strip_prefix(prefix).filter(|name: &&str| !name.is_empty());
    if let Some(branch) = named("refs/heads/") {
        return Ok(GitRef::Branch(branch.to_owned()));
    }
    if let Some(tag) = named("refs/tags/") {
        return Ok(GitRef::Tag(tag.to_owned()));
    }
    named("refs/pull/")
        .and_then(|rest| rest.split_once('/'))
        .and_then(|(number, _)| number.parse().ok())
        .map(GitRef::PullRequest)
        .ok_or_else(|| SourceError::InvalidRef { text: text.to_owned() })
}

/// Checks a full commit id: 40 or, in repositories with SHA-256, 64 hexadecimal digits. It comes back in lower case.
///
/// # Errors
/// It is none.
pub fn parse_commit_id(text: &str) -> Result<String, SourceError> {
    if matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(SourceError::InvalidCommit { text: text.to_owned() })
    }
}

/// A list for people: `a, b and c`.
pub(crate) fn listed(items: &[impl AsRef<str>]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_shortened() {
        let cases = [
            ("refs/heads/feature/x", GitRef::Branch("feature/x".to_owned())),
            ("refs/tags/v1.0.0", GitRef::Tag("v1.0.0".to_owned())),
            ("refs/pull/7/merge", GitRef::PullRequest(7)),
            ("refs/pull/7/head", GitRef::PullRequest(7)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_ref(text).unwrap(), expected);
        }
        for text in ["", "main", "refs/heads/", "refs/pull/x/merge", "refs/pull/7", "refs/notes/a"] {
            assert!(parse_ref(text).is_err(), "{text}");
        }
    }

    #[test]
    fn commit_ids_are_whole() {
        assert_eq!(parse_commit_id(&"A".repeat(40)).unwrap(), "a".repeat(40));
        for text in ["", "abc", &"g".repeat(40), &"a".repeat(41)] {
            assert!(parse_commit_id(text).is_err(), "{text}");
        }
    }
}
