//! The rules, in the order of their findings.

use plimsoll_sdk::{Findings, GitRef, NotAVersion, Source, Trigger, VersionTag, quote_all};

use crate::settings::{Settings, is_image_tag};

/// Rule `event`: something was pushed, published or started; proposals are not released.
pub(crate) fn event(source: &Source, findings: &mut Findings) -> bool {
    const RULE: &str = "event";
    match (&source.trigger, &source.git_ref) {
        (Trigger::PullRequest(request), _) => {
            let from = if request.from_fork { " from a fork" } else { "" };
            findings.failed(
                RULE,
                format!(
                    "pull request {}{from} is not released; merge it into `{}`",
                    request.number, request.base
                ),
            );
        }
        (_, GitRef::PullRequest(number)) => {
            findings.failed(RULE, format!("pull request {number} is not released; merge it"));
        }
        (Trigger::Other(name), _) => findings.failed(
            RULE,
            format!("the event `{name}` is not released; pushes, published releases, timetables and manual runs are"),
        ),
        (trigger, git_ref) => {
            let what = match trigger {
                Trigger::Schedule => "the timetable is due for",
                Trigger::Manual => "somebody released",
                Trigger::PublishedRelease(_) => "a release was published for",
                _ => "there is a push of",
            };
            findings.passed(RULE, format!("{what} {git_ref}"));
            return true;
        }
    }
    false
}

/// Rule `version-tag`, once for each git tag that looks like a version: it is one, strictly, and can name an image.
/// Returns the versions, the highest last.
pub(crate) fn versions<'a>(
    source: &'a Source,
    settings: &Settings,
    findings: &mut Findings,
) -> Vec<VersionTag<'a>> {
    const RULE: &str = "version-tag";
    let prefix = &settings.prefix;
    let (mut versions, mut others) = (Vec::new(), Vec::new());
    for tag in &source.tags {
        match VersionTag::parse(tag, prefix) {
            Ok(version) if is_image_tag(tag) => {
                findings.passed(RULE, format!("`{tag}` is a version: the image gets a tag of this name"));
                versions.push(version);
            }
            Ok(_) => findings.failed(
                RULE,
                format!(
                    "`{tag}` cannot name an image: `+` and more than 128 characters are not allowed there"
                ),
            ),
            Err(NotAVersion::Malformed(reason)) => findings.failed(
                RULE,
                format!(
                    "`{tag}` is not `{prefix}MAJOR.MINOR.PATCH` by semantic versioning: {reason}; tag again"
                ),
            ),
            Err(NotAVersion::NotMeant) => others.push(tag),
        }
    }
    let pushed_alone = matches!(source.git_ref, GitRef::Tag(_)) && versions.is_empty();
    match quote_all(others) {
        Some(names) if pushed_alone => findings.failed(
            RULE,
            format!("{names} does not name a version; a tag such as `{prefix}1.2.3` is released"),
        ),
        Some(names) => findings.skipped(RULE, format!("{names} does not name a version")),
        None if source.tags.is_empty() && pushed_alone => {
            findings.failed(RULE, "the event is about a git tag and carries none; push the tag again");
        }
        None if source.tags.is_empty() => findings.skipped(RULE, "the event carries no git tag"),
        None => {}
    }
    versions.sort();
    versions
}

/// Rule `branch`: the event is about the default branch. It fails where nothing else would release the event.
pub(crate) fn branch(
    source: &Source,
    settings: &Settings,
    has_version: bool,
    findings: &mut Findings,
) -> bool {
    const RULE: &str = "branch";
    let default = settings.default_branch.as_ref().or(source.repository.default_branch.as_ref());
    let message = match (&source.git_ref, default) {
        (GitRef::Branch(branch), Some(default)) if branch == default => {
            findings.passed(RULE, format!("`{branch}` is the default branch"));
            return true;
        }
        (GitRef::Branch(branch), Some(default)) => format!(
            "`{branch}` is not the default branch; what releases is a push of `{default}` or a git tag such as `{}1.2.3`",
            settings.prefix
        ),
        (GitRef::Branch(branch), None) => format!(
            "nothing says whether `{branch}` is the default branch; name it in the setting `default-branch`"
        ),
        (GitRef::Detached, _) => format!(
            "a commit without a branch was checked out; check out the default branch, or a git tag such as `{}1.2.3`",
            settings.prefix
        ),
        (GitRef::Tag(_) | GitRef::PullRequest(_), _) => {
            findings.skipped(RULE, "the event is about no branch");
            return false;
        }
    };
    if has_version {
        findings.skipped(RULE, message);
    } else {
        findings.failed(RULE, message);
    }
    false
}

/// Rule `working-tree`: the image will hold what the commit holds. Whether one that does not may be built at all is the
/// host's business: it asks before.
pub(crate) fn working_tree(source: &Source, findings: &mut Findings) {
    const RULE: &str = "working-tree";
    if source.dirty {
        findings
            .skipped(RULE, "the working tree has changes that are not in the commit which the labels name");
    } else {
        findings.passed(RULE, "the working tree is as it was committed");
    }
}

/// Rule `latest`: the moving tag follows the default branch and released versions, no pre-releases.
pub(crate) fn latest(
    source: &Source,
    versions: &[VersionTag<'_>],
    on_default_branch: bool,
    settings: &Settings,
    findings: &mut Findings,
) -> bool {
    const RULE: &str = "latest";
    let Settings { latest, .. } = settings;
    let marked = matches!(&source.trigger, Trigger::PublishedRelease(release) if release.prerelease);
    match versions.last() {
        _ if latest.is_empty() => findings.skipped(RULE, "the settings name no tag that moves"),
        _ if on_default_branch => {
            findings.passed(RULE, format!("`{latest}` moves here: the event is the default branch's"));
            return true;
        }
        Some(highest) if highest.is_prerelease() => {
            findings.skipped(RULE, format!("`{latest}` stays: `{}` is a pre-release", highest.tag()));
        }
        Some(_) if marked => {
            findings.skipped(RULE, format!("`{latest}` stays: the release is marked as a pre-release"));
        }
        Some(highest) => {
            findings
                .passed(RULE, format!("`{latest}` moves here: `{}` is a released version", highest.tag()));
            return true;
        }
        None => findings.skipped(RULE, format!("`{latest}` stays: there is no version")),
    }
    false
}
