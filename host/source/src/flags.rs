//! Facts given by hand: over those of an event, or instead of one.

use plimsoll_core::contract::{Commit, GitRef, Repository, Source, Trigger};

use crate::{
    error::SourceError,
    event::{Event, parse_commit_id},
};

/// Facts that win over what an event says. What is absent is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Short name of the repository, such as `contoso/website`.
    pub repository: Option<String>,
    /// Web address of the repository.
    pub url: Option<String>,
    /// Name of the default branch.
    pub default_branch: Option<String>,
    /// What set the release off.
    pub trigger: Option<Trigger>,
    /// The reference; [`parse_ref`](crate::parse_ref) makes it from a full name.
    pub git_ref: Option<GitRef>,
    /// The commit's full id.
    pub commit: Option<String>,
    /// When the commit was made, Unix seconds.
    pub commit_date: Option<i64>,
    /// Names of the git tags that the event carries.
    pub tags: Option<Vec<String>>,
    /// Who set the event off.
    pub actor: Option<String>,
}

impl Overrides {
    /// Puts these facts over those of an event.
    ///
    /// Another commit than the event's brings nothing of the old one with it: it needs a time of its own, and has no author
    /// and no message. A reference that is a tag is among the tags, unless tags are given too.
    ///
    /// # Errors
    /// The commit id is none, or the commit is another one and no time is given for it.
    pub fn apply(&self, event: &mut Event) -> Result<(), SourceError> {
        let source = &mut event.source;
        self.apply_commit(&mut source.commit)?;
        replace(&mut source.repository.name, self.repository.as_ref());
        replace_optional(&mut source.repository.url, self.url.as_ref());
        replace_optional(&mut source.repository.default_branch, self.default_branch.as_ref());
        replace(&mut source.trigger, self.trigger.as_ref());
        replace_optional(&mut source.actor, self.actor.as_ref());
        if let Some(git_ref) = &self.git_ref {
            source.git_ref = git_ref.clone();
            if let GitRef::Tag(tag) = git_ref {
                source.tags.push(tag.clone());
            }
        }
        replace(&mut source.tags, self.tags.as_ref());
        source.tags.sort();
        source.tags.dedup();
        let replaced = self.replaced_facts();
        source.facts.retain(|fact| !replaced.contains(&fact.name.as_str()));
        Ok(())
    }

    /// The event's further facts on what is given here.
    fn replaced_facts(&self) -> Vec<&'static str> {
        let facts: [(bool, &[&str]); 5] = [
            (self.repository.is_some(), &["repository.name"]),
            (self.default_branch.is_some(), &["repository.default_branch"]),
            (self.trigger.is_some(), &["GITHUB_EVENT_NAME"]),
            (self.git_ref.is_some(), &["GITHUB_REF", "base_ref"]),
            (self.commit.is_some(), &["pull_request.head.sha"]),
        ];
        facts.into_iter().filter(|(given, _)| *given).flat_map(|(_, names)| names).copied().collect()
    }

    fn apply_commit(&self, commit: &mut Commit) -> Result<(), SourceError> {
        if let Some(id) = &self.commit {
            let id = parse_commit_id(id)?;
            if id != commit.id {
                let time =
                    self.commit_date.ok_or_else(|| SourceError::UnknownCommitTime { commit: id.clone() })?;
                *commit = Commit { id, time, author: None, message: None };
            }
        }
        replace(&mut commit.time, self.commit_date.as_ref());
        Ok(())
    }
}

fn replace<T: Clone>(fact: &mut T, by: Option<&T>) {
    if let Some(by) = by {
        fact.clone_from(by);
    }
}

fn replace_optional<T: Clone>(fact: &mut Option<T>, by: Option<&T>) {
    if by.is_some() {
        *fact = by.cloned();
    }
}

/// Makes an event from flags alone. It is a push unless a trigger is given.
///
/// # Errors
/// A fact is missing without which there is no event (all that are missing are named), or the commit id is none.
pub fn read(flags: &Overrides) -> Result<Event, SourceError> {
    let needed = [
        ("the repository", flags.repository.is_none()),
        ("the reference", flags.git_ref.is_none()),
        ("the commit", flags.commit.is_none()),
        ("the commit's date", flags.commit_date.is_none()),
    ];
    let (Some(name), Some(git_ref), Some(commit), Some(time)) =
        (&flags.repository, &flags.git_ref, &flags.commit, flags.commit_date)
    else {
        let facts = needed.into_iter().filter(|(_, missing)| *missing).map(|(fact, _)| fact).collect();
        return Err(SourceError::MissingFlags { facts });
    };
    let source = Source {
        repository: Repository { name: name.clone(), ..Repository::default() },
        trigger: Trigger::Push,
        git_ref: git_ref.clone(),
        commit: Commit { id: parse_commit_id(commit)?, time, author: None, message: None },
        tags: Vec::new(),
        actor: None,
        dirty: false,
        facts: Vec::new(),
    };
    let mut event = Event { source, occurrence: None, notes: Vec::new() };
    flags.apply(&mut event)?;
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> Overrides {
        Overrides {
            repository: Some("contoso/website".to_owned()),
            git_ref: Some(GitRef::Tag("v1".to_owned())),
            commit: Some("A".repeat(40)),
            commit_date: Some(5),
            ..Overrides::default()
        }
    }

    #[test]
    fn flags_alone_make_an_event() {
        let event = read(&flags()).unwrap();
        assert_eq!(event.source.commit.id, "a".repeat(40));
        assert_eq!(event.source.tags, ["v1"]);
        assert_eq!(event.source.trigger, Trigger::Push);
    }

    #[test]
    fn everything_that_is_missing_is_named() {
        let error = read(&Overrides { commit_date: Some(1), ..Overrides::default() }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an event that comes from flags also needs the repository, the reference and the commit"
        );
    }

    #[test]
    fn another_commit_brings_nothing_of_the_old_one() {
        let mut event = read(&flags()).unwrap();
        event.source.commit.author = Some("Somebody".to_owned());
        let other = Overrides { commit: Some("b".repeat(40)), ..Overrides::default() };
        assert!(matches!(other.apply(&mut event), Err(SourceError::UnknownCommitTime { .. })));
        assert_eq!(event.source.commit.id, "a".repeat(40));
        let dated = Overrides { commit_date: Some(9), ..other };
        dated.apply(&mut event).unwrap();
        assert_eq!(event.source.commit, Commit { id: "b".repeat(40), time: 9, author: None, message: None });
    }

    #[test]
    fn given_tags_win_over_the_reference() {
        let tags = ["c", "a", "c"].map(str::to_owned).to_vec();
        let event = read(&Overrides { tags: Some(tags), ..flags() }).unwrap();
        assert_eq!(event.source.tags, ["a", "c"]);
    }
}
