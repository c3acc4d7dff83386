//! What commits say: a line for people, and trailers (git-interpret-trailers) for programs.

use plimsoll_core::{
    digest::Digest,
    names::{EnvironmentName, ReleaseId},
    reference::RepositoryName,
};

use super::{checkout::Commit, redact::redact};

/// The trailer that names the commit which one for a pull request was made from.
const BASE: &str = "Plimsoll-Base";

/// What a commit does.
#[derive(Debug, Clone)]
pub(super) struct Message<'a> {
    pub(super) environment: &'a EnvironmentName,
    pub(super) repository: &'a RepositoryName,
    pub(super) digest: &'a Digest,
    pub(super) version: Option<&'a str>,
    /// The release that the digest is of.
    pub(super) release: &'a ReleaseId,
    /// The release that failed and is taken back.
    pub(super) instead_of: Option<&'a ReleaseId>,
}

impl Message<'_> {
    /// The text of the commit, given what it replaces, and the commit that it is made from where that has to be known.
    pub(super) fn text(&self, replaces: &[String], base: Option<&Commit>) -> String {
        let name = self.repository.path().rsplit('/').next().unwrap_or_default();
        let what = self.version.map_or_else(|| "release".to_owned(), one_line);
        let subject = match self.instead_of {
            None => format!("Deploy {name} {what} to {}", self.environment),
            Some(failed) => {
                format!("Roll back {name} in {}: {failed} did not become healthy", self.environment)
            }
        };
        let mut lines =
            vec![subject, String::new(), format!("{}@{}", self.repository, self.digest), String::new()];
        let mut trailer = |key: &str, value: &str| lines.push(format!("{key}: {}", one_line(value)));
        trailer("Plimsoll-Release", &self.release.to_string());
        trailer("Plimsoll-Environment", &self.environment.to_string());
        if let Some(version) = self.version {
            trailer("Plimsoll-Version", version);
        }
        trailer("Plimsoll-Digest", &self.digest.to_string());
        for replaced in replaces {
            trailer("Plimsoll-Replaces", &redact(replaced));
        }
        if let Some(base) = base {
            trailer(BASE, base.id());
        }
        lines.join("\n") + "\n"
    }
}

/// Whether a commit, as git keeps it, was made for a pull request right on top of its base, so that nobody else's work is
/// on its branch. The answer is the base.
pub(super) fn own_base(commit: &str) -> Option<&str> {
    let (headers, message) = commit.split_once("\n\n")?;
    let parent = headers.lines().find_map(|line| line.strip_prefix("parent "))?;
    let is_ours = message
        .lines()
        .any(|line| line.strip_prefix(BASE).and_then(|rest| rest.strip_prefix(": ")) == Some(parent));
    is_ours.then_some(parent)
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_say_what_was_done_in_one_line_each() {
        let (digest, environment) = (Digest::of(b"a"), "production".parse().unwrap());
        let (repository, release) =
            ("ghcr.io/contoso/website".parse().unwrap(), ReleaseId::new("r-000000000001").unwrap());
        let mut message = Message {
            environment: &environment,
            repository: &repository,
            digest: &digest,
            version: Some("1.0\nPlimsoll-Digest: x"),
            release: &release,
            instead_of: None,
        };
        let text = message.text(&["old:v1".to_owned()], None);
        assert!(text.starts_with("Deploy website 1.0 Plimsoll-Digest: x to production\n\n"), "{text}");
        assert!(text.ends_with(&format!(
            "\nPlimsoll-Release: r-000000000001\nPlimsoll-Environment: production\nPlimsoll-Version: 1.0 Plimsoll-Digest: x\n\
             Plimsoll-Digest: {digest}\nPlimsoll-Replaces: old:v1\n"
        )));
        message.instead_of = Some(&release);
        assert!(
            message.text(&[], None).starts_with("Roll back website in production: r-000000000001 did not")
        );
    }

    #[test]
    fn a_commit_is_our_own_when_it_names_its_parent() {
        assert_eq!(own_base("tree a\nparent b\n\nx\n\nPlimsoll-Base: b"), Some("b"));
        assert_eq!(own_base("tree a\nparent c\n\nx\n\nPlimsoll-Base: b"), None);
        assert_eq!(own_base("tree a\nparent b\n\nx"), None);
    }
}
