//! The table `[[signers]]`: whose signatures policies need.

use std::{collections::BTreeSet, path::Path, str::FromStr};

use plimsoll_core::{names::SignerName, reference::RepositoryName};

use super::{
    model::{PolicyReference, Signer},
    problem::{Problem, suggestion},
    reader::{Reader, Text},
};

/// Repositories: one, all below a name, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryPattern {
    /// This one.
    One(RepositoryName),
    /// Those whose names, compared without a usual port, begin so; the text ends with a slash.
    Below(String),
    /// All.
    All,
}

impl RepositoryPattern {
    /// Whether a repository is one of them. A registry with a usual port is the one without: what is covered does not get out
    /// by another spelling. Other names and addresses of a registry are others.
    #[must_use]
    pub fn matches(&self, repository: &RepositoryName) -> bool {
        match self {
            Self::One(name) => compared(name) == compared(repository),
            Self::Below(start) => compared(repository).starts_with(start.as_str()),
            Self::All => true,
        }
    }
}

/// A repository's name without the port of the registry where it is that of HTTPS or HTTP, and is written or left out.
fn compared(name: &RepositoryName) -> String {
    let registry = name.registry();
    let host = registry.strip_suffix(":443").or_else(|| registry.strip_suffix(":80")).unwrap_or(registry);
    // Read again: without a port the host may have another name.
    let plain = format!("{host}/{}", name.path());
    plain.parse::<RepositoryName>().map_or(plain, |name| name.to_string())
}

impl FromStr for RepositoryPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::All);
        }
        let Some(start) = text.strip_suffix("/*") else {
            return text
                .parse()
                .map(Self::One)
                .map_err(|error: plimsoll_core::reference::InvalidReference| error.to_string());
        };
        // A name that may stand there, so that what is written is read, and completed, as every other name.
        let example: RepositoryName = format!("{start}/x")
            .parse()
            .map_err(|error: plimsoll_core::reference::InvalidReference| error.to_string())?;
        let mut start = compared(&example);
        start.pop();
        Ok(Self::Below(start))
    }
}

/// Those who sign; absent when a problem was reported.
pub(super) fn signers(
    readers: &[Reader<'_>],
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Signer>> {
    let read: Vec<Option<Signer>> = readers.iter().map(|reader| signer(reader, folder, problems)).collect();
    let names: Vec<Text<'_>> = readers.iter().filter_map(|reader| reader.text("name")).collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|earlier| earlier.text == name.text) {
            let message = format!("there is already a signer `{}`", name.text);
            problems.push(Problem::new(name.span, message).help("name all keys of a signer in one list"));
        }
    }
    read.into_iter().collect()
}

fn signer(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Signer> {
    let written = reader.text("name");
    let name = written.and_then(|name| {
        SignerName::new(name.text)
            .map_err(|error| problems.push(Problem::new(name.span, error.to_string())))
            .ok()
    });
    let mut pattern = |written: &Text<'_>| {
        written
            .text
            .parse()
            .map_err(|error: String| {
                problems.push(
                    Problem::new(written.span, error)
                        .help("write a repository such as `ghcr.io/contoso/policies/gate`, all below such as `ghcr.io/contoso/*`, or `*`"),
                );
            })
            .ok()
    };
    let covers: Vec<Option<RepositoryPattern>> = reader.texts("covers").iter().map(&mut pattern).collect();
    Some(Signer {
        name: name?,
        keys: reader.texts("keys").iter().map(|path| folder.join(path.text)).collect(),
        covers: covers.into_iter().collect::<Option<_>>()?,
        span: written?.span,
    })
}

/// Who must have signed a policy: those whom its binding names, and those who cover its repository.
pub(super) fn wanted(
    policy: &PolicyReference,
    named: &[Text<'_>],
    signers: &[Signer],
    problems: &mut Vec<Problem>,
) -> BTreeSet<SignerName> {
    let PolicyReference::Registry(reference) = policy else {
        if let Some(name) = named.first() {
            let message = "a policy that comes from no registry has no signature";
            problems.push(
                Problem::new(name.span, message)
                    .help("take `signed-by` out, or name a policy by `oci://` and a reference"),
            );
        }
        return BTreeSet::new();
    };
    let mut wanted = BTreeSet::new();
    for name in named {
        match signers.iter().find(|signer| signer.name.as_str() == name.text) {
            Some(signer) => {
                wanted.insert(signer.name.clone());
            }
            None => {
                let message = format!("there is no signer `{}`", name.text);
                let known = signers.iter().map(|signer| signer.name.as_str());
                let help = if signers.is_empty() {
                    format!("add a table `[[signers]]` with `name = \"{}\"` and the signer's keys", name.text)
                } else {
                    suggestion(name.text, known)
                };
                problems.push(Problem::new(name.span, message).help(help));
            }
        }
    }
    let covering = signers
        .iter()
        .filter(|signer| signer.covers.iter().any(|pattern| pattern.matches(&reference.repository)));
    wanted.extend(covering.map(|signer| signer.name.clone()));
    wanted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_cover_what_they_say() {
        for (pattern, repository, covered) in [
            ("*", "ghcr.io/contoso/gate", true),
            ("ghcr.io/contoso/*", "ghcr.io/contoso/policies/gate", true),
            ("ghcr.io/contoso/*", "ghcr.io/contoso-evil/gate", false),
            ("ghcr.io/*", "ghcr.io/contoso/gate", true),
            ("contoso/*", "docker.io/contoso/gate", true),
            ("localhost:5000/*", "localhost:5000/gate", true),
            ("ghcr.io/contoso/gate", "ghcr.io/contoso/gate", true),
            ("ghcr.io/contoso/gate", "ghcr.io/contoso/gate/other", false),
            // Other spellings of one registry, on either side.
            ("localhost:5987/*", "localhost:05987/gate", true),
            ("localhost:5987/*", "LocalHost:5987/gate", true),
            ("ghcr.io/contoso/*", "GHCR.io/contoso/x", true),
            ("ghcr.io/contoso/*", "ghcr.io./contoso/x", true),
            ("ghcr.io/contoso/*", "ghcr.io:443/contoso/x", true),
            ("ghcr.io/contoso/*", "ghcr.io:0443/contoso/x", true),
            ("ghcr.io:443/contoso/*", "ghcr.io/contoso/x", true),
            ("GHCR.io/contoso/gate", "ghcr.io:443/contoso/gate", true),
            ("localhost/*", "localhost:80/gate", true),
            ("localhost/*", "localhost:8080/gate", false),
            ("[::1]:5000/*", "[0:0::1]:5000/gate", true),
            ("contoso/*", "index.docker.io/contoso/gate", true),
            ("contoso/*", "index.docker.io:443/contoso/gate", true),
            ("index.docker.io/contoso/*", "contoso/gate", true),
        ] {
            let pattern: RepositoryPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(&repository.parse().unwrap()), covered, "{pattern:?} {repository}");
        }
        for bad in ["", "/*", "ghcr.io/con*", "ghcr.io/*/gate", "GHCR.io/Contoso/*", "ghcr.io/contoso/gate:1"]
        {
            assert!(bad.parse::<RepositoryPattern>().is_err(), "{bad}");
        }
    }

    proptest! {
        /// What a pattern matches begins with what is written, up to a slash.
        #[test]
        fn a_pattern_ends_at_a_slash(start in "[a-c]{1,2}\\.io(/[ab]{1,2}){0,2}", repository in "[a-c]{1,2}\\.io(/[ab]{1,2}){1,3}") {
            let pattern: RepositoryPattern = format!("{start}/*").parse().unwrap();
            let matched = pattern.matches(&repository.parse().unwrap());
            prop_assert_eq!(matched, repository.starts_with(&format!("{start}/")));
        }

        #[test]
        fn any_text_is_survived(text in "(\\PC|[*/:@]){0,20}") {
            let _ = text.parse::<RepositoryPattern>();
        }
    }
}
