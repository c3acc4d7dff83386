//! What `strict = true` refuses: whatever loses a tag, mangles it, or moves `latest` where it should not go.

use std::cmp::Ordering;

use crate::{
    derive::{Derived, Given},
    error::MetadataError,
    event::Event,
    flavor::{Flavor, LATEST},
    pep440::Pep440,
    rules::Rule,
    semver::Semver,
};

/// What was lost on the way to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quirk {
    /// The text before a pattern's first expression, as the pattern does not count.
    LostPrefix(String),
    /// A value in which characters were replaced by entities.
    Escaped(String),
}

/// Where a version stands among others.
#[derive(Debug, Clone, PartialEq)]
pub struct Rank {
    /// Its text.
    pub version: String,
    /// Whether it is a pre-release.
    pub prerelease: bool,
    scheme: Scheme,
}

#[derive(Debug, Clone, PartialEq)]
enum Scheme {
    Semantic(Semver),
    Python(Pep440),
}

impl Rank {
    /// The rank of a semantic version.
    #[must_use]
    pub fn of_semver(version: &Semver) -> Self {
        Self {
            version: version.version(),
            prerelease: !version.prerelease.is_empty(),
            scheme: Scheme::Semantic(version.clone()),
        }
    }

    /// The rank of a version of a Python package.
    #[must_use]
    pub fn of_pep440(version: &Pep440) -> Self {
        Self {
            version: version.normal(),
            prerelease: version.is_prerelease(),
            scheme: Scheme::Python(version.clone()),
        }
    }

    /// The rank of a text, if it is a version.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let semver = Semver::read(text).map(|version| Self::of_semver(&version));
        semver.or_else(|| Pep440::read(text).map(|version| Self::of_pep440(&version)))
    }

    fn is_above(&self, other: &Self) -> bool {
        let order = match (&self.scheme, &other.scheme) {
            (Scheme::Semantic(version), Scheme::Semantic(other)) => Some(version.compare(other)),
            _ => self.python().zip(other.python()).map(|(version, other)| version.compare(&other)),
        };
        order == Some(Ordering::Greater)
    }

    /// The version by PEP 440. A pre-release that it does not know as one comes before those that it knows.
    fn python(&self) -> Option<Pep440> {
        let version = match &self.scheme {
            Scheme::Python(version) => return Some(version.clone()),
            Scheme::Semantic(version) => version,
        };
        let same = Pep440::read(&self.version).filter(|read| read.is_prerelease() == self.prerelease);
        let [major, minor, patch] = version.numbers;
        same.or_else(|| Pep440::read(&format!("{major}.{minor}.{patch}.dev0")))
    }
}

/// Refuses what a strict policy does not accept. `git_tags` are those that the event's commit carries.
///
/// # Errors
/// The first thing that is not accepted.
pub fn check(
    derived: &Derived,
    rules: &[Rule],
    flavor: &Flavor,
    event: &Event,
    git_tags: &[String],
) -> Result<(), MetadataError> {
    for given in &derived.given {
        check_text(given, rules)?;
    }
    for (place, given) in derived.given.iter().enumerate() {
        let same = derived.given[..place].iter().find(|earlier| earlier.tag == given.tag);
        if let Some(earlier) = same.filter(|earlier| earlier.text.text != given.text.text) {
            let (first, second, tag) = (&earlier.text.text, &given.text.text, &given.tag);
            return Err(refuse(
                given,
                rules,
                format!("`{second}` and `{first}` both become the tag `{tag}`"),
            ));
        }
    }
    if let Some((place, why)) = derived.missing_groups.first() {
        return Err(MetadataError::Strict { entry: rules[*place].entry.clone(), problem: why.clone() });
    }
    check_latest(derived, rules, flavor, event, git_tags)
}

fn check_text(given: &Given, rules: &[Rule]) -> Result<(), MetadataError> {
    let tag = &given.tag;
    match given.text.quirks.first() {
        None => Ok(()),
        Some(Quirk::LostPrefix(prefix)) => Err(refuse(
            given,
            rules,
            format!("the pre-release gives the tag `{tag}` without the `{prefix}` of the pattern"),
        )),
        Some(Quirk::Escaped(value)) => {
            Err(refuse(given, rules, format!("`{value}` is escaped, which gives the tag `{tag}`")))
        }
    }
}

/// `latest` must not go to a pre-release, nor from a higher version to a lower one, whoever gives it.
fn check_latest(
    derived: &Derived,
    rules: &[Rule],
    flavor: &Flavor,
    event: &Event,
    git_tags: &[String],
) -> Result<(), MetadataError> {
    let affixed = flavor.latest_tag();
    let is_latest = |given: &&Given| given.tag == affixed || given.tag == LATEST;
    let by_rule = derived.given.iter().find(is_latest);
    let Some(giving) = by_rule.or_else(|| derived.given.first().filter(|_| derived.latest.is_some())) else {
        return Ok(());
    };
    let latest = by_rule.map_or(&affixed, |given| &given.tag);
    let ranks = || derived.given.iter().filter_map(|given| given.text.rank.as_ref());
    let carried: Vec<Rank> = git_tags.iter().filter_map(|tag| Rank::of_text(tag)).collect();
    let pushed = event.tag().and_then(Rank::of_text);
    let Some(own) = ranks().next().or(pushed.as_ref()).or_else(|| carried.first()) else { return Ok(()) };
    if own.prerelease {
        let problem = format!("the pre-release `{}` would become `{latest}`", own.version);
        return Err(refuse(giving, rules, problem));
    }
    match ranks().chain(&carried).find(|other| other.is_above(own)) {
        Some(higher) => {
            let problem =
                format!("`{}` would take `{latest}` from the higher `{}`", own.version, higher.version);
            Err(refuse(giving, rules, problem))
        }
        None => Ok(()),
    }
}

fn refuse(given: &Given, rules: &[Rule], problem: String) -> MetadataError {
    MetadataError::Strict { entry: rules[given.rule].entry.clone(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both_schemes_have_their_place() {
        // Each is above the one before it.
        let rising = [
            "1.2.3-canary.1",
            "1.2.3a1",
            "1.2.3-rc.2",
            "1.2.3-rc.10",
            "1.2.3",
            "1.2.3.post9",
            "1.2.3.post10",
            "1.2.10",
            "1.10",
            "1!0.5",
        ];
        let ranks: Vec<Rank> = rising.iter().filter_map(|text| Rank::of_text(text)).collect();
        assert_eq!(ranks.len(), rising.len());
        for (place, rank) in ranks.iter().enumerate() {
            for (other_place, other) in ranks.iter().enumerate() {
                assert_eq!(
                    rank.is_above(other),
                    place > other_place,
                    "{} and {}",
                    rank.version,
                    other.version
                );
            }
        }
    }
}
