//! Stock policies against the programs that they follow: the Go packages that Flux and Keel read versions with.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use plimsoll_policy_image_policy::Constraint;
use plimsoll_policy_keel::Choice;
use plimsoll_support::{Requirement, require, run_for};
use semver::Version;
use serde_json::{Value, json};

/// How long building the oracle may take, with downloading what it is made of.
const PATIENCE: Duration = Duration::from_secs(300);

/// The oracle, built once.
fn oracle() -> &'static Path {
    static ORACLE: OnceLock<PathBuf> = OnceLock::new();
    ORACLE.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle-versions");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/versions");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&program).arg(".").current_dir(sources);
        let _ = run_for(&mut build, PATIENCE).success();
        program
    })
}

/// What the oracle answers to questions.
fn ask(questions: &[Value]) -> Vec<Value> {
    let mut input = String::new();
    for question in questions {
        writeln!(input, "{question}").expect("a text takes more text");
    }
    let file = tempfile::NamedTempFile::new().expect("there is room for a file");
    fs::write(file.path(), input).expect("the file takes the questions");
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" < \"$1\""]).arg(oracle()).arg(file.path());
    let answered = run_for(&mut command, PATIENCE).success();
    let answers: Vec<Value> = answered
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("the oracle writes JSON"))
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// All versions with small numbers, and pre-releases around them.
fn versions() -> Vec<String> {
    let mut versions = Vec::new();
    for number in 0..48 {
        let (major, minor, patch) = (number / 16, number / 4 % 4, number % 4);
        versions.push(format!("{major}.{minor}.{patch}"));
        if patch % 2 == 0 {
            versions.push(format!("{major}.{minor}.{patch}-rc.1"));
            versions.push(format!("v{major}.{minor}.{patch}-alpha"));
        }
    }
    versions.extend(["1.2", "v1.2.3+build", "01.2.3", "latest", "1.2.3-", "10.20.30"].map(str::to_owned));
    versions
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn ranges() -> Vec<String> {
    let signs = ["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "= ", ">= "];
    let numbers = [
        "*",
        "x",
        "0",
        "1",
        "1.x",
        "1.X.x",
        "1.2",
        "1.2.*",
        "1.2.3",
        "v1.2.3",
        "0.0",
        "0.0.0",
        "0.0.3",
        "0.2",
        "0.2.3",
        "2.0.0-rc.1",
        "1.2.2-alpha",
        "1.2.3+build",
        "1.2-rc.1",
        "*-0",
    ];
    let single: Vec<String> =
        signs.iter().flat_map(|sign| numbers.iter().map(move |number| format!("{sign}{number}"))).collect();
    let mut ranges = single.clone();
    for (index, first) in single.iter().enumerate() {
        let second = &single[(index * 37 + 11) % single.len()];
        for between in [" ", ", ", " || ", ",", "||"] {
            ranges.push(format!("{first}{between}{second}"));
        }
    }
    for (first, last) in [("1.0.0", "1.2.3"), ("1", "2"), ("1.2", "1.3.x"), ("1.0.0-rc.1", "2.0.0")] {
        ranges.push(format!("{first} - {last}"));
        ranges.push(format!("{first} - {last} || ^2"));
    }
    ranges.extend(
        [
            "",
            " ",
            ">1.2.3.4",
            "one",
            ">>1",
            "1.2.3 -",
            "^",
            ">= 1 <",
            "1..2",
            "1.2.3-",
            "1.x ||",
            "|| 2",
            "1.x |||| 2",
            "1.x,,2",
            "1.x , 2",
            "1,2",
            "1 2",
            "<2>1",
            ">=1.0.0-0<2",
        ]
        .map(str::to_owned),
    );
    ranges
}

#[test]
fn image_policy_reads_ranges_as_flux_does() {
    require!(Requirement::Go);
    let (ranges, versions) = (ranges(), versions());
    let questions: Vec<Value> =
        ranges.iter().map(|range| json!({ "range": range, "versions": versions })).collect();
    let mut differences = Vec::new();
    let (mut valid, mut admitted) = (0, 0);
    for (range, answer) in ranges.iter().zip(ask(&questions)) {
        let constraint = range.parse::<Constraint>();
        if answer["valid"] != constraint.is_ok() {
            differences.push(format!(
                "`{range}`: valid for Go is {}, for us {}",
                answer["valid"],
                constraint.is_ok()
            ));
            continue;
        }
        let Ok(constraint) = constraint else { continue };
        valid += 1;
        for (version, expected) in
            versions.iter().zip(answer["admits"].as_array().expect("a valid range has answers"))
        {
            let read = Version::parse(version.strip_prefix('v').unwrap_or(version));
            let ours = read.is_ok_and(|version| constraint.admits(&version));
            admitted += usize::from(ours);
            if expected.as_bool() != Some(ours) {
                differences.push(format!("`{range}` admits {version}: for Go {expected}, for us {ours}"));
            }
        }
    }
    assert!(
        valid > 1000 && admitted > 10_000,
        "the questions say something: {valid} ranges, {admitted} admitted"
    );
    let shown = differences.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
}

#[test]
fn keel_compares_versions_as_keel_does() {
    require!(Requirement::Go);
    let mut versions = versions();
    versions.extend(["1.2", "v2.0", "01.02.03", "1.2.3+x", "1.x", "v1.2-rc.1", "main"].map(str::to_owned));
    let pairs: Vec<(&String, &String)> = versions
        .iter()
        .enumerate()
        .flat_map(|(index, current)| {
            let others = (0..24).map(move |step| (index * 7 + step * 5) % 60);
            others.filter_map(|place| versions.get(place)).map(move |new| (current, new))
        })
        .collect();
    let questions: Vec<Value> =
        pairs.iter().map(|(current, new)| json!({ "current": current, "new": new })).collect();
    let policies = ["all", "major", "minor", "patch"]
        .map(|name| (name, Choice::try_from(name.to_owned()).expect("it is a policy of Keel")));
    for ((current, new), answer) in pairs.iter().zip(ask(&questions)) {
        for (name, policy) in &policies {
            for match_pre_release in [true, false] {
                let same = |place: usize| answer["sameMain"][place] == true;
                let of_size = match *name {
                    "minor" => same(0),
                    "patch" => same(0) && same(1),
                    _ => true,
                };
                let kept = answer["samePre"] == true || *name == "all" || !match_pre_release;
                // Keel looks for the points itself.
                let pointed = new.contains('.');
                let expected = *current == "latest"
                    || (answer["valid"] == true && pointed && answer["less"] == true && kept && of_size);
                let ours = policy.updates(current, new, match_pre_release);
                assert_eq!(ours, expected, "{name}, {match_pre_release}: {current} to {new}");
            }
        }
    }
}
