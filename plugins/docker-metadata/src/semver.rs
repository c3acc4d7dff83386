//! Versions as the npm package semver reads them, strictly.

use std::cmp::Ordering;

use crate::javascript;

/// The longest text that is a version, UTF-16 code units.
const LONGEST: usize = 256;
/// Numbers are exact up to here.
const MOST_SAFE: u64 = (1 << 53) - 1;

/// A version by semantic versioning 2.0.0, with or without a `v` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Semver {
    /// The text that was read.
    pub raw: String,
    /// Major, minor, patch.
    pub numbers: [u64; 3],
    /// The identifiers of the pre-release; none for a release.
    pub prerelease: Vec<String>,
    /// The identifiers of the build metadata.
    pub build: Vec<String>,
}

impl Semver {
    /// Reads a version. White space around it is passed over.
    #[must_use]
    pub fn read(raw: &str) -> Option<Self> {
        if raw.encode_utf16().count() > LONGEST {
            return None;
        }
        let text = javascript::trim(raw);
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = match text.split_once('+') {
            Some((text, build)) => (text, identifiers(build, false)?),
            None => (text, Vec::new()),
        };
        let (numbers, prerelease) = match text.split_once('-') {
            Some((numbers, prerelease)) => (numbers, identifiers(prerelease, true)?),
            None => (text, Vec::new()),
        };
        let mut parts = numbers.split('.').map(numeric);
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then(|| Self { raw: raw.to_owned(), numbers, prerelease, build })
    }

    /// The version without the build metadata.
    #[must_use]
    pub fn version(&self) -> String {
        let [major, minor, patch] = self.numbers;
        let before = if self.prerelease.is_empty() { "" } else { "-" };
        format!("{major}.{minor}.{patch}{before}{}", self.prerelease.join("."))
    }

    /// Which comes first (semantic versioning 2.0.0, section 11). Build metadata does not count.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        // Numbers have no zeros before them, so that longer ones are higher; they come before words.
        let key = |part: &String| {
            let number = part.bytes().all(|byte| byte.is_ascii_digit());
            (!number, if number { part.len() } else { 0 }, part.clone())
        };
        let keys = |version: &Self| {
            let identifiers: Vec<_> = version.prerelease.iter().map(key).collect();
            (version.numbers, identifiers.is_empty(), identifiers)
        };
        keys(self).cmp(&keys(other))
    }
}

/// Digits without a zero before them.
fn numeric(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse::<u64>().ok())??;
    (number <= MOST_SAFE).then_some(number)
}

fn identifiers(text: &str, of_prerelease: bool) -> Option<Vec<String>> {
    let valid = |part: &str| {
        let well = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let padded =
            part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit());
        well && !(of_prerelease && padded)
    };
    text.split('.').map(|part| valid(part).then(|| part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_order() {
        let rising = [
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-99999999999999999999",
            "1.0.0-100000000000000000000",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.2",
            "1.0.10",
            "2.0.0",
        ]
        .map(|text| Semver::read(text).unwrap());
        for (place, version) in rising.iter().enumerate() {
            for (other_place, other) in rising.iter().enumerate() {
                assert_eq!(version.compare(other), place.cmp(&other_place), "{} {}", version.raw, other.raw);
            }
        }
        let built = |text| Semver::read(text).unwrap();
        assert_eq!(built("v1.0.0+a").compare(&built("1.0.0+b")), Ordering::Equal);
    }

    #[test]
    fn versions_are_strict() {
        for (text, expected) in [
            ("1.2.3", "1.2.3"),
            ("v1.2.3", "1.2.3"),
            (" v1.2.3 ", "1.2.3"),
            ("v1.2.3-rc.1+build.5", "1.2.3-rc.1"),
            ("0.0.0-0a.-", "0.0.0-0a.-"),
            ("1.2.3+01", "1.2.3"),
            ("9007199254740991.0.0", "9007199254740991.0.0"),
        ] {
            assert_eq!(
                Semver::read(text).map(|version| version.version()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        let long = format!("1.2.3-{}", "a".repeat(256));
        for text in [
            "1.2",
            "1.2.3.4",
            "v01.2.3",
            "=1.2.3",
            "vv1.2.3",
            "V1.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a..b",
            "v 1.2.3",
            "9007199254740992.0.0",
            "",
            "1.2.3-rc_1",
            &long,
        ] {
            assert_eq!(Semver::read(text), None, "{text}");
        }
    }
}
