//! A report as JUnit XML, which CI systems show.

use quick_xml::{
    Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

use super::report::{CaseReport, SuiteReport};

/// The name of the `testcase` that is about rule coverage.
const COVERAGE: &str = "rule coverage";

/// Suites as one JUnit document: a `testsuite` for each file, a `testcase` for each case, and one for the rule coverage where
/// at least so many percent are asked for.
#[must_use]
pub fn junit(reports: &[SuiteReport], least_coverage: Option<u32>) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing into memory does not fail.
    let written = write(&mut writer, reports, least_coverage);
    debug_assert!(written.is_ok());
    let body = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n")
}

fn write(
    writer: &mut Writer<Vec<u8>>,
    reports: &[SuiteReport],
    least_coverage: Option<u32>,
) -> std::io::Result<()> {
    writer.write_event(Event::Start(BytesStart::new("testsuites")))?;
    for report in reports {
        let (_, failed) = report.counts();
        let uncovered = least_coverage.filter(|least| !report.coverage.reaches(*least));
        let tests = report.cases.len() + usize::from(least_coverage.is_some());
        let failed = failed + usize::from(uncovered.is_some());
        let mut suite = BytesStart::new("testsuite");
        suite.push_attribute(("name", clean(&report.path.display().to_string()).as_str()));
        suite.push_attribute(("tests", tests.to_string().as_str()));
        suite.push_attribute(("failures", failed.to_string().as_str()));
        writer.write_event(Event::Start(suite))?;
        for case in &report.cases {
            write_case(writer, report, case)?;
        }
        if least_coverage.is_some() {
            write_coverage(writer, report, uncovered)?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuites")))
}

fn write_case(writer: &mut Writer<Vec<u8>>, report: &SuiteReport, case: &CaseReport) -> std::io::Result<()> {
    let mut element = BytesStart::new("testcase");
    element.push_attribute(("name", clean(&case.name).as_str()));
    element.push_attribute(("classname", clean(&report.policy.name).as_str()));
    if let Some(line) = case.line {
        element.push_attribute(("file", clean(&report.path.display().to_string()).as_str()));
        element.push_attribute(("line", line.to_string().as_str()));
    }
    if case.passed() {
        return writer.write_event(Event::Empty(element));
    }
    let message = case.complaints.first().map(ToString::to_string).unwrap_or_default();
    write_failure(writer, element, &message, &case.to_string())
}

/// Whether enough rules came out both ways, as a case of its own: a CI system that counts cases would not see it else.
fn write_coverage(
    writer: &mut Writer<Vec<u8>>,
    report: &SuiteReport,
    uncovered: Option<u32>,
) -> std::io::Result<()> {
    let mut element = BytesStart::new("testcase");
    element.push_attribute(("name", COVERAGE));
    element.push_attribute(("classname", clean(&report.policy.name).as_str()));
    let Some(least) = uncovered else { return writer.write_event(Event::Empty(element)) };
    let message = format!(
        "{} % of the rules came out both ways, and {least} % are asked for",
        report.coverage.percent()
    );
    let rules: Vec<String> =
        report.coverage.uncovered().map(|(name, rule)| format!("{name} {}", rule.missing())).collect();
    write_failure(writer, element, &message, &rules.join("\n"))
}

fn write_failure(
    writer: &mut Writer<Vec<u8>>,
    element: BytesStart<'_>,
    message: &str,
    text: &str,
) -> std::io::Result<()> {
    writer.write_event(Event::Start(element))?;
    let mut failure = BytesStart::new("failure");
    failure.push_attribute(("message", clean(message).as_str()));
    writer.write_event(Event::Start(failure))?;
    writer.write_event(Event::Text(BytesText::new(&clean(text))))?;
    writer.write_event(Event::End(BytesEnd::new("failure")))?;
    writer.write_event(Event::End(BytesEnd::new("testcase")))
}

/// A text without the characters that XML 1.0 cannot hold (section 2.2).
fn clean(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if allowed(c) { c } else { '\u{fffd}' }).collect()
}
