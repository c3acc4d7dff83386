//! The tools of policy authors on the journal of real releases, and what they write for other tools.

use plimsoll_support::{Application, LAYOUT, Plimsoll, Requirement, require};
use quick_xml::{Reader, events::Event};

/// An application with two releases: a push of main, and a version.
fn released() -> Application {
    let application = Application::with_rules("scratch", LAYOUT, "");
    let _ = application.run(&["release"]);
    application.change("Version one");
    application.git.tag("v1.0.0");
    let _ = application.run(&["release"]);
    application
}

#[test]
fn every_decision_can_be_made_again_bit_for_bit() {
    require!(Requirement::Git);
    let application = released();
    let replay = application.run(&["policy", "replay", "--format", "json"]).code(0).json();
    assert_eq!((&replay["differ"], &replay["not-at-hand"]), (&0.into(), &0.into()), "{replay}");
    assert!(replay["same"].as_u64() >= Some(6), "{replay}");

    // Also anywhere else, from what was exported.
    let export = application.run(&["journal", "export"]).code(0).stdout;
    let folder = tempfile::tempdir().expect("there is room for a folder");
    std::fs::write(folder.path().join("export.jsonl"), &export).expect("the folder takes a file");
    let elsewhere = Plimsoll::in_folder(folder.path());
    let again =
        elsewhere.run(&["policy", "replay", "--journal", "export.jsonl", "--format", "json"]).code(0).json();
    assert_eq!(again["same"], replay["same"]);

    // A record that was changed does not come out the same.
    std::fs::write(folder.path().join("export.jsonl"), export.replace("`v1.0.0`", "`v9.9.9`"))
        .expect("the folder takes a file");
    let changed =
        elsewhere.run(&["policy", "replay", "--journal", "export.jsonl", "--format", "json"]).code(1).json();
    assert!(changed["differ"].as_u64() >= Some(1), "{changed}");

    // A policy that is not at hand is told apart, and nothing is guessed.
    let foreign = export.replace("\"stock:always\"", "\"elsewhere.wasm\"");
    let always = digest_of(&application, "always");
    let foreign = foreign.replace(&always, &format!("sha256:{}", "0".repeat(64)));
    std::fs::write(folder.path().join("export.jsonl"), foreign).expect("the folder takes a file");
    let missing =
        elsewhere.run(&["policy", "replay", "--journal", "export.jsonl", "--format", "json"]).code(2).json();
    assert!(missing["not-at-hand"].as_u64() >= Some(2), "{missing}");
}

/// The digest of a policy's component, as decisions record it.
fn digest_of(application: &Application, name: &str) -> String {
    let replay = application.run(&["policy", "replay", "--format", "json"]).json();
    let decisions = replay["decisions"].as_array().expect("it is a list");
    let decision = decisions.iter().find(|decision| decision["policy"]["name"] == name).expect("it decided");
    decision["policy"]["digest"].as_str().expect("it is a text").to_owned()
}

#[test]
fn a_backtest_tells_what_would_have_changed() {
    require!(Requirement::Git);
    let application = released();
    application.git.write("settings.toml", "pattern = \"v2*\"\n");
    let backtest =
        ["policy", "backtest", "stock:version-gate", "--settings", "settings.toml", "--format", "json"];
    let report = application.run(&backtest).code(0).json();
    assert_eq!(report["decisions"], 2, "{report}");
    let change = &report["changes"][0];
    assert_eq!((&change["before"], &change["after"]), (&"allow".into(), &"deny".into()), "{report}");
    assert_eq!((&change["environment"], &change["version"]), (&"production".into(), &"1.0.0".into()));
    assert_eq!(change["findings"][0]["rule"], "pattern", "{report}");
    let _ = application.run(&[&backtest[..], &["--fail-on-change"]].concat()).code(1);
    let told = application.run(&backtest[..5]).code(0).stdout;
    assert!(told.contains("    - pattern passed: ") && told.contains("    + pattern failed: "), "{told}");

    // The policy as it is changes nothing.
    let same = application.run(&[
        "policy",
        "backtest",
        "stock:version-gate",
        "--fail-on-change",
        "--format",
        "json",
    ]);
    assert_eq!(same.code(0).json()["same"], 2);

    // What another policy would look up is not in the records: such decisions are counted apart.
    application.git.write("range.json", r#"{"policy": {"semver": {"range": ">=1"}}}"#);
    let other = [
        "policy",
        "backtest",
        "stock:image-policy",
        "--settings",
        "range.json",
        "--instead-of",
        "version-gate",
    ];
    let report = application.run(&[&other[..], &["--format", "json"]].concat()).code(0).json();
    assert_eq!(report["not-replayable"], 2, "{report}");
    assert_eq!(report["same"], 0);

    // Nothing to look at is no success, and wrong settings are told before anything runs.
    let nothing = application.run(&["policy", "backtest", "stock:soak"]).code(2);
    assert!(nothing.stderr.contains("--instead-of"), "{}", nothing.stderr);
    application.git.write("settings.toml", "patern = \"v2*\"\n");
    assert!(application.run(&backtest).code(64).stderr.contains("patern"));
}

#[test]
fn one_question_is_answered_with_look_ups_from_a_file() {
    require!(Requirement::Git);
    let application = released();
    let export = application.run(&["journal", "export"]).code(0).stdout;
    let decided = export.lines().rfind(|line| line.contains("\"decided\"")).expect("something was decided");
    let entry: serde_json::Value = serde_json::from_str(decided).expect("it is JSON");
    application.git.write("request.json", entry["fact"]["records"][0]["request"].to_string());
    application.git.write("settings.yaml", "policy: { semver: { range: '>=1.0.0' } }\n");
    let eval =
        ["policy", "eval", "stock:image-policy", "--request", "request.json", "--settings", "settings.yaml"];
    let missing = application.run(&eval).code(2);
    assert!(missing.stderr.contains("registry.tags("), "{}", missing.stderr);
    assert!(missing.stderr.contains(r#""registry-tags""#), "{}", missing.stderr);

    let repository = &entry["fact"]["records"][0]["request"]["image"]["repository"];
    for (tags, code) in [(r#"["v0.9.0"]"#, 0), (r#"["v1.0.0", "v3.0.0"]"#, 1)] {
        let calls = format!(r#"[{{"registry-tags": {{"repository": {repository}, "ok": {tags}}}}}]"#);
        application.git.write("calls.json", calls);
        let _ = application.run(&[&eval[..], &["--capabilities", "calls.json"]].concat()).code(code);
    }
}

#[test]
fn results_are_written_for_other_tools() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let cases = "policy = \"stock:always\"\n\n# What we hope.\n[[cases]]\nname = \"it denies <nothing> & \\\"all\\\"\"\nexpect = { verdict = \"deny\" } # wrong\n\n[[cases]]\nname = \"it allows\"\nexpect = { verdict = \"allow\" }\n";
    std::fs::write(folder.path().join("cases.toml"), cases).expect("the folder takes a file");
    let _ = plimsoll.run(&["policy", "test", "--junit", "junit.xml"]).code(1);

    // Read back by a parser of its own.
    let xml = std::fs::read_to_string(folder.path().join("junit.xml")).expect("it was written");
    let mut reader = Reader::from_str(&xml);
    let (mut names, mut failures) = (Vec::new(), 0);
    loop {
        match reader.read_event().expect("it is XML") {
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                b"testcase" => {
                    let name =
                        element.try_get_attribute("name").expect("it is XML").expect("a case has a name");
                    names.push(name.unescape_value().expect("it is XML").into_owned());
                }
                b"failure" => failures += 1,
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(names, ["it denies <nothing> & \"all\"", "it allows"]);
    assert_eq!(failures, 1);

    // Blessed, it passes, and the comments are still there.
    let _ = plimsoll.run(&["policy", "test", "--bless"]).code(0);
    let blessed = std::fs::read_to_string(folder.path().join("cases.toml")).expect("it is there");
    assert!(blessed.contains("# What we hope.") && !blessed.contains("deny\""), "{blessed}");
    let _ = plimsoll.run(&["policy", "test", "--coverage", "50", "--junit", "junit.xml"]).code(1);
    let least = ["policy", "test", "--coverage", "50"];
    let told = plimsoll.run(&least).code(1).stdout;
    assert!(told.contains("✗ rules covered: 0 %, 50 % asked for\n    rule `always` never failed"), "{told}");
    let told = plimsoll.run(&[&least[..], &["--format", "json"]].concat()).code(1).json();
    let coverage = &told["suites"][0]["coverage"];
    assert_eq!((&coverage["asked-for"], &coverage["reached"]), (&50.into(), &false.into()), "{told}");
    assert_eq!(coverage["uncovered"]["always"], "never failed", "{told}");
    let xml = std::fs::read_to_string(folder.path().join("junit.xml")).expect("it was written");
    assert!(xml.contains("tests=\"3\" failures=\"1\"") && xml.contains("name=\"rule coverage\""), "{xml}");
    let report = plimsoll.run(&["policy", "test", "--format", "json"]).code(0).json();
    assert_eq!(report["suites"][0]["passed"], 2);
    let _ = plimsoll.run(&["policy", "test", "--filter", "nobody"]).code(2);
}

#[test]
fn a_seed_repeats_a_run_and_its_find_can_be_pasted() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let cases = r#"policy = "stock:version-gate"

[[cases]]
name = "a release"
request = { image = { tags = ["v1.2.3"] } }
expect = { verdict = "allow" }

[[invariants]]
name = "wrong on purpose"
when = [{ at = "answer.verdict", is = "allow" }]
then = [{ at = "request.image.tags", none = { is = "v2.0.0" } }]
"#;
    std::fs::write(folder.path().join("cases.toml"), cases).expect("the folder takes a file");
    let fuzz = ["policy", "fuzz", "--seed", "3", "--runs", "5000", "--format", "json"];
    let found = plimsoll.run(&fuzz).code(1).json();
    let again = plimsoll.run(&[&fuzz[..], &["--jobs", "1"]].concat()).code(1).json();
    let example = |report: &serde_json::Value| report["suites"][0]["counter-example"].clone();
    assert_eq!(example(&found), example(&again), "the same seed finds the same, on any number of processors");
    assert_eq!(
        example(&found)["request"],
        serde_json::json!({ "image": { "tags": ["v2.0.0"] } }),
        "as small as can be"
    );

    let case = example(&found)["case"].as_str().expect("it is a text").replace("# expect", "expect");
    std::fs::write(folder.path().join("cases.toml"), format!("{cases}\n{case}\n"))
        .expect("the folder takes a file");
    let tested = plimsoll.run(&["policy", "test"]).code(1);
    assert!(tested.stdout.contains("expected deny"), "{}", tested.stdout);
}

#[test]
fn blessing_keeps_comments_and_leaves_what_breaks_an_invariant() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let file = folder.path().join("cases.toml");
    let cases = r#"policy = "stock:always"
[[cases]]
name = "inline"
# before
expect = { verdict = "deny" } # after

[[cases]]
name = "a table"
# header
[cases.expect] # beside
# inside
verdict = "deny" # trailing
"#;
    std::fs::write(&file, cases).expect("it takes a file");
    let _ = plimsoll.run(&["policy", "test", "--bless"]).code(0);
    let blessed = std::fs::read_to_string(&file).expect("it is there");
    assert_eq!(blessed, cases.replace("deny", "allow"));

    let lost = cases.replace("verdict = \"deny\" # trailing", "error = \"*\" # trailing");
    std::fs::write(&file, &lost).expect("it takes a file");
    let told = plimsoll.run(&["policy", "test", "--bless"]).code(1).stderr;
    assert!(told.contains("left `a table` as it is: comments"), "{told}");

    let broken = format!(
        "{cases}[[invariants]]\nname = \"it denies\"\nthen = [{{ at = \"answer.verdict\", is = \"deny\" }}]\n"
    );
    std::fs::write(&file, &broken).expect("it takes a file");
    let told = plimsoll.run(&["policy", "test", "--bless"]).code(1).stderr;
    assert!(told.contains("left `inline` as it is: an invariant is broken"), "{told}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), broken);
}

#[test]
fn fuzzing_that_tested_nothing_is_no_success() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let write = |text: &str| std::fs::write(folder.path().join("cases.toml"), text).expect("it takes a file");
    let cases = "policy = \"stock:always\"\n[[cases]]\nname = \"a\"\nexpect = { verdict = \"allow\" }\n[[invariants]]\nname = \"of denials\"\nwhen = [{ at = \"answer.verdict\", is = \"deny\" }]\nthen = [{ at = \"asked\", exists = true }]\n";
    write(cases);
    for nothing in [["--runs", "0"], ["--for", "0"]] {
        let _ = plimsoll.run(&[&["policy", "fuzz"][..], &nothing].concat()).code(64);
    }
    let fuzz = ["policy", "fuzz", "--runs", "1000", "--seed", "1"];
    let silent = plimsoll.run(&fuzz).code(2).stdout;
    assert!(silent.contains("✗ the invariant `of denials` never had anything to say"), "{silent}");
    let data = plimsoll.run(&[&fuzz[..], &["--format", "json"]].concat()).code(2).json();
    assert!(
        data["suites"][0]["untested"][0].as_str().is_some_and(|text| text.contains("of denials")),
        "{data}"
    );
    let _ = plimsoll.run(&["policy", "fuzz", "--runs", "50"]).code(0);
    write(&format!("{cases}rare = true\n"));
    let _ = plimsoll.run(&fuzz).code(0);

    std::fs::write(folder.path().join("guest.wasm"), plimsoll_guests::component("hostile"))
        .expect("it takes a file");
    write(
        "policy = \"guest.wasm\"\ngrants = [\"log\", \"registry\", \"history\"]\nsettings = { do = \"error\" }\n[[cases]]\nname = \"a\"\nquestion = \"promotion\"\nexpect = { error = \"*\" }\n",
    );
    let errors = plimsoll.run(&["policy", "fuzz", "--runs", "10", "--seed", "1"]).code(2).stdout;
    assert!(errors.contains("none of 10 questions got an answer"), "{errors}");
}

#[test]
fn what_a_policy_takes_is_kept_and_compared() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    let cases =
        "policy = \"stock:always\"\n[[cases]]\nname = \"it allows\"\nexpect = { verdict = \"allow\" }\n";
    std::fs::write(folder.path().join("cases.toml"), cases).expect("the folder takes a file");
    let bench = ["policy", "bench", "--runs", "50", "--format", "json"];
    let kept = plimsoll.run(&[&bench[..], &["--save", "before"]].concat()).code(0).json();
    let cost = &kept["cases"]["it allows"];
    assert!(kept["compile"].as_u64() > Some(0) && kept["load"].as_u64() > kept["compile"].as_u64(), "{kept}");
    for measured in ["p50", "p99", "instantiate", "call", "fuel", "memory"] {
        assert!(cost[measured].as_u64() > Some(0), "{measured}: {kept}");
    }
    let compare = [&bench[..], &["--compare", "before", "--threshold", "100000"]].concat();
    let compared = plimsoll.run(&compare).code(0).json();
    assert_eq!(compared["compared"][0]["fuel"], 1.0, "the same question uses the same fuel: {compared}");

    // A kept result that used a hundredth of the fuel makes this one worse, however fast the machine is.
    let file = folder.path().join(".plimsoll/bench/before.json");
    let text = std::fs::read_to_string(&file).expect("it was kept");
    let fuel = cost["fuel"].as_u64().expect("it is a number");
    std::fs::write(&file, text.replace(&format!("\"fuel\": {fuel}"), "\"fuel\": 1"))
        .expect("it can be changed");
    let _ = plimsoll.run(&[&bench[..], &["--compare", "before", "--threshold", "10"]].concat()).code(1);
    let _ = plimsoll.run(&[&bench[..], &["--compare", "nothing"]].concat()).code(2);

    // What measures nothing, or compares nothing, is no success.
    let renamed = cases.replace("it allows", "it still allows");
    std::fs::write(folder.path().join("cases.toml"), renamed).expect("the folder takes a file");
    let other = plimsoll.run(&[&bench[..], &["--compare", "before"]].concat()).code(2);
    assert!(other.stderr.contains("nothing to compare"), "{}", other.stderr);
    let refused = "policy = \"stock:always\"\n[[cases]]\nname = \"no\"\nsettings = { x = 1 }\nexpect = { settings-problems = [{ pointer = \"/x\" }] }\n";
    std::fs::write(folder.path().join("cases.toml"), refused).expect("the folder takes a file");
    let nothing = plimsoll.run(&bench).code(2);
    assert!(nothing.stderr.contains("nothing to measure"), "{}", nothing.stderr);

    // Nor is a coverage of no rule at all.
    let _ = plimsoll.run(&["policy", "test"]).code(0);
    let _ = plimsoll.run(&["policy", "test", "--coverage", "0"]).code(1);
    let uncovered = plimsoll.run(&["policy", "test", "--coverage", "1"]).code(1);
    assert!(uncovered.stdout.contains("no rule came up"), "{}", uncovered.stdout);
}
