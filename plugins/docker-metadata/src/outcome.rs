//! What one rule gives at an event.

use crate::{
    error::MetadataError,
    event::Event,
    expressions::{Dates, Global, PythonVersion, fill},
    flavor::Flavor,
    matching::Pattern,
    pep440::Pep440,
    rules::{Kind, Rule},
    semver::Semver,
    strict::{Quirk, Rank},
    template::{self, Rendered},
};

/// What one rule gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A text for a tag, not yet sanitised and perhaps empty.
    Text(Text),
    /// Nothing, and why.
    Nothing(String),
    /// Nothing, as the pattern matches without the group that is asked for; and what to say of it.
    MissingGroup(String),
}

/// A text for a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The text, with prefix and suffix.
    pub text: String,
    /// Whether the rule makes for `latest` where nothing else is said.
    pub latest: bool,
    /// Whether it names a version as a whole.
    pub whole_version: bool,
    /// The version that it comes from, if it is one.
    pub rank: Option<Rank>,
    /// What was lost on the way.
    pub quirks: Vec<Quirk>,
}

/// Asks a rule.
///
/// # Errors
/// The rule cannot be asked: a template or an expression of it is none, or `enable` comes to neither yes nor no.
pub fn ask(rule: &Rule, event: &Event, flavor: &Flavor) -> Result<Outcome, MetadataError> {
    let asking = Asking { rule, event, flavor };
    let enabled = asking.fill(rule.attribute("enable"))?.text;
    match enabled.as_str() {
        "true" => {}
        "false" => return Ok(nothing("it is not enabled")),
        _ => return Err(MetadataError::Enable { entry: rule.entry.clone(), value: enabled }),
    }
    match rule.kind {
        Kind::Schedule => asking.schedule(),
        Kind::Semver => asking.semver(),
        Kind::Pep440 => asking.pep440(),
        Kind::Match => asking.found(),
        Kind::Edge => asking.edge(),
        Kind::RefBranch => asking.named(event.branch(), "no branch", false),
        Kind::RefTag => asking.named(event.tag(), "no tag", true),
        Kind::RefPullRequest => asking.named(event.pull_request(), "no pull request", false),
        Kind::Raw => {
            let value = asking.fill(rule.attribute("value"))?;
            asking.text(value, false)
        }
        Kind::Sha => {
            let long = rule.attribute("format") == "long";
            let sha = if long { &event.sha } else { event.short_sha()? };
            asking.text(plain(sha), false)
        }
    }
}

fn nothing(why: impl Into<String>) -> Outcome {
    Outcome::Nothing(why.into())
}

/// Whether the name of a tag is a version as a whole: `v1` and `v1.2` are tags of git that move.
fn is_whole(name: &str) -> bool {
    Semver::read(name).is_some() || Pep440::read(name).is_some_and(|version| version.release.len() >= 3)
}

fn plain(text: &str) -> Rendered {
    Rendered { text: text.to_owned(), escaped: None }
}

struct Asking<'a> {
    rule: &'a Rule,
    event: &'a Event,
    flavor: &'a Flavor,
}

impl Asking<'_> {
    fn fill(&self, template: &str) -> Result<Rendered, MetadataError> {
        fill(template, &Global(self.event))
    }

    /// A text with prefix and suffix.
    fn text(&self, value: Rendered, latest: bool) -> Result<Outcome, MetadataError> {
        let affix = |name: &str, of_flavor: &str| self.fill(self.rule.given(name).unwrap_or(of_flavor));
        let prefix = affix("prefix", &self.flavor.prefix)?;
        let suffix = affix("suffix", &self.flavor.suffix)?;
        let text = format!("{}{}{}", prefix.text, value.text, suffix.text);
        let escaped = [prefix, value, suffix].into_iter().filter_map(|part| part.escaped);
        let quirks = escaped.map(Quirk::Escaped).collect();
        Ok(Outcome::Text(Text { text, latest, whole_version: false, rank: None, quirks }))
    }

    fn schedule(&self) -> Result<Outcome, MetadataError> {
        if !self.event.name.contains("schedule") {
            return Ok(nothing(format!("the event is a `{}`, no timetable", self.event.name)));
        }
        self.text(fill(self.rule.attribute("pattern"), &Dates(self.event))?, false)
    }

    /// The text that a version is looked for in; none where there is neither a tag nor a value.
    fn given(&self) -> Result<Option<String>, MetadataError> {
        match (self.rule.attribute("value"), self.event.tag()) {
            ("", tag) => Ok(tag.map(str::to_owned)),
            (value, _) => Ok(Some(self.fill(value)?.text)),
        }
    }

    /// The version that a text is about: what `match` finds in it, or the whole.
    fn version_text(&self, given: String) -> Result<String, MetadataError> {
        let pattern = self.rule.attribute("match");
        let mut version = given;
        if !pattern.is_empty() {
            let found =
                Pattern::plain(pattern).map_err(|source| self.pattern_error(source))?.matches(&version);
            if let Some(groups) = found {
                version =
                    groups.into_iter().nth(1).flatten().ok_or_else(|| MetadataError::MatchWithoutGroup {
                        entry: self.rule.entry.clone(),
                        pattern: pattern.to_owned(),
                        value: version,
                    })?;
            }
        }
        Ok(version.replace('/', "-"))
    }

    fn pattern_error(&self, source: crate::matching::PatternError) -> MetadataError {
        MetadataError::Pattern { entry: self.rule.entry.clone(), source }
    }

    fn semver(&self) -> Result<Outcome, MetadataError> {
        let Some(given) = self.given()? else { return Ok(nothing("no tag was pushed")) };
        let text = self.version_text(given)?;
        let Some(version) = Semver::read(&text) else {
            return Ok(nothing(format!("`{text}` is no semantic version")));
        };
        let pattern = self.rule.attribute("pattern");
        let final_version = version.prerelease.is_empty();
        let value = if final_version || template::is_raw_statement(pattern) {
            fill(pattern, &version)?
        } else {
            plain(&version.version())
        };
        let whole = value.text.contains(&version.version());
        self.version(value, final_version, !final_version, whole, Rank::of_semver(&version))
    }

    fn pep440(&self) -> Result<Outcome, MetadataError> {
        let Some(given) = self.given()? else { return Ok(nothing("no tag was pushed")) };
        let text = self.version_text(given)?;
        let Some(version) = Pep440::read(&text) else {
            return Ok(nothing(format!("`{text}` is no version of a Python package (PEP 440)")));
        };
        let pattern = self.rule.attribute("pattern");
        let value = match (version.is_unfinal(), template::is_raw_statement(pattern)) {
            (true, true) => plain(&text),
            (true, false) => plain(&version.normal()),
            (false, _) => fill(pattern, &PythonVersion { raw: &text, version: &version })?,
        };
        let whole = value.text.contains(&version.normal()) || value.text.contains(&text);
        self.version(value, !version.is_unfinal(), version.is_unfinal(), whole, Rank::of_pep440(&version))
    }

    fn version(
        &self,
        value: Rendered,
        latest: bool,
        pattern_unused: bool,
        whole_version: bool,
        rank: Rank,
    ) -> Result<Outcome, MetadataError> {
        let outcome = self.text(value, latest)?;
        let Outcome::Text(mut text) = outcome else { return Ok(outcome) };
        let lost = template::leading_text(self.rule.attribute("pattern"));
        if pattern_unused && !lost.is_empty() {
            text.quirks.push(Quirk::LostPrefix(lost));
        }
        Ok(Outcome::Text(Text { whole_version, rank: Some(rank), ..text }))
    }

    fn found(&self) -> Result<Outcome, MetadataError> {
        let Some(given) = self.given()? else { return Ok(nothing("no tag was pushed")) };
        let (pattern, group) = (self.rule.attribute("pattern"), self.rule.attribute("group"));
        let Some(groups) =
            Pattern::read(pattern).map_err(|source| self.pattern_error(source))?.matches(&given)
        else {
            return Ok(nothing(format!("`{pattern}` does not match `{given}`")));
        };
        // A group is a property: its name is a number as JavaScript writes it.
        let place = group.parse::<usize>().ok().filter(|place| place.to_string() == group);
        let Some(found) = place.and_then(|place| groups.into_iter().nth(place)).flatten() else {
            let why = format!("the match of `{pattern}` with `{given}` has no group `{group}`");
            return Ok(Outcome::MissingGroup(why));
        };
        let rank = Rank::of_text(&found).or_else(|| Rank::of_text(&given));
        let outcome = self.text(plain(&found), true)?;
        Ok(match outcome {
            Outcome::Text(text) => Outcome::Text(Text { rank, ..text }),
            nothing => nothing,
        })
    }

    fn edge(&self) -> Result<Outcome, MetadataError> {
        let Some(branch) = self.event.branch() else { return Ok(nothing("no branch was pushed")) };
        let edge = match self.rule.attribute("branch") {
            "" => self.event.repository.default_branch.as_str(),
            given => given,
        };
        if edge != branch {
            return Ok(nothing(format!("`{branch}` is not `{edge}`")));
        }
        self.text(plain("edge"), false)
    }

    /// What a reference is called.
    fn named(&self, name: Option<&str>, what: &str, latest: bool) -> Result<Outcome, MetadataError> {
        let Some(name) = name else {
            return Ok(nothing(format!("`{}` is {what}", self.event.reference)));
        };
        let rank = Rank::of_text(name).filter(|_| latest);
        Ok(match self.text(plain(name), latest)? {
            Outcome::Text(text) => {
                let whole_version = rank.is_some() && is_whole(name);
                Outcome::Text(Text { rank, whole_version, ..text })
            }
            nothing => nothing,
        })
    }
}
