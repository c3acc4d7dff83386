//! A release's report for people.

use plimsoll_app::{
    release::Preview,
    report::{EnvironmentReport, ReleaseReport},
};
use plimsoll_core::{contract::Finding, ports::Aftermath};

use super::{BAD, FAINT, PLAIN, STRONG, WAITING, shadow, sign, verdict_style};

/// Prints how a release stands.
pub(crate) fn release(report: &ReleaseReport) {
    stand(report, false);
}

/// Prints how a release stands, and what would take it further.
pub(crate) fn why(report: &ReleaseReport) {
    stand(report, true);
}

fn stand(report: &ReleaseReport, with_ways: bool) {
    heading("release", report.standing, report);
    for environment in &report.environments {
        let what = if environment.deployed {
            format!("deployed to {}", environment.location.as_deref().unwrap_or("its target"))
        } else if environment.error.is_some() {
            "not deployed".to_owned()
        } else {
            "not promoted".to_owned()
        };
        self::environment(environment, &what);
        if with_ways {
            ways(environment);
        }
    }
    failure(report);
}

/// Prints what a release would do.
pub(crate) fn plan(report: &ReleaseReport, preview: &Preview) {
    let outcome = match report.standing {
        "done" => "would be done",
        "refused" => "would be refused",
        "waiting" => "would wait",
        _ => "would fail",
    };
    heading("plan of release", outcome, report);
    for environment in &report.environments {
        let change = preview.changes.iter().find(|(name, _)| name.as_str() == environment.name);
        let what = match change {
            Some((_, change)) if change.is_empty() => "would change nothing",
            Some(_) => "would be deployed",
            None if environment.deployed => "runs there already",
            None => "would not be promoted",
        };
        self::environment(environment, what);
        for line in change.iter().flat_map(|(_, change)| change.lines()) {
            say!("    {}", coloured_change(line));
        }
    }
    failure(report);
}

/// Prints one environment with its findings.
pub(crate) fn environment(environment: &EnvironmentReport, what: &str) {
    let verdict = environment.verdict.unwrap_or("not asked");
    let style = verdict_style(environment.verdict);
    say!("\n{STRONG}{}{PLAIN}: {style}{verdict}{PLAIN}, {what}", environment.name);
    findings(&environment.findings);
    for condition in &environment.until {
        say!("  {WAITING}waits until{PLAIN} {condition}");
    }
    if let Some(error) = &environment.error {
        say!("  {BAD}failed:{PLAIN} {}", error.replace('\n', "\n    "));
    }
    if let Some(aftermath) = environment.aftermath {
        say!("  {}", self::aftermath(aftermath));
    }
    environment.shadows.iter().for_each(shadow::comparison);
}

/// Prints what would take a release further in an environment.
fn ways(environment: &EnvironmentReport) {
    for way in &environment.ways {
        say!("  {STRONG}→{PLAIN} {way}");
    }
}

const fn aftermath(aftermath: Aftermath) -> &'static str {
    match aftermath {
        Aftermath::Unchanged => "nothing was changed there",
        Aftermath::RolledBack => "rolled back: what ran before runs again, healthy",
        Aftermath::Left => "left as it is: what runs there now is not known",
    }
}

/// Prints findings, a line each: sign, rule, message.
pub(crate) fn findings(findings: &[Finding]) {
    indented(findings, "  ");
}

/// Prints findings behind an indentation.
pub(super) fn indented(findings: &[Finding], indentation: &str) {
    let widest = findings.iter().map(|finding| finding.rule.chars().count()).max().unwrap_or(0);
    for Finding { rule, outcome, message } in findings {
        let (sign, style) = sign(*outcome);
        say!("{indentation}{style}{sign}{PLAIN} {FAINT}{rule:<widest$}{PLAIN}  {message}");
    }
}

fn heading(title: &str, outcome: &str, report: &ReleaseReport) {
    say!("{STRONG}{title} {}{PLAIN} {FAINT}{outcome}{PLAIN}", report.release);
    if let Some(version) = &report.version {
        say!("version  {version}");
    }
    for (index, tag) in report.tags.iter().enumerate() {
        say!("{}  {tag}", if index == 0 { "tags   " } else { "       " });
    }
    if let Some(digest) = &report.digest {
        say!("digest   {digest}");
    }
    findings(&report.findings);
    report.shadow.iter().for_each(shadow::comparison);
}

fn failure(report: &ReleaseReport) {
    let Some(failure) = &report.failure else { return };
    let hint_for = match &failure.environment {
        // What went wrong stands with the environment.
        Some(environment) => format!("\nhint for {environment}"),
        None => {
            say!("\n{BAD}{} failed:{PLAIN} {}", failure.step, failure.message);
            "hint".to_owned()
        }
    };
    if let Some(hint) = &failure.hint {
        say!("{STRONG}{hint_for}:{PLAIN} {hint}");
    }
}

/// A line of a difference in the usual colours.
fn coloured_change(line: &str) -> String {
    let style = match line.as_bytes().first() {
        Some(b'+') => super::GOOD,
        Some(b'-') => BAD,
        _ => FAINT,
    };
    format!("{style}{line}{PLAIN}")
}
