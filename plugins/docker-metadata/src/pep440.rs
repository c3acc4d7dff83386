//! Versions of Python packages (PEP 440), as the npm package @renovate/pep440 reads and normalises them.

use std::cmp::Ordering;

use crate::javascript::{number, number_text};

/// A version by PEP 440.
#[derive(Debug, Clone, PartialEq)]
pub struct Pep440 {
    epoch: f64,
    /// The numbers of the release, at least one.
    pub release: Vec<f64>,
    pre: Option<(&'static str, f64)>,
    post: Option<f64>,
    dev: Option<f64>,
    local: Vec<String>,
}

/// Spellings of pre-releases and what they are short for, longer ones before their beginnings.
const PRE: [(&str, &str); 8] = [
    ("preview", "rc"),
    ("pre", "rc"),
    ("alpha", "a"),
    ("beta", "b"),
    ("rc", "rc"),
    ("a", "a"),
    ("b", "b"),
    ("c", "rc"),
];
const POST: [(&str, &str); 3] = [("post", "post"), ("rev", "post"), ("r", "post")];
const DEV: [(&str, &str); 1] = [("dev", "dev")];

impl Pep440 {
    /// Reads a version; letters may be capitals, a `v` may stand before it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let mut rest = lower.strip_prefix('v').unwrap_or(&lower);
        let epoch = match rest.split_once('!') {
            Some((epoch, after)) => {
                rest = after;
                number(all_digits(epoch)?)
            }
            None => 0.0,
        };
        let mut release = vec![number(digits(&mut rest)?)];
        while let Some(next) =
            rest.strip_prefix('.').filter(|next| next.starts_with(|c: char| c.is_ascii_digit()))
        {
            rest = next;
            release.push(number(digits(&mut rest)?));
        }
        let pre = part(&mut rest, &PRE);
        let post = implicit_post(&mut rest).or_else(|| part(&mut rest, &POST).map(|(_, number)| number));
        let dev = part(&mut rest, &DEV).map(|(_, number)| number);
        let local = match rest.strip_prefix('+') {
            Some(local) => local_parts(&text[text.len() - local.len()..])?,
            None if rest.is_empty() => Vec::new(),
            None => return None,
        };
        Some(Self { epoch, release, pre, post, dev, local })
    }

    /// True for pre, post and development releases.
    #[must_use]
    pub const fn is_unfinal(&self) -> bool {
        self.is_prerelease() || self.post.is_some()
    }

    /// True for pre and development releases.
    #[must_use]
    pub const fn is_prerelease(&self) -> bool {
        self.pre.is_some() || self.dev.is_some()
    }

    /// A number of the release, 0 where it has fewer.
    #[must_use]
    pub fn number(&self, place: usize) -> f64 {
        self.release.get(place).copied().unwrap_or_default()
    }

    /// Which comes first (PEP 440, "Summary of permitted suffixes and relative ordering").
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        // They are read from digits: none of the numbers is NaN.
        self.key().partial_cmp(&other.key()).unwrap_or(Ordering::Equal)
    }

    /// What the order goes by, the weightiest first.
    fn key(&self) -> impl PartialOrd {
        let significant = self.release.iter().rposition(|number| *number != 0.0).map_or(0, |last| last + 1);
        // A development release comes before all pre-releases, a pre-release before the final release.
        let pre = match (self.pre, self.post, self.dev) {
            (Some((letters, number)), ..) => (1, letters, number),
            (None, None, Some(_)) => (0, "", 0.0),
            _ => (2, "", 0.0),
        };
        let post = self.post.unwrap_or(-1.0);
        let dev = self.dev.unwrap_or(f64::INFINITY);
        // Words come before numbers.
        let local = |part: &String| match all_digits(part) {
            Some(digits) => (1, number(digits), String::new()),
            None => (0, 0.0, part.to_ascii_lowercase()),
        };
        let local: Vec<_> = self.local.iter().map(local).collect();
        (self.epoch, self.release[..significant].to_vec(), pre, post, dev, local)
    }

    /// The version in its normal form. Parts of the local version come out with commas between them, as the package
    /// writes them.
    #[must_use]
    pub fn normal(&self) -> String {
        let mut text = String::new();
        if self.epoch != 0.0 {
            text = format!("{}!", number_text(self.epoch));
        }
        text += &self.release.iter().copied().map(number_text).collect::<Vec<_>>().join(".");
        if let Some((letters, number)) = self.pre {
            text += &format!("{letters}{}", number_text(number));
        }
        for (letters, number) in [("post", self.post), ("dev", self.dev)] {
            if let Some(number) = number {
                text += &format!(".{letters}{}", number_text(number));
            }
        }
        if !self.local.is_empty() {
            let written = self.local.iter().map(|part| local_text(part));
            text += &format!("+{}", written.collect::<Vec<_>>().join(","));
        }
        text
    }
}

fn all_digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// The digits at the beginning, taken from the rest.
fn digits<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    (!digits.is_empty()).then_some(digits)
}

/// One of these words with a separator before and after it and a number behind it, each optional, taken from the rest.
fn part(rest: &mut &str, words: &[(&str, &'static str)]) -> Option<(&'static str, f64)> {
    let separator = ['-', '_', '.'];
    let after = rest.strip_prefix(separator).unwrap_or(rest);
    let (after, meaning) =
        words.iter().find_map(|(word, meaning)| Some((after.strip_prefix(word)?, *meaning)))?;
    *rest = after.strip_prefix(separator).unwrap_or(after);
    Some((meaning, digits(rest).map_or(0.0, number)))
}

/// A post release written as `-1`, taken from the rest.
fn implicit_post(rest: &mut &str) -> Option<f64> {
    let mut after = rest.strip_prefix('-')?;
    let number = number(digits(&mut after)?);
    *rest = after;
    Some(number)
}

/// The parts of a local version, as they are written.
fn local_parts(text: &str) -> Option<Vec<String>> {
    let well = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.split(['-', '_', '.']).map(|part| well(part).then(|| part.to_owned())).collect()
}

/// A part of a local version in its normal form, a number as JavaScript writes it.
fn local_text(part: &str) -> String {
    let number = number(part);
    if number.is_nan() { part.to_ascii_lowercase() } else { number_text(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_normalised() {
        for (text, expected) in [
            ("1.1beta2", "1.1b2"),
            ("v1.1.1", "1.1.1"),
            ("1", "1"),
            ("01.02", "1.2"),
            ("2!1.0", "2!1.0"),
            ("1.0-ALPHA", "1.0a0"),
            ("1.0.preview_4", "1.0rc4"),
            ("1.0-1", "1.0.post1"),
            ("1.0.rev3", "1.0.post3"),
            ("1.0r", "1.0.post0"),
            ("1.0a-", "1.0a0"),
            ("1.0rc1.post2.dev3", "1.0rc1.post2.dev3"),
            ("1.0+Ubuntu.01_a", "1.0+ubuntu,1,a"),
            ("1.0+0x1f", "1.0+31"),
        ] {
            assert_eq!(
                Pep440::read(text).map(|version| version.normal()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in
            ["", "v", "1.", "1.0-", "1.0+", "1.0+a..b", "1.x", " 1.0", "1!", "a!1", "1.0devx", "1-rc-1-2-3"]
        {
            assert_eq!(Pep440::read(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_in_order() {
        let rising = [
            "0.9",
            "1.0.dev2",
            "1.0a1.dev1",
            "1.0a1",
            "1.0a1.post1",
            "1.0a2",
            "1.0b1",
            "1.0rc9",
            "1.0rc10",
            "1.0",
            "1.0+a",
            "1.0+2",
            "1.0+10",
            "1.0+10.1",
            "1.0.post1.dev1",
            "1.0.post9",
            "1.0.post10",
            "1.9",
            "1.10",
            "1!0.5",
        ]
        .map(|text| (text, Pep440::read(text).unwrap()));
        for (place, (text, version)) in rising.iter().enumerate() {
            for (other_place, (other_text, other)) in rising.iter().enumerate() {
                assert_eq!(version.compare(other), place.cmp(&other_place), "{text} {other_text}");
            }
        }
        let read = |text| Pep440::read(text).unwrap();
        assert_eq!(read("1").compare(&read("v1.0.0")), Ordering::Equal);
    }

    #[test]
    fn what_is_not_final() {
        for (text, unfinal, prerelease) in [
            ("1.0", false, false),
            ("1.0+local", false, false),
            ("1.0a1", true, true),
            ("1.0.post1", true, false),
            ("1.0.dev1", true, true),
        ] {
            let version = Pep440::read(text).unwrap();
            assert_eq!((version.is_unfinal(), version.is_prerelease()), (unfinal, prerelease), "{text}");
        }
    }
}
