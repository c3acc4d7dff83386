//! Targets that are a repository which a cluster follows.

use std::{
    path::{Component, Path},
    time::Duration,
};

use url::Url;

use super::{access, check_access, is_field};
use crate::configuration::{
    address,
    binding::take,
    model::{ENVIRONMENT_PLACEHOLDER, GitOpsTarget, GitOpsWait, GitOpsWrite},
    problem::Problem,
    reader::{Reader, Text},
};

pub(in crate::configuration) const BRANCH: &str = "main";
const VALUE: &str = "image";
const WAIT: Duration = Duration::from_mins(10);

pub(super) fn gitops(
    reader: &Reader<'_>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<GitOpsTarget> {
    let mut checked = |key, check: fn(Text<'_>) -> Result<(), Problem>| {
        reader.text(key).map(|written| take(check(written).map(|()| written.text.to_owned()), problems))
    };
    let address = checked("repository", check_repository);
    let branch = checked("branch", check_branch).unwrap_or_else(|| Some(BRANCH.to_owned()));
    let path = checked("path", check_path);
    let pull_request = checked("pull-request", check_pattern);
    let author = checked("author", check_author);
    let write = write(reader, problems);
    let wait = reader.table("wait").map(|wait| waiting(&wait, folder, problems));
    Some(GitOpsTarget {
        repository: repository(&address??, folder),
        branch: branch?,
        path: path??.into(),
        write: write?,
        pull_request: optional(pull_request)?,
        author: optional(author)?,
        wait,
    })
}

/// What is absent stays absent; what is wrong makes the whole absent.
fn optional(value: Option<Option<String>>) -> Option<Option<String>> {
    match value {
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
        None => Some(None),
    }
}

fn write(reader: &Reader<'_>, problems: &mut Vec<Problem>) -> Option<GitOpsWrite> {
    let kind = reader.text("write").map_or("manifests", |kind| kind.text);
    let value = reader.text("value");
    if kind != "values"
        && let Some(value) = value
    {
        let help = format!("this target has `write = \"{kind}\"`");
        problems.push(Problem::new(value.span, "`value` goes with `write = \"values\"`").help(help));
        return None;
    }
    match kind {
        "kustomization" => Some(GitOpsWrite::Kustomization),
        "values" => match value {
            Some(value) if !value.text.split('.').all(is_field) => {
                let message = format!("`{}` is no way to a value", value.text);
                problems.push(
                    Problem::new(value.span, message).help("write names with dots between: `web.image`"),
                );
                None
            }
            value => Some(GitOpsWrite::Values { path: value.map_or(VALUE, |value| value.text).to_owned() }),
        },
        _ => Some(GitOpsWrite::Manifests),
    }
}

fn waiting(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> GitOpsWait {
    check_access(reader, problems);
    GitOpsWait {
        access: access(reader, folder),
        namespace: reader.text("namespace").map(|name| name.text.to_owned()),
        timeout: reader.duration("timeout").unwrap_or(WAIT),
    }
}

/// The repository as git is given it: a relative path starts at the folder of the configuration. As for git, what has a
/// colon before its first slash is `HOST:PATH` (git-clone, "GIT URLS").
pub(in crate::configuration) fn repository(written: &str, folder: &Path) -> String {
    let first = written.split('/').next().unwrap_or_default();
    if first.contains(':') { written.to_owned() } else { folder.join(written).to_string_lossy().into_owned() }
}

fn check_repository(written: Text<'_>) -> Result<(), Problem> {
    let help =
        "write an address as git takes it, such as `https://git.example.com/contoso/deploy.git`, or a path";
    // Git would take it for an option, or for a program to run (gitremote-helpers).
    if written.text.starts_with('-') || written.text.contains("::") {
        return Err(Problem::new(written.span, format!("`{}` is no repository", written.text)).help(help));
    }
    match Url::parse(written.text) {
        Ok(url) => {
            address::refuse_password(&url, written, "git asks its credential helper, or the ssh agent")
        }
        // Unlike a path, an address that cannot be read could hold a password.
        Err(_) if written.text.contains("://") => {
            let problem = Problem::new(written.span, "this is no address of a repository").help(help);
            Err(address::unreadable(problem, written))
        }
        Err(_) => Ok(()),
    }
}

/// The rules for names of branches that matter here (git-check-ref-format).
fn check_branch(written: Text<'_>) -> Result<(), Problem> {
    let text = written.text;
    let is_forbidden =
        |letter: char| letter.is_whitespace() || letter.is_control() || "~^:?*[\\{}".contains(letter);
    let is_part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.ends_with(".lock")
    };
    if !text.starts_with('-')
        && !text.contains("..")
        && !text.contains(is_forbidden)
        && text.split('/').all(is_part)
    {
        return Ok(());
    }
    Err(Problem::new(written.span, format!("`{text}` is no name for a branch"))
        .help("write one that git takes, such as `main` or `teams/web`"))
}

/// A branch's name with placeholders.
fn check_pattern(written: Text<'_>) -> Result<(), Problem> {
    let replaced = written.text.replace(ENVIRONMENT_PLACEHOLDER, "x");
    if let Some(at) = replaced.find('{') {
        let unknown = replaced[at..].find('}').map_or(&replaced[at..], |end| &replaced[at..=at + end]);
        let message = format!("`{unknown}` stands for nothing in the name of a branch");
        let help = format!("there is `{ENVIRONMENT_PLACEHOLDER}`, the environment's name");
        return Err(Problem::new(written.span, message).help(help));
    }
    check_branch(Text { text: &replaced, span: written.span })
}

fn check_path(written: Text<'_>) -> Result<(), Problem> {
    let stays = |part: Component<'_>| match part {
        // Git's own files are no part of what the cluster follows.
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        Component::CurDir => true,
        _ => false,
    };
    if Path::new(written.text).components().all(stays) {
        return Ok(());
    }
    Err(Problem::new(written.span, format!("`{}` is no place in the repository", written.text))
        .help("write a path that starts at the top of the repository, without `..`"))
}

fn check_author(written: Text<'_>) -> Result<(), Problem> {
    let parts = written.text.strip_suffix('>').and_then(|text| text.split_once(" <"));
    let is_plain = |text: &str| !text.trim().is_empty() && !text.contains(['<', '>', '\n', '\r', '\0']);
    if parts.is_some_and(|(name, mail)| is_plain(name) && is_plain(mail)) {
        return Ok(());
    }
    Err(Problem::new(written.span, format!("`{}` is no author", written.text))
        .help("write a name and an address: `Plimsoll <plimsoll@example.com>`"))
}
