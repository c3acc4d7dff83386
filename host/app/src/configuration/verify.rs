//! The checks that follow a deployment.

use std::{path::Path, time::Duration};

use plimsoll_core::names::CheckName;

use super::{
    address::{self, PlainHttp},
    binding::take,
    model::{Check, CheckAction},
    problem::Problem,
    reader::{Reader, Text},
};

const TIMEOUT: Duration = Duration::from_mins(5);
const WITHIN: Duration = Duration::from_mins(1);
const OK: u16 = 200;

/// Reads the checks of an environment; `target` is how it is deployed to.
pub(super) fn checks(
    readers: &[Reader<'_>],
    target: Option<&Reader<'_>>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Check>> {
    report_duplicates(readers, problems);
    for job in readers.iter().filter_map(|reader| reader.text("job")) {
        problems.extend(job_without_cluster(job, target));
    }
    let read: Vec<_> = readers.iter().map(|reader| check(reader, folder, problems)).collect();
    read.into_iter().collect()
}

fn check(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Check> {
    let name = reader.text("name").and_then(|name| {
        take(CheckName::new(name.text).map_err(|error| Problem::new(name.span, error.to_string())), problems)
    });
    let action = action(reader, folder, problems);
    Some(Check { name: name?, required: reader.flag("required").unwrap_or(true), action: action? })
}

fn action(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<CheckAction> {
    let timeout = reader.duration("timeout").unwrap_or(TIMEOUT);
    if let Some(url) = reader.text("http") {
        let instead =
            "ask an address that needs no password, or write a `command` that reads it from elsewhere";
        return Some(CheckAction::Http {
            url: take(address::web(url, PlainHttp::Anywhere, instead), problems)?,
            status: reader.count("status").and_then(|status| u16::try_from(status).ok()).unwrap_or(OK),
            contains: reader.text("contains").map(|text| text.text.to_owned()),
            within: reader.duration("within").unwrap_or(WITHIN),
        });
    }
    if let Some(job) = reader.text("job") {
        return Some(CheckAction::Job { manifest: folder.join(job.text), timeout });
    }
    let words = reader.words("command");
    (!words.is_empty()).then_some(CheckAction::Command { words, timeout })
}

fn job_without_cluster(job: Text<'_>, target: Option<&Reader<'_>>) -> Option<Problem> {
    let kind = target?.text("kind")?.text;
    (kind != "kubernetes").then(|| {
        let message = "a `job` runs in a cluster that is deployed to, and this environment has none";
        let help =
            format!("write a `command`, or give the environment another target than `{kind}`: `kubernetes`");
        Problem::new(job.span, message).help(help)
    })
}

fn report_duplicates(readers: &[Reader<'_>], problems: &mut Vec<Problem>) {
    let names: Vec<Text<'_>> = readers.iter().filter_map(|reader| reader.text("name")).collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|earlier| earlier.text == name.text) {
            let message = format!("there is already a check `{}` in this environment", name.text);
            problems.push(Problem::new(name.span, message).help("give each check a name of its own"));
        }
    }
}
