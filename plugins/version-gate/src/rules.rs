//! The four rules. Each looks at the tags that the one before left over, and fails when none is left.

use plimsoll_sdk::{Findings, Image, NotAVersion, VersionTag, quote_all};

use crate::Settings;

/// Judges an image by its own tags and those of the git event that it came from.
pub(crate) fn judge(image: &Image, git_tags: &[String], settings: &Settings) -> Findings {
    let mut findings = Findings::new();
    let matching = matching(image, git_tags, settings, &mut findings);
    let versions = versions(&matching, settings, &mut findings);
    let ripe = ripe(versions, settings, &mut findings);
    on_image(&ripe, image, &mut findings);
    findings
}

/// Rule `pattern`: a tag matches the pattern.
fn matching<'a>(
    image: &'a Image,
    git_tags: &'a [String],
    settings: &Settings,
    findings: &mut Findings,
) -> Vec<&'a str> {
    let mut matching: Vec<&str> = Vec::new();
    for tag in image.tags.iter().chain(git_tags) {
        if settings.admits(tag) && !matching.contains(&tag.as_str()) {
            matching.push(tag);
        }
    }
    if let Some(seen) = quote_all(&matching) {
        findings.passed("pattern", format!("{seen} matches `{}`", settings.pattern_text()));
    } else {
        findings.failed(
            "pattern",
            format!(
                "no tag matches `{}`: the image carries {}; release a commit with a git tag such as `{}1.2.3`",
                settings.pattern_text(),
                quote_all(&image.tags).unwrap_or_else(|| "no tag".to_owned()),
                settings.prefix,
            ),
        );
    }
    matching
}

/// Rule `semantic-version`: after the prefix stands a semantic version and nothing else.
fn versions<'a>(matching: &[&'a str], settings: &Settings, findings: &mut Findings) -> Vec<VersionTag<'a>> {
    const RULE: &str = "semantic-version";
    let mut versions = Vec::new();
    let mut reason = None;
    for tag in matching {
        match VersionTag::parse(tag, &settings.prefix) {
            Ok(version) => versions.push(version),
            Err(error) => reason = reason.or(Some((tag, error))),
        }
    }
    match (versions.first(), reason) {
        (Some(first), _) => findings.passed(RULE, format!("`{}` is a semantic version", first.tag())),
        (None, Some((tag, NotAVersion::NotMeant))) => findings.failed(
            RULE,
            format!("`{tag}` does not name a version; name it `{}MAJOR.MINOR.PATCH`", settings.prefix),
        ),
        (None, Some((tag, NotAVersion::Malformed(reason)))) => findings.failed(
            RULE,
            format!(
                "`{tag}` is not `{}MAJOR.MINOR.PATCH` by semantic versioning: {reason}; tag the commit again",
                settings.prefix
            ),
        ),
        (None, None) => findings.skipped(RULE, "there is no tag to read a version from"),
    }
    versions
}

/// Rule `pre-release`: the version is not a pre-release, or these may enter too.
fn ripe<'a>(
    versions: Vec<VersionTag<'a>>,
    settings: &Settings,
    findings: &mut Findings,
) -> Vec<VersionTag<'a>> {
    const RULE: &str = "pre-release";
    let Some(seen) = versions.iter().max().map(VersionTag::tag) else {
        findings.skipped(RULE, "there is no version");
        return versions;
    };
    if settings.pre_releases {
        findings.passed(RULE, "the settings let pre-releases in");
        return versions;
    }
    let ripe: Vec<_> = versions.into_iter().filter(|version| !version.is_prerelease()).collect();
    if let Some(version) = ripe.first() {
        findings.passed(RULE, format!("`{}` is not a pre-release", version.tag()));
    } else {
        findings.failed(
            RULE,
            format!("`{seen}` is a pre-release; release the version itself, or set `pre-releases = true`"),
        );
    }
    ripe
}

/// Rule `on-image`: the tag is on the image, not only on its commit.
fn on_image(ripe: &[VersionTag<'_>], image: &Image, findings: &mut Findings) {
    const RULE: &str = "on-image";
    let carried = ripe.iter().find(|version| image.tags.iter().any(|tag| tag == version.tag()));
    match (carried, ripe.first()) {
        (Some(version), _) => {
            findings.passed(RULE, format!("the image carries the tag `{}`", version.tag()));
        }
        (None, Some(version)) => findings.failed(
            RULE,
            format!(
                "the commit carries the tag `{}` and the image does not; release the push of that tag",
                version.tag()
            ),
        ),
        (None, None) => findings.skipped(RULE, "there is no version whose tag the image could carry"),
    }
}
