//! What images run on.

use std::{fmt, str::FromStr};

/// What an image runs on (OCI image specification 1.1, "Image Index Property Descriptions"), in the one spelling that all
/// others of it are turned into: `linux/x86_64` is `linux/amd64`, `linux/arm` is `linux/arm/v7`, `linux/arm64/v8` is
/// `linux/arm64` (as `Normalize` of containerd's package `platforms` has it).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a platform: expected `os/architecture` or `os/architecture/variant`, such as `linux/amd64`"
)]
pub struct InvalidPlatform(pub String);

impl Platform {
    /// The platform that somebody else wrote so.
    #[must_use]
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let os = os.to_ascii_lowercase();
        let os = if os == "macos" { "darwin".to_owned() } else { os };
        let (architecture, variant) =
            canonical(&architecture.to_ascii_lowercase(), &variant.unwrap_or_default().to_ascii_lowercase());
        Self { os, architecture, variant: Some(variant).filter(|variant| !variant.is_empty()) }
    }

    /// Operating system, such as `linux`.
    #[must_use]
    pub fn os(&self) -> &str {
        &self.os
    }

    /// Processor architecture, such as `amd64`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// Variant of the architecture, such as `v7`; `None` for the usual one.
    #[must_use]
    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }
}

/// The names of an architecture and its variant, given in lower case.
fn canonical(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = match (architecture, variant) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
        ("aarch64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", variant @ ("5" | "6" | "8")) => return ("arm".to_owned(), format!("v{variant}")),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(|part| word(part)) {
            return Err(InvalidPlatform(text.to_owned()));
        }
        match parts[..] {
            [os, architecture] => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(InvalidPlatform(text.to_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

/// The platforms that an image is built for: at least one, none twice, in an order that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platforms(Vec<Platform>);

/// A list of platforms that nothing can be built for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlatforms {
    /// There is none.
    #[error("no platform is named: name at least one, such as `linux/amd64`")]
    Empty,
    /// One comes twice, perhaps in another spelling.
    #[error("the platform {0} is named twice: name each once")]
    Twice(Platform),
}

impl Platforms {
    /// These platforms, in this order.
    ///
    /// # Errors
    /// There is none, or one comes twice.
    pub fn new(platforms: Vec<Platform>) -> Result<Self, InvalidPlatforms> {
        if platforms.is_empty() {
            return Err(InvalidPlatforms::Empty);
        }
        let is_again = |(place, platform): &(usize, &Platform)| platforms[..*place].contains(platform);
        match platforms.iter().enumerate().find(is_again) {
            Some((_, platform)) => Err(InvalidPlatforms::Twice(platform.clone())),
            None => Ok(Self(platforms)),
        }
    }

    /// All of them; at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Platform] {
        &self.0
    }

    /// The platform, when there is only one.
    #[must_use]
    pub fn single(&self) -> Option<&Platform> {
        if let [platform] = self.as_slice() { Some(platform) } else { None }
    }
}

impl From<Platform> for Platforms {
    fn from(platform: Platform) -> Self {
        Self(vec![platform])
    }
}

/// As people read it: `linux/amd64, linux/arm64`.
impl fmt::Display for Platforms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(Platform::to_string).collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_platform() {
        for (written, platform) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/X86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/i386", "linux/386"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9.1", "linux/arm64/v9.1"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("macos/arm64", "darwin/arm64"),
            ("linux/riscv64", "linux/riscv64"),
        ] {
            assert_eq!(written.parse::<Platform>().unwrap().to_string(), platform, "{written}");
        }
        for wrong in ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/am d64"] {
            assert_eq!(wrong.parse::<Platform>(), Err(InvalidPlatform(wrong.to_owned())));
        }
    }

    #[test]
    fn lists_hold_each_platform_once() {
        let list = |texts: &[&str]| Platforms::new(texts.iter().map(|text| text.parse().unwrap()).collect());
        assert_eq!(list(&[]), Err(InvalidPlatforms::Empty));
        let twice = list(&["linux/arm64", "linux/amd64", "linux/aarch64"]).unwrap_err();
        assert_eq!(twice.to_string(), "the platform linux/arm64 is named twice: name each once");
        let two = list(&["linux/arm64", "linux/amd64"]).unwrap();
        assert_eq!((two.to_string().as_str(), two.single()), ("linux/arm64, linux/amd64", None));
        assert_eq!(list(&["linux/arm"]).unwrap().single().unwrap().variant(), Some("v7"));
    }
}
