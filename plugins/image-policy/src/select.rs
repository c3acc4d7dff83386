//! Selecting one tag.

use std::cmp::Ordering as Compared;

use plimsoll_sdk::go::Version;

use crate::{
    constraint::Constraint,
    filter::{Candidate, apply, scanned},
    settings::{Order, Settings},
};

/// What is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// This tag.
    Tag(String),
    /// None; the text says why.
    Nothing(String),
}

/// Selects one of a repository's tags.
///
/// # Errors
/// The settings are not ones that a check accepts.
pub fn select(settings: &Settings, tags: &[String]) -> Result<Selection, String> {
    let candidates = scanned(settings, tags).and_then(|tags| apply(settings.filter_tags.as_ref(), tags));
    let candidates = candidates.map_err(|error| error.to_string())?;
    if candidates.is_empty() {
        return Ok(Selection::Nothing("no tag passes the filter".to_owned()));
    }
    let policy = &settings.policy;
    if let Some(semver) = &policy.semver {
        let constraint: Constraint = semver.range.parse().map_err(|error| format!("{error}"))?;
        return Ok(by_version(&constraint, &candidates, &semver.range));
    }
    if let Some(numerical) = policy.numerical {
        return Ok(by_number(numerical.order, &candidates));
    }
    let Some(alphabetical) = policy.alphabetical else { return Err("no policy is chosen".to_owned()) };
    let last = match alphabetical.order {
        Order::Asc => candidates.iter().max_by(|one, other| one.compared.cmp(&other.compared)),
        Order::Desc => candidates.iter().min_by(|one, other| one.compared.cmp(&other.compared)),
    };
    Ok(last.map_or(Selection::Nothing("there is no tag".to_owned()), |last| Selection::Tag(last.tag.clone())))
}

/// The highest version in the range; of two that are equal the first one. Texts that are no version are passed over.
fn by_version(constraint: &Constraint, candidates: &[Candidate], range: &str) -> Selection {
    let mut highest: Option<(Version, &Candidate)> = None;
    for candidate in candidates {
        let Some(version) = version(&candidate.compared) else { continue };
        let higher = |(highest, _): &(Version, &Candidate)| version.compare(highest) == Compared::Greater;
        if constraint.admits(&version) && highest.as_ref().is_none_or(higher) {
            highest = Some((version, candidate));
        }
    }
    match highest {
        Some((_, candidate)) => Selection::Tag(candidate.tag.clone()),
        None => Selection::Nothing(format!("none is a version in `{range}`")),
    }
}

/// The greatest or smallest number; of two that are equal the last one. One text that is no number spoils it.
fn by_number(order: Order, candidates: &[Candidate]) -> Selection {
    let mut last: Option<(f64, &Candidate)> = None;
    for candidate in candidates {
        let Some(number) = number(&candidate.compared) else {
            return Selection::Nothing(format!(
                "`{}` is no number; filter such tags out",
                candidate.compared
            ));
        };
        let passed_over = last.is_some_and(|(last, _)| match order {
            Order::Asc => number < last,
            Order::Desc => number > last,
        });
        if !passed_over {
            last = Some((number, candidate));
        }
    }
    last.map_or(Selection::Nothing("there is no tag".to_owned()), |(_, last)| {
        Selection::Tag(last.tag.clone())
    })
}

/// A version as Flux reads it: with all three numbers, which may have leading zeros.
#[must_use]
pub fn version(text: &str) -> Option<Version> {
    (text.splitn(3, '.').count() == 3).then(|| Version::parse(text)).flatten()
}

/// A number as Go's `strconv.ParseFloat` reads it, but for hexadecimal ones.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text).to_ascii_lowercase();
    let word = matches!(unsigned.as_str(), "inf" | "infinity") || text.eq_ignore_ascii_case("nan");
    let decimal =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-_".contains(&byte));
    let digit_at = |place: usize| text.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
    let parted = |(place, _)| place > 0 && digit_at(place - 1) && digit_at(place + 1);
    let number =
        (word || decimal && text.match_indices('_').all(parted)).then(|| text.replace('_', "").parse().ok());
    number.flatten().filter(|number: &f64| word || number.is_finite())
}
