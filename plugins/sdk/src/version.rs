//! Tags that are versions.

use std::fmt;

use semver::Version;

/// A tag that is a prefix, such as `v`, and a semantic version (semver.org, 2.0.0) and nothing else: three numbers
/// without leading zeros, then perhaps a pre-release and build metadata.
///
/// ```
/// use plimsoll_sdk::VersionTag;
///
/// let tag = VersionTag::parse("v1.4.0-rc.1", "v")?;
/// assert_eq!(tag.version().to_string(), "1.4.0-rc.1");
/// assert!(tag.is_prerelease());
/// assert!(VersionTag::parse("v1.4", "v").is_err());
/// # Ok::<(), plimsoll_sdk::NotAVersion>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionTag<'a> {
    // First, so that tags are ordered by version.
    version: Version,
    tag: &'a str,
}

/// Why a tag is not a version.
///
/// ```
/// use plimsoll_sdk::{NotAVersion, VersionTag};
///
/// // Worth a word to whoever pushed it only if it looks like one.
/// match VersionTag::parse("v1.2", "v") {
///     Err(NotAVersion::Malformed(reason)) => assert!(!reason.is_empty()),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAVersion {
    /// It does not begin with the prefix, or nothing like a number follows: it was not meant as a version.
    NotMeant,
    /// It looks like a version and breaks the rules; the text says which.
    Malformed(String),
}

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMeant => f.write_str("it is not the name of a version"),
            Self::Malformed(reason) => write!(f, "it is not a semantic version: {reason}"),
        }
    }
}

impl std::error::Error for NotAVersion {}

impl<'a> VersionTag<'a> {
    /// Reads a tag, strictly.
    ///
    /// ```
    /// use plimsoll_sdk::{NotAVersion, VersionTag};
    ///
    /// assert_eq!(VersionTag::parse("release", "v"), Err(NotAVersion::NotMeant));
    /// assert!(matches!(VersionTag::parse("v01.2.3", "v"), Err(NotAVersion::Malformed(_))));
    /// ```
    ///
    /// # Errors
    /// The tag is not a version. The two cases differ in whether it looks like one, as `v1.2` does.
    pub fn parse(tag: &'a str, prefix: &str) -> Result<Self, NotAVersion> {
        let text = tag.strip_prefix(prefix).ok_or(NotAVersion::NotMeant)?;
        if !text.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(NotAVersion::NotMeant);
        }
        match Version::parse(text) {
            Ok(version) => Ok(Self { version, tag }),
            Err(error) => Err(NotAVersion::Malformed(error.to_string())),
        }
    }

    /// The version.
    ///
    /// ```
    /// # use plimsoll_sdk::VersionTag;
    /// assert_eq!(VersionTag::parse("v1.2.3", "v")?.version().major, 1);
    /// # Ok::<(), plimsoll_sdk::NotAVersion>(())
    /// ```
    #[must_use]
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// The tag, prefix included.
    ///
    /// ```
    /// # use plimsoll_sdk::VersionTag;
    /// assert_eq!(VersionTag::parse("v1.2.3", "v")?.tag(), "v1.2.3");
    /// # Ok::<(), plimsoll_sdk::NotAVersion>(())
    /// ```
    #[must_use]
    pub const fn tag(&self) -> &'a str {
        self.tag
    }

    /// Whether the version is a pre-release, as `1.4.0-rc.1` is.
    ///
    /// ```
    /// # use plimsoll_sdk::VersionTag;
    /// assert!(!VersionTag::parse("v1.4.0+linux", "v")?.is_prerelease());
    /// # Ok::<(), plimsoll_sdk::NotAVersion>(())
    /// ```
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.version.pre.is_empty()
    }
}

/// Reads a version as lenient tools do: a `v` in front, missing numbers and leading zeros are taken, `v1.2` as 1.2.0. Where a
/// tag has to be a version, use [`VersionTag`].
///
/// ```
/// use plimsoll_sdk::lenient_version;
/// assert_eq!(lenient_version("v1.02").map(|version| version.to_string()).as_deref(), Some("1.2.0"));
/// assert_eq!(lenient_version("1.2.3.4"), None);
/// ```
#[must_use]
pub fn lenient_version(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let mut parts = [0; 3];
    for (place, number) in numbers.split('.').enumerate() {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        *parts.get_mut(place)? = digits.then(|| number.parse().ok()).flatten()?;
    }
    let (pre, build) = rest.split_once('+').unwrap_or((rest, ""));
    let mut version = Version::new(parts[0], parts[1], parts[2]);
    if let Some(pre) = pre.strip_prefix('-') {
        version.pre = semver::Prerelease::new(pre).ok().filter(|pre| !pre.is_empty())?;
    }
    if rest.contains('+') {
        version.build = semver::BuildMetadata::new(build).ok().filter(|build| !build.is_empty())?;
    }
    Some(version)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_strict() {
        for good in ["v0.0.0", "v1.2.3", "v1.2.3-rc.1", "v1.2.3-0a.b-c", "v10.20.30+build.5"] {
            assert!(VersionTag::parse(good, "v").is_ok(), "{good}");
        }
        for malformed in [
            "v1",
            "v1.2",
            "v1.2.3.4",
            "v01.2.3",
            "v1.2.3-",
            "v1.2.3-01",
            "v1.2.3-rc..1",
            "v1.2.3+",
            "v1.2.x",
            "v1.2.3 ",
            "v99999999999999999999.0.0",
        ] {
            assert!(
                matches!(VersionTag::parse(malformed, "v"), Err(NotAVersion::Malformed(_))),
                "{malformed}"
            );
        }
        for other in ["", "v", "version", "1.2.3", "V1.2.3", "vv1.2.3", "v.1.2.3", "v-1.2.3"] {
            assert_eq!(VersionTag::parse(other, "v"), Err(NotAVersion::NotMeant), "{other}");
        }
    }

    #[test]
    fn order_follows_precedence() {
        let tags = ["v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0", "v1.9.0", "v1.10.0"];
        let parsed: Vec<_> = tags.iter().map(|tag| VersionTag::parse(tag, "v").unwrap()).collect();
        assert!(parsed.is_sorted());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back(tag in "v[0-9]{1,3}(\\.[0-9a-z+.-]{1,4}){0,4}") {
            if let Ok(parsed) = VersionTag::parse(&tag, "v") {
                prop_assert_eq!(format!("v{}", parsed.version()), tag);
            }
        }
    }
}
