//! Versions as the Go package `Masterminds/semver` reads and compares them.

use std::cmp::Ordering;

/// A version as the Go package `Masterminds/semver` takes it: a `v` in front, missing numbers and leading zeros are read,
/// `v1.02` as 1.2.0.
///
/// ```
/// use plimsoll_sdk::go::Version;
///
/// let version = Version::parse("v2025.02.03-rc.1").unwrap();
/// assert_eq!((version.major, version.minor, version.patch, version.pre.as_str()), (2025, 2, 3, "rc.1"));
/// assert_eq!(Version::parse("1.2.3.4"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What stands after the hyphen; empty for none.
    pub pre: String,
}

impl Version {
    /// Reads a version as the package's third major version does.
    ///
    /// ```
    /// # use plimsoll_sdk::go::Version;
    /// assert_eq!(Version::parse("1.2.3-01"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let version = Self::read(text)?;
        let padded = |part: &str| {
            part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        (!version.pre.split('.').any(padded)).then_some(version)
    }

    /// Reads a version as the package's first major version does: identifiers of pre-releases may have leading zeros, and
    /// numbers are signed.
    ///
    /// ```
    /// # use plimsoll_sdk::go::Version;
    /// assert!(Version::parse_v1("1.2.3-01").is_some());
    /// ```
    #[must_use]
    pub fn parse_v1(text: &str) -> Option<Self> {
        let version = Self::read(text)?;
        let signed = |number: u64| i64::try_from(number).is_ok();
        [version.major, version.minor, version.patch].into_iter().all(signed).then_some(version)
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let identifier = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if ![pre, build].into_iter().flatten().all(|list| list.split('.').all(identifier)) {
            return None;
        }
        let mut read = [0; 3];
        for (place, number) in numbers.split('.').enumerate() {
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            *read.get_mut(place)? = digits.then(|| number.parse().ok()).flatten()?;
        }
        let [major, minor, patch] = read;
        Some(Self { major, minor, patch, pre: pre.unwrap_or_default().to_owned() })
    }

    /// Compares by precedence, as the package does: identifiers of a pre-release that are written differently are never equal,
    /// so that of `1` and `01` each comes before the other.
    ///
    /// ```
    /// # use plimsoll_sdk::go::Version;
    /// let (candidate, release) = (Version::parse("1.0.0-rc.1").unwrap(), Version::parse("v1.0.0").unwrap());
    /// assert!(candidate.compare(&release).is_lt());
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| [version.major, version.minor, version.patch];
        numbers(self).cmp(&numbers(other)).then_with(|| match (self.pre.as_str(), other.pre.as_str()) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (own, other) => pre_releases(own, other),
        })
    }
}

fn pre_releases(own: &str, other: &str) -> Ordering {
    let (mut own, mut other) = (own.split('.'), other.split('.'));
    loop {
        let compared = match (own.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (own, other) => identifiers(own.unwrap_or_default(), other.unwrap_or_default()),
        };
        if compared != Ordering::Equal {
            return compared;
        }
    }
}

/// Numbers come before words.
fn identifiers(own: &str, other: &str) -> Ordering {
    if own == other {
        return Ordering::Equal;
    }
    match (own, other) {
        ("", _) => return Ordering::Less,
        (_, "") => return Ordering::Greater,
        _ => {}
    }
    match (own.parse::<u64>(), other.parse::<u64>()) {
        (Ok(own), Ok(other)) if own > other => Ordering::Greater,
        (Ok(_), _) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => own.cmp(other),
    }
}
