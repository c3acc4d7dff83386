//! Rules: the entries of `tags`.

use std::{cmp::Ordering, collections::BTreeMap, fmt};

use crate::{
    entries::{self, problem},
    error::MetadataError,
    javascript,
};

/// The kind of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a timetable.
    Schedule,
    /// A semantic version.
    Semver,
    /// A version of a Python package.
    Pep440,
    /// What a regular expression finds.
    Match,
    /// The newest commit of a branch.
    Edge,
    /// The name of a branch.
    RefBranch,
    /// The name of a tag.
    RefTag,
    /// The number of a pull request.
    RefPullRequest,
    /// A given text.
    Raw,
    /// The commit.
    Sha,
}

impl Kind {
    /// The name of the rule in findings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Semver => "semver",
            Self::Pep440 => "pep440",
            Self::Match => "match",
            Self::Edge => "edge",
            Self::RefBranch => "ref/branch",
            Self::RefTag => "ref/tag",
            Self::RefPullRequest => "ref/pr",
            Self::Raw => "raw",
            Self::Sha => "sha",
        }
    }

    const fn priority(self) -> f64 {
        match self {
            Self::Schedule => 1000.0,
            Self::Semver | Self::Pep440 => 900.0,
            Self::Match => 800.0,
            Self::Edge => 700.0,
            Self::RefBranch | Self::RefTag | Self::RefPullRequest => 600.0,
            Self::Raw => 200.0,
            Self::Sha => 100.0,
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its kind.
    pub kind: Kind,
    /// The entry that it was read from.
    pub entry: String,
    attributes: BTreeMap<String, String>,
    priority: f64,
}

/// The rules where none are given.
const AT_REST: [&str; 4] =
    ["type=schedule", "type=ref,event=branch", "type=ref,event=tag", "type=ref,event=pr"];

/// The rules of a list, in the order in which they are asked: by priority, and those of the same one as they are written.
///
/// # Errors
/// Everything that is wrong with the list: the place of an entry, and what.
pub fn read(list: &[String]) -> Result<Vec<Rule>, Vec<(usize, MetadataError)>> {
    let mut given: Vec<(usize, &str)> = entries::of(list).collect();
    if given.is_empty() {
        given = AT_REST.into_iter().enumerate().collect();
    }
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for (place, entry) in given {
        match Rule::read(entry) {
            Ok(rule) => rules.push(rule),
            Err(error) => problems.push((place, error)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    javascript::sort(&mut rules, |a, b| b.priority.partial_cmp(&a.priority).unwrap_or(Ordering::Equal));
    Ok(rules)
}

impl Rule {
    /// Reads an entry.
    ///
    /// # Errors
    /// The entry is no rule.
    pub fn read(entry: &str) -> Result<Self, MetadataError> {
        let mut kind = None;
        let mut attributes = BTreeMap::new();
        for pair in entries::pairs_at_first(entry)? {
            match pair.key.as_deref() {
                Some("type") => kind = Some(pair.value),
                key => {
                    attributes.insert(key.unwrap_or("value").to_owned(), pair.value);
                }
            }
        }
        let event = attributes.get("event").map(String::as_str);
        let kind = self::kind(entry, kind.as_deref().unwrap_or("raw"), event)?;
        let mut rule = Self { kind, entry: entry.to_owned(), attributes, priority: 0.0 };
        rule.complete()?;
        rule.priority =
            rule.attributes.get("priority").map_or(kind.priority(), |priority| javascript::number(priority));
        Ok(rule)
    }

    /// Checks what the kind asks for, and fills in what was left out.
    fn complete(&mut self) -> Result<(), MetadataError> {
        match self.kind {
            Kind::Schedule => self.at_rest("pattern", "nightly"),
            Kind::Semver | Kind::Pep440 => self.required("pattern")?,
            Kind::Match => {
                self.required("pattern")?;
                self.at_rest("group", "0");
                if javascript::number(self.attribute("group")).is_nan() {
                    return Err(problem(&self.entry, "`group` must be a number"));
                }
            }
            Kind::RefPullRequest => self.at_rest("prefix", "pr-"),
            Kind::Raw => self.required("value")?,
            Kind::Sha => {
                self.at_rest("prefix", "sha-");
                self.at_rest("format", "short");
                if !["short", "long"].contains(&self.attribute("format")) {
                    return Err(problem(&self.entry, "`format` must be `short` or `long`"));
                }
            }
            Kind::Edge | Kind::RefBranch | Kind::RefTag => {}
        }
        self.at_rest("enable", "true");
        Ok(())
    }

    fn required(&self, name: &str) -> Result<(), MetadataError> {
        if self.attributes.contains_key(name) {
            return Ok(());
        }
        Err(problem(&self.entry, format!("`{name}` is missing")))
    }

    fn at_rest(&mut self, name: &str, value: &str) {
        self.attributes.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }

    /// An attribute; empty where it was left out.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// An attribute; none where it was left out.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.entry)
    }
}

fn kind(entry: &str, name: &str, event: Option<&str>) -> Result<Kind, MetadataError> {
    Ok(match (name, event) {
        ("schedule", _) => Kind::Schedule,
        ("semver", _) => Kind::Semver,
        ("pep440", _) => Kind::Pep440,
        ("match", _) => Kind::Match,
        ("edge", _) => Kind::Edge,
        ("raw", _) => Kind::Raw,
        ("sha", _) => Kind::Sha,
        ("ref", Some("branch")) => Kind::RefBranch,
        ("ref", Some("tag")) => Kind::RefTag,
        ("ref", Some("pr")) => Kind::RefPullRequest,
        ("ref", None) => return Err(problem(entry, "`event` is missing")),
        ("ref", Some(_)) => return Err(problem(entry, "`event` must be `branch`, `tag` or `pr`")),
        (other, _) => return Err(problem(entry, format!("there is no type `{other}`"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(list: &[&str]) -> Vec<String> {
        let list: Vec<String> = list.iter().map(|&entry| entry.to_owned()).collect();
        read(&list).unwrap().into_iter().map(|rule| rule.entry).collect()
    }

    #[test]
    fn without_rules_there_are_four() {
        assert_eq!(order(&[]), AT_REST);
        assert_eq!(order(&["", "# nothing"]), AT_REST);
    }

    #[test]
    fn rules_are_sorted_by_priority_and_stable() {
        assert_eq!(
            order(&[
                "type=sha",
                "type=raw,value=a",
                "type=edge",
                "type=pep440,pattern=x",
                "type=match,pattern=x",
                "type=ref,event=tag",
                "type=semver,pattern=x",
                "type=schedule",
                "type=raw,value=b,priority=2000",
                "c",
                "type=sha,priority=200",
            ]),
            [
                "type=raw,value=b,priority=2000",
                "type=schedule",
                "type=pep440,pattern=x",
                "type=semver,pattern=x",
                "type=match,pattern=x",
                "type=edge",
                "type=ref,event=tag",
                "type=raw,value=a",
                "c",
                "type=sha,priority=200",
                "type=sha",
            ]
        );
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let rule = |entry: &str| Rule::read(entry).unwrap();
        assert_eq!(rule("type=sha").given("prefix"), Some("sha-"));
        assert_eq!(rule("type=sha,prefix=").given("prefix"), Some(""));
        assert_eq!(rule("type=ref,event=pr").given("prefix"), Some("pr-"));
        assert_eq!(rule("type=ref,event=branch").given("prefix"), None);
        assert_eq!(rule("mytag").attribute("value"), "mytag");
        assert_eq!(rule("mytag").kind, Kind::Raw);
        assert_eq!(rule("type=raw,value=a,").attribute("value"), "");
        assert_eq!(rule("TYPE=raw, VALUE = a=b ").attribute("value"), "a=b");
    }

    #[test]
    fn entries_that_are_no_rules_are_refused() {
        for entry in [
            "type=unknown",
            "type=semver",
            "type=pep440",
            "type=match",
            "type=match,pattern=x,group=a",
            "type=ref",
            "type=ref,event=push",
            "type=raw",
            "type=sha,format=medium",
            "type=raw,value=\"a\"",
        ] {
            assert!(Rule::read(entry).is_err(), "{entry}");
        }
    }
}
