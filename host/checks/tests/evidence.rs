//! Reports as tools write them, and as they should not.

use plimsoll_checks::evidence::{EvidenceError, Format, LARGEST_FILE, Level, read};
use plimsoll_core::contract::EvidenceOutcome::{self, Failed, Passed, Unknown};
use proptest::prelude::*;
use serde_json::{Value, json};

fn detected(text: &str) -> (EvidenceOutcome, String) {
    let checked = read("report", text.as_bytes(), None, Level::Error).expect("it is a report");
    (checked.outcome, checked.value.unwrap_or_default())
}

fn problem(text: &str) -> String {
    read("report", text.as_bytes(), None, Level::Error).expect_err("it is no report").to_string()
}

/// A log of one run of a scanner with two rules, an extension with one, and these results.
fn log(results: &Value) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "trivy",
                    "rules": [
                        { "id": "CVE-1", "defaultConfiguration": { "level": "error" } },
                        { "id": "CVE-2", "guid": "g-2", "defaultConfiguration": { "level": "note" } },
                        { "id": "CVE-3" },
                    ],
                },
                "extensions": [
                    { "name": "extra", "rules": [{ "id": "X", "defaultConfiguration": { "level": "error" } }] },
                ],
            },
            "invocations": [{
                "executionSuccessful": true,
                "ruleConfigurationOverrides": [
                    { "descriptor": { "id": "CVE-2" }, "configuration": { "level": "error" } },
                ],
            }],
            "results": results,
        }],
    })
}

fn scanned(results: &Value) -> (EvidenceOutcome, String) {
    detected(&log(results).to_string())
}

#[test]
fn results_are_counted_by_level() {
    let results = json!([
        { "ruleId": "CVE-1", "level": "warning" },
        { "ruleId": "CVE-1" },
        { "ruleId": "CVE-1", "level": "none" },
        { "ruleIndex": 1 },
        { "message": { "text": "of no rule" } },
    ]);
    assert_eq!(
        scanned(&results),
        (Failed, "1 error, 2 warnings, 1 note, 1 ungraded result (trivy)".to_owned())
    );
    assert_eq!(scanned(&json!([])), (Passed, "nothing found (trivy)".to_owned()));
}

#[test]
fn the_level_comes_from_where_the_standard_says() {
    let error = (Failed, "1 error (trivy)".to_owned());
    let warning = (Passed, "1 warning (trivy)".to_owned());
    let note = (Passed, "1 note (trivy)".to_owned());
    for (result, expected) in [
        (json!({ "ruleId": "CVE-1" }), &error),
        (json!({ "ruleId": "CVE-1/part/of/it" }), &error),
        (json!({ "ruleId": "CVE-1", "ruleIndex": -1 }), &error),
        (json!({ "rule": { "index": 0 } }), &error),
        (json!({ "rule": { "guid": "g-2" } }), &note),
        (json!({ "ruleId": "CVE-2" }), &note),
        (json!({ "ruleId": "CVE-2", "provenance": { "invocationIndex": 0 } }), &error),
        (json!({ "ruleId": "CVE-3" }), &warning),
        (json!({ "ruleId": "CVE-3", "kind": "fail" }), &warning),
        (json!({ "ruleId": "nowhere" }), &warning),
        (json!({ "ruleIndex": 99 }), &warning),
        (json!({ "rule": { "id": "X", "toolComponent": { "index": 0 } } }), &error),
        (json!({ "rule": { "id": "X", "toolComponent": { "name": "extra" } } }), &error),
        (json!({ "rule": { "id": "CVE-1", "toolComponent": { "name": "trivy" } } }), &error),
        (json!({ "rule": { "id": "X", "toolComponent": { "name": "other" } } }), &warning),
    ] {
        assert_eq!(&scanned(&json!([result])), expected, "{result}");
    }
}

#[test]
fn what_is_no_problem_does_not_count() {
    for (result, expected) in [
        (json!({ "ruleId": "CVE-1", "kind": "pass" }), "nothing found (trivy)"),
        (json!({ "ruleId": "CVE-1", "kind": "notApplicable" }), "nothing found (trivy)"),
        (json!({ "ruleId": "CVE-1", "kind": "review" }), "1 to review (trivy)"),
        (json!({ "ruleId": "CVE-1", "baselineState": "absent" }), "nothing found (trivy)"),
        (json!({ "ruleId": "CVE-1", "suppressions": [{ "kind": "inSource" }] }), "1 suppressed (trivy)"),
        (
            json!({ "ruleId": "CVE-1", "suppressions": [{ "kind": "external", "status": "accepted" }] }),
            "1 suppressed (trivy)",
        ),
    ] {
        assert_eq!(scanned(&json!([result])), (Passed, expected.to_owned()), "{result}");
    }
    for result in [
        json!({ "ruleId": "CVE-1", "suppressions": [] }),
        json!({ "ruleId": "CVE-1", "suppressions": [{ "kind": "external", "status": "rejected" }] }),
        json!({ "ruleId": "CVE-1", "suppressions": [{ "kind": "inSource" }, { "kind": "external", "status": "underReview" }] }),
        json!({ "ruleId": "CVE-1", "baselineState": "unchanged" }),
        json!({ "ruleId": "CVE-1", "baselineState": "new" }),
    ] {
        assert_eq!(scanned(&json!([result])), (Failed, "1 error (trivy)".to_owned()), "{result}");
    }
}

#[test]
fn the_threshold_says_what_fails() {
    let log = log(&json!([{ "level": "note" }])).to_string();
    let outcome = |threshold| read("scan", log.as_bytes(), Some(Format::Sarif), threshold).unwrap().outcome;
    assert_eq!(outcome(Level::Error), Passed);
    assert_eq!(outcome(Level::Warning), Passed);
    assert_eq!(outcome(Level::Note), Failed);
    assert_eq!(outcome(Level::None), Failed);
}

#[test]
fn a_scan_that_does_not_tell_everything_is_unknown() {
    let altered = |alter: fn(&mut Value)| {
        let mut log = log(&json!([]));
        alter(&mut log);
        detected(&log.to_string())
    };
    let (outcome, value) =
        altered(|log| log["runs"][0]["invocations"][0]["executionSuccessful"] = json!(false));
    assert_eq!(outcome, Unknown);
    assert!(value.contains("did not run to its end"), "{value}");
    assert_eq!(altered(|log| log["runs"][0]["results"] = Value::Null).0, Unknown);
    assert_eq!(altered(|log| log["runs"] = json!([])).0, Unknown);
    assert_eq!(
        altered(|log| log["runs"][0]["externalPropertyFileReferences"] = json!({ "results": [{}] })).0,
        Unknown
    );
    // What it did find counts all the same.
    let (outcome, _) = altered(|log| {
        log["runs"][0]["invocations"][0]["executionSuccessful"] = json!(false);
        log["runs"][0]["results"] = json!([{ "level": "error" }]);
    });
    assert_eq!(outcome, Failed);
}

#[test]
fn other_versions_and_other_things_are_refused() {
    assert!(problem(r#"{ "version": "1.0.0", "runs": [] }"#).contains("`1.0.0`"));
    assert!(
        problem("{ \"version\": \"2.1.0\",\n \"runs\": [{}] }")
            .starts_with("report:2: not SARIF 2.1.0: missing")
    );
    assert!(problem("{\n\"version\": \"2.1.0\"").starts_with("report:2: not JSON"));
    let strange = log(&json!([{ "level": "fatal" }])).to_string();
    assert!(problem(&strange).contains("fatal"));
    for text in ["", "  ", "text", "[]", "{}", "\u{0}"] {
        assert!(problem(text).starts_with("report is in no format"), "{text:?}");
    }
}

#[test]
fn test_runners_are_understood() {
    let report = |inside: &str| {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>{inside}</testsuites>")
    };
    for (inside, outcome, value) in [
        (
            "<testsuite name='a'><testcase name='one'/><testcase name='two'></testcase></testsuite>",
            Passed,
            "2 tests passed",
        ),
        (
            "<testsuite><testcase name='a &lt; b'><failure>text <![CDATA[<x>]]></failure></testcase><testcase/></testsuite>",
            Failed,
            "1 of 2 tests failed; the first: a < b",
        ),
        (
            "<testsuite><testcase name='one'><error/><failure/></testcase></testsuite>",
            Failed,
            "1 of 1 test failed; the first: one",
        ),
        (
            "<testsuite><testcase/><testcase><skipped/></testcase></testsuite>",
            Passed,
            "1 test passed, 1 skipped",
        ),
        ("<testsuite><testsuite><testcase/></testsuite></testsuite>", Passed, "1 test passed"),
        // A run that was tried again and passed.
        ("<testsuite><testcase><flakyFailure/></testcase></testsuite>", Passed, "1 test passed"),
        // A suite that broke before its tests, and one that says so without them.
        ("<testsuite><error/></testsuite>", Failed, "1 of 1 test failed"),
        ("<testsuite failures='1' errors='2'><testcase/></testsuite>", Failed, "3 of 3 tests failed"),
        ("<testsuite tests='0'/>", Unknown, "no test was run"),
        ("<testsuite><testcase><skipped/></testcase></testsuite>", Unknown, "no test was run: 1 skipped"),
        ("", Unknown, "no test was run"),
    ] {
        assert_eq!(detected(&report(inside)), (outcome, value.to_owned()), "{inside}");
    }
    assert_eq!(detected("\u{feff}<testsuite><testcase/></testsuite>").0, Passed);
}

#[test]
fn broken_reports_of_tests_say_where() {
    for (text, start) in [
        ("<testsuite>\n<testcase>", "report:2: not JUnit XML: the file ends"),
        ("<testsuite>\n\n</testsuites>", "report:3: not JUnit XML"),
        ("<html></html>", "report:1: not JUnit XML: it begins with `html`"),
        ("<testsuite/><testsuite/>", "report:1: not JUnit XML: it has to have one element"),
        (
            "<testsuite>\n<testsuite failures='many'/></testsuite>",
            "report:2: not JUnit XML: `failures` is `many`",
        ),
        ("<!-- nothing -->", "report:1: not JUnit XML: it has to have one element"),
    ] {
        let problem = problem(text);
        assert!(problem.starts_with(start), "{text}: {problem}");
    }
    assert!(problem(&"<testsuite>".repeat(100_000)).contains("nested over"));
}

#[test]
fn an_entity_is_never_followed() {
    let text = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
        <testsuite><testcase name='&b;&f;'><failure/></testcase></testsuite>";
    assert_eq!(detected(text), (Failed, "1 of 1 test failed; the first: &b;&f;".to_owned()));
}

#[test]
fn a_plain_result_is_read() {
    assert_eq!(
        detected(r#"{ "outcome": "passed", "value": "p99 \u001b[2J 120 ms\n" }"#),
        (Passed, "p99  [2J 120 ms".to_owned())
    );
    assert_eq!(detected(r#"{ "outcome": "unknown" }"#), (Unknown, String::new()));
    assert!(problem(r#"{ "outcome": "good" }"#).contains("`good`"));
    assert!(problem(r#"{ "outcome": "passed", "valeu": "x" }"#).contains("valeu"));
    let long = detected(&json!({ "outcome": "failed", "value": "x".repeat(100_000) }).to_string()).1;
    assert_eq!(long.chars().count(), 1000);
}

#[test]
fn what_is_too_large_is_not_read() {
    let error = read("big", &vec![b' '; LARGEST_FILE + 1], None, Level::Error).unwrap_err();
    assert!(matches!(error, EvidenceError::TooLarge { .. }));
    // Deeper than a stack: refused, not followed.
    for start in ["{\"version\":", "{\"version\":\"2.1.0\",\"runs\":", "{\"outcome\":"] {
        assert!(problem(&format!("{start}{}", "[".repeat(1_000_000))).starts_with("report:1: not JSON"));
    }
}

/// Pieces of reports, put together without sense.
fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"runs\"",
        "\"version\"",
        "\"2.1.0\"",
        "\"tool\"",
        "\"driver\"",
        "\"name\"",
        "\"results\"",
        "\"level\"",
        "\"error\"",
        "\"outcome\"",
        "\"passed\"",
        "\"rules\"",
        "\"ruleIndex\"",
        "-1",
        "1e99",
        "null",
        "<testsuite",
        "<testsuites>",
        "</testsuites>",
        "<testcase",
        "/>",
        ">",
        "</testcase>",
        "<failure/>",
        " failures='9'",
        " errors=\"99999999999999999999\"",
        " name='&lt;&x;'",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<!DOCTYPE",
        "\u{feff}",
        "\u{0}",
        "ä",
        "\n",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in pieces(), bytes: Vec<u8>) {
        for format in [None, Some(Format::Sarif), Some(Format::Junit), Some(Format::Json)] {
            for bytes in [text.as_bytes(), &bytes] {
                let Ok(checked) = read("report", bytes, format, Level::Note) else { continue };
                let value = checked.value.unwrap_or_default();
                prop_assert!(value.chars().count() <= 1000 && !value.contains(char::is_control));
            }
        }
    }

    #[test]
    fn a_broken_log_never_panics_and_never_hides_an_error(at in 0_usize..2000, byte: u8) {
        let whole = log(&json!([{ "ruleId": "CVE-1" }, { "level": "error" }])).to_string().into_bytes();
        let mut broken = whole.clone();
        let at = at % whole.len();
        broken[at] = byte;
        let _ = read("report", &broken, None, Level::Error);
        prop_assert!(read("report", &whole[..at], None, Level::Error).is_err());
    }

    #[test]
    fn a_report_that_breaks_off_is_never_passed(at in 1_usize..200) {
        let whole = "<testsuites><testsuite name=\"a\"><testcase name=\"one\"/><testcase name=\"two\"><failure/></testcase></testsuite></testsuites>";
        prop_assume!(at < whole.len());
        prop_assert!(read("report", &whole.as_bytes()[..at], None, Level::Error).is_err());
    }
}
