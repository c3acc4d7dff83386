//! Reports of test runners: the XML that JUnit's task of Ant began with, in all its dialects.

use plimsoll_core::contract::EvidenceOutcome;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{EvidenceError, Outcome, counted};
use crate::text::{LONGEST_VALUE, line};

/// The deepest nesting of elements that is read.
const DEEPEST: usize = 64;
const FORMAT: &str = "JUnit XML";

/// What a report adds up to.
#[derive(Debug, Default)]
struct Tally {
    tests: u64,
    failed: u64,
    skipped: u64,
    /// The most failures and errors that one suite claims, whatever its cases say.
    claimed: u64,
    /// The test that is being read, and whether it has failed or was skipped.
    open: Option<Test>,
    /// The first one that failed.
    first: Option<String>,
}

/// A test that is being read.
#[derive(Debug, Default)]
struct Test {
    depth: usize,
    name: String,
    failed: bool,
    skipped: bool,
}

pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Outcome, EvidenceError> {
    let mut reader = Reader::from_reader(bytes);
    let malformed = |position: u64, problem: String| EvidenceError::Malformed {
        file: file.to_owned(),
        format: FORMAT,
        line: line_at(bytes, position),
        problem: line(&problem, LONGEST_VALUE),
    };
    let mut tally = Tally::default();
    let mut depth = 0;
    let mut roots = 0;
    loop {
        let position = reader.buffer_position();
        let event = reader.read_event();
        let event = event.map_err(|error| malformed(reader.error_position(), error.to_string()))?;
        match event {
            Event::Start(element) => {
                roots += usize::from(depth == 0);
                depth += 1;
                if depth > DEEPEST {
                    return Err(malformed(position, format!("elements are nested over {DEEPEST} deep")));
                }
                tally.begin(&element, depth).map_err(|problem| malformed(position, problem))?;
            }
            Event::Empty(element) => {
                roots += usize::from(depth == 0);
                tally.begin(&element, depth + 1).map_err(|problem| malformed(position, problem))?;
                tally.end(depth + 1);
            }
            Event::End(_) => {
                tally.end(depth);
                depth = depth.saturating_sub(1);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let end = reader.buffer_position();
    match (depth, roots) {
        (0, 1) => Ok(tally.outcome()),
        (0, _) => Err(malformed(end, "it has to have one element that holds all others".to_owned())),
        _ => Err(malformed(end, "the file ends in the middle of an element".to_owned())),
    }
}

impl Tally {
    fn begin(&mut self, element: &BytesStart<'_>, depth: usize) -> Result<(), String> {
        match (element.local_name().as_ref(), &mut self.open) {
            (b"testsuites" | b"testsuite", _) => {
                let claims = number(element, "failures")?.saturating_add(number(element, "errors")?);
                self.claimed = self.claimed.max(claims);
            }
            (name, _) if depth == 1 => {
                let name = String::from_utf8_lossy(name);
                return Err(format!("it begins with `{name}` where `testsuites` or `testsuite` is expected"));
            }
            (b"testcase", None) => {
                let name = attribute(element, "name")?.unwrap_or_default();
                self.open = Some(Test { depth, name, ..Test::default() });
            }
            (b"failure" | b"error", Some(test)) => test.failed = true,
            (b"skipped", Some(test)) => test.skipped = true,
            // A suite that broke outside of its tests.
            (b"failure" | b"error", None) => self.claimed = self.claimed.max(1),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, depth: usize) {
        let Some(test) = self.open.take_if(|test| test.depth == depth) else { return };
        self.tests += 1;
        if test.failed {
            self.failed += 1;
            self.first.get_or_insert(test.name);
        } else if test.skipped {
            self.skipped += 1;
        }
    }

    fn outcome(self) -> Outcome {
        let failed = self.failed.max(self.claimed);
        let mut value = if failed > 0 {
            format!("{failed} of {} failed", counted(self.tests.max(failed), "test"))
        } else {
            format!("{} passed", counted(self.tests - self.skipped, "test"))
        };
        if self.skipped > 0 {
            value = format!("{value}, {} skipped", self.skipped);
        }
        if let Some(first) = self.first.filter(|first| !first.is_empty()) {
            value = format!("{value}; the first: {first}");
        }
        if failed > 0 {
            (EvidenceOutcome::Failed, Some(value))
        } else if self.tests == self.skipped {
            (EvidenceOutcome::Unknown, Some(format!("no test was run{}", skipped(self.skipped))))
        } else {
            (EvidenceOutcome::Passed, Some(value))
        }
    }
}

fn skipped(count: u64) -> String {
    if count == 0 { String::new() } else { format!(": {count} skipped") }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let attribute = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let Some(attribute) = attribute else { return Ok(None) };
    // An entity that the file defines itself is not followed.
    let value = attribute.unescape_value().map(std::borrow::Cow::into_owned);
    Ok(Some(value.unwrap_or_else(|_| String::from_utf8_lossy(&attribute.value).into_owned())))
}

/// A count. Some runners write an empty one; anything else that is no number is a mistake, for it may hide failures.
fn number(element: &BytesStart<'_>, name: &str) -> Result<u64, String> {
    let text = attribute(element, name)?.unwrap_or_default();
    match text.trim() {
        "" => Ok(0),
        text => text.parse().map_err(|_| format!("`{name}` is `{text}` where a number is expected")),
    }
}

fn line_at(bytes: &[u8], position: u64) -> usize {
    let position = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
    bytes[..position].iter().filter(|byte| **byte == b'\n').count() + 1
}
