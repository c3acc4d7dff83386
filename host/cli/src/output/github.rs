//! What a GitHub Actions job gets: outputs and a step summary.

use std::{fmt::Write as _, fs::OpenOptions, io::Write as _, path::Path};

use plimsoll_app::report::{ReleaseReport, outcome_word};
use plimsoll_core::{contract::Finding, ports::FailureClass};

use super::visible;
use crate::{failure::Failure, world::World};

/// Appends the report to the files that the runner names, where it names them.
pub(crate) fn write(world: &World, report: &ReleaseReport) -> Result<(), Failure> {
    if let Some(file) = world.variable("GITHUB_OUTPUT") {
        append(Path::new(&file), &outputs(report))?;
    }
    if let Some(file) = world.variable("GITHUB_STEP_SUMMARY") {
        append(Path::new(&file), &summary(report))?;
    }
    Ok(())
}

fn append(file: &Path, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::new(
            FailureClass::Outside,
            format!("cannot write to {}, which the runner named: {error}", file.display()),
        )
    })
}

/// GitHub's documentation, "Setting an output parameter": `name=value`, or `name<<DELIMITER` for several lines.
fn outputs(report: &ReleaseReport) -> String {
    let deployed = report.environments.iter().filter(|environment| environment.deployed);
    let environments: Vec<&str> = deployed.map(|environment| environment.name.as_str()).collect();
    format!(
        "release={}\nstanding={}\nversion={}\ndigest={}\ndeployed={}\ntags<<PLIMSOLL_TAGS\n{}\nPLIMSOLL_TAGS\n",
        report.release,
        report.standing,
        visible(report.version.as_deref().unwrap_or_default()),
        report.digest.as_deref().unwrap_or_default(),
        environments.join(","),
        report.tags.join("\n"),
    )
}

fn summary(report: &ReleaseReport) -> String {
    let mut text = format!("## Release `{}`: {}\n\n", report.release, report.standing);
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "- **{name}** `{}`", code(value));
        }
    };
    row("Version", report.version.as_deref().unwrap_or_default());
    row("Digest", report.digest.as_deref().unwrap_or_default());
    row("Tags", &report.tags.join(" "));
    if let Some(failure) = &report.failure {
        let _ = writeln!(text, "\n> **{} failed:** {}", failure.step, prose(&failure.message));
        if let Some(hint) = &failure.hint {
            let _ = writeln!(text, ">\n> {}", prose(hint));
        }
    }
    for found in &report.findings {
        let _ = writeln!(text, "- {}", finding(found));
    }
    if !report.environments.is_empty() {
        text.push_str("\n| Environment | Verdict | Deployed | Findings |\n| --- | --- | --- | --- |\n");
    }
    for environment in &report.environments {
        let waits = environment.until.iter().map(|until| format!("waits until {}", prose(until)));
        let error = environment.error.iter().map(|error| format!("failed: {}", prose(error)));
        let findings: Vec<String> =
            environment.findings.iter().map(finding).chain(waits).chain(error).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            environment.name,
            environment.verdict.unwrap_or("not asked"),
            if environment.deployed { "yes" } else { "no" },
            findings.join("<br>"),
        );
    }
    text.push('\n');
    text
}

fn finding(finding: &Finding) -> String {
    format!("{}: {} (`{}`)", outcome_word(finding.outcome), prose(&finding.message), code(&finding.rule))
}

/// A policy's text must not break out of its line, its table cell or its code span.
fn prose(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '\\' | '|' | '`' | '[' | ']' | '!' | '*' | '_' => safe.extend(['\\', character]),
            _ => safe.push(character),
        }
    }
    safe
}

fn code(text: &str) -> String {
    visible(text).replace('`', "'").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(version: &str) -> ReleaseReport {
        ReleaseReport {
            release: "r-000000000000".to_owned(),
            standing: "done",
            version: Some(version.to_owned()),
            tags: vec!["website:v1".to_owned(), "website:latest".to_owned()],
            digest: None,
            findings: vec![],
            shadow: None,
            environments: vec![],
            failure: None,
        }
    }

    #[test]
    fn a_policy_cannot_smuggle_in_an_output() {
        let text = outputs(&report("1\ndigest=sha256:evil"));
        assert!(text.contains("version=1 digest=sha256:evil\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("digest=")).count(), 1);
    }

    #[test]
    fn the_summary_names_the_tags() {
        assert!(summary(&report("1.0.0")).contains("`website:v1 website:latest`"));
    }
}
