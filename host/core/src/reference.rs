//! Image references: where an image lives.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, names::Tag};

/// The registry that a name without one means, as every container tool reads it.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Another name of that registry, which every container tool takes for it.
const DEFAULT_REGISTRY_TOO: &str = "index.docker.io";

/// A repository in a registry, fully written out: `docker.io/library/nginx` for `nginx`. Spellings of one registry are one name:
/// its host is in lower case and without a dot at the end, its port without zeros in front.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RepositoryName {
    registry: String,
    path: String,
}

/// An image: a repository with a tag, a digest or both. Without either it means the tag `latest`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ImageReference {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag, if one was given.
    pub tag: Option<Tag>,
    /// The digest, if one was given. It wins over the tag.
    pub digest: Option<Digest>,
}

/// A text that is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {problem}")]
pub struct InvalidReference {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl RepositoryName {
    /// Host and port of the registry, such as `ghcr.io` or `localhost:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path below the registry, such as `contoso/website`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem| InvalidReference { text: text.to_owned(), problem };
        let (registry, path) = match text.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
                (first.to_owned(), rest.to_owned())
            }
            Some(_) => (DEFAULT_REGISTRY.to_owned(), text.to_owned()),
            None => (DEFAULT_REGISTRY.to_owned(), format!("library/{text}")),
        };
        let registry =
            host(&registry).ok_or_else(|| invalid("the registry is no host name with an optional port"))?;
        if path.len() > 255 || !path.split('/').all(is_path_component) {
            return Err(invalid(
                "the path may hold `a-z 0-9` with single `.`, `_`, `__` or dashes between, in parts separated by `/`",
            ));
        }
        Ok(Self { registry, path })
    }
}

/// The one spelling of a host name or address with an optional port; absent when the text is none.
fn host(text: &str) -> Option<String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(']') || host.starts_with('[') => {
            (host, Some(port.parse::<u16>().ok()?))
        }
        _ => (text, None),
    };
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => format!("[{}]", address.parse::<Ipv6Addr>().ok()?),
        None => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    if host.is_empty() || !host.starts_with('[') && !host.bytes().all(allowed) {
        return None;
    }
    Some(match port {
        Some(port) => format!("{host}:{port}"),
        None if host == DEFAULT_REGISTRY_TOO => DEFAULT_REGISTRY.to_owned(),
        None => host,
    })
}

/// OCI distribution specification 1.1: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_path_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_are_fine =
        bytes.first().copied().is_some_and(alphanumeric) && bytes.last().copied().is_some_and(alphanumeric);
    let separators_are_fine =
        text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        });
    ends_are_fine && separators_are_fine
}

impl FromStr for ImageReference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem| InvalidReference { text: text.to_owned(), problem };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest
                    .parse()
                    .map_err(|_| invalid("after `@` comes `sha256:` and 64 hexadecimal digits"))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (
                repository,
                Some(
                    Tag::new(tag)
                        .map_err(|_| invalid("the tag breaks `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`"))?,
                ),
            ),
            _ => (rest, None),
        };
        let repository = repository.parse().map_err(|error: InvalidReference| invalid(error.problem))?;
        Ok(Self { repository, tag, digest })
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.repository, f)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Debug output as the text, and serialisation as the text, for both types.
macro_rules! as_text {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl From<$name> for String {
            fn from(reference: $name) -> Self {
                reference.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidReference;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}
as_text!(RepositoryName);
as_text!(ImageReference);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_written_out() {
        let cases = [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1.22", "docker.io/library/nginx:1.22"),
            ("contoso/website", "docker.io/contoso/website"),
            ("localhost:5000/website:v1", "localhost:5000/website:v1"),
            ("localhost/a", "localhost/a"),
            ("ghcr.io/contoso/web-site__x", "ghcr.io/contoso/web-site__x"),
            ("[::1]:5000/a", "[::1]:5000/a"),
            ("GHCR.io/contoso/website", "ghcr.io/contoso/website"),
            ("LOCALHOST:05987/a", "localhost:5987/a"),
            ("ghcr.io./contoso/website", "ghcr.io/contoso/website"),
            ("[0:0::01]:5000/a", "[::1]:5000/a"),
            ("index.docker.io/contoso/website", "docker.io/contoso/website"),
        ];
        for (short, long) in cases {
            assert_eq!(short.parse::<ImageReference>().unwrap().to_string(), long);
        }
    }

    #[test]
    fn rejects_what_no_registry_takes() {
        for text in [
            "",
            "Upper/case",
            "a//b",
            "a/",
            "/a",
            "a..b",
            "a___b",
            "x:bad tag",
            "x@sha256:1",
            "host:99999/a",
            "./a",
            "[::x]:1/a",
        ] {
            assert!(text.parse::<ImageReference>().is_err(), "{text}");
        }
    }
}
