//! Words with variables and `.dockerignore` files that nobody wrote, against the packages that BuildKit reads them with
//! (`tests/buildkit/dockerfile-oracle`).

use std::{fmt::Write as _, fs, process::Command};

use plimsoll_image::{Ignore, Verdict, dockerfile::Template};
use plimsoll_support::{Requirement, dockerfile_oracle, require, run};
use proptest::{prelude::*, sample::select, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::{Value, json};

/// So many questions of each kind.
const COUNT: usize = 5_000;

const VARIABLES: [&str; 3] = ["set=value", "empty=", "path=a/b.c/b.c"];

const WORD: [&str; 30] = [
    "$",
    "${",
    "}",
    "set",
    "empty",
    "unset",
    "path",
    ":-",
    "-",
    ":+",
    "+",
    ":?",
    "?",
    "#",
    "##",
    "%",
    "%%",
    "/",
    "//",
    "*",
    "\\",
    "\"",
    "'",
    "a",
    "b",
    ".",
    "[a-c]",
    "$set",
    "${path",
    "${unset:-",
];

/// Without a backslash before a letter, which Docker's package takes for one of its regular expressions, and without one
/// at the end, which Plimsoll refuses.
const PATTERN: [&str; 13] = ["a", "b", "/", "*", "**", "?", "\n", "\n!", ".", "..", "[ab]", "\\*", "\\?"];

const PATHS: [&str; 10] = ["a", "b", "ab", "a/a", "a/b", "b/a", "a/b/a", "a/b/c", "b/a/b/a", "c"];

/// Texts made of these pieces, the same in every run.
fn texts(pieces: &'static [&'static str], most: usize) -> Vec<String> {
    let strategy = prop::collection::vec(select(pieces), 1..=most).prop_map(|chosen| chosen.concat());
    let mut runner = TestRunner::deterministic();
    (0..COUNT).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What the oracle answers.
fn ask(questions: &[Value]) -> Vec<Value> {
    let mut input = String::new();
    for question in questions {
        writeln!(input, "{question}").unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), input).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" <\"$1\""]).arg(dockerfile_oracle()).arg(file.path());
    let answered = run(&mut command).success();
    let answers: Vec<Value> =
        answered.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// Fails with the differences: the question, ours and theirs.
fn assert_same(questions: &[Value], ours: &[Value]) {
    let theirs = ask(questions);
    let all = questions.iter().zip(ours).zip(&theirs);
    let differences: Vec<String> = all
        .filter(|((_, ours), theirs)| ours != theirs)
        .map(|((question, ours), theirs)| format!("{question}\n    {ours} | {theirs}"))
        .collect();
    let shown = differences[..differences.len().min(40)].join("\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
}

#[test]
fn words_are_expanded_as_buildkit_does() {
    require!(Requirement::BuildKit);
    // BuildKit takes `${%x}` for a variable without a name, and Plimsoll for a mistake.
    let mut words = texts(&WORD, 8);
    words.retain(|word| !word.contains("${%"));
    let lookup = |name: &str| {
        let pairs = VARIABLES.iter().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    };
    let expand = |word: &String| match Template::parse(word, '\\').and_then(|read| read.expand(&lookup)) {
        Ok(value) => json!({ "value": value }),
        Err(_) => json!({}),
    };
    let ours: Vec<Value> = words.iter().map(expand).collect();
    let questions: Vec<Value> =
        words.iter().map(|word| json!({ "word": word, "variables": VARIABLES })).collect();
    assert_same(&questions, &ours);
}

#[test]
fn files_are_left_out_as_docker_does() {
    require!(Requirement::BuildKit);
    let rules = texts(&PATTERN, 10);
    let ours: Vec<Value> = rules
        .iter()
        .map(|text| match Ignore::parse(text) {
            Ok(ignore) => json!({ "excluded": PATHS.map(|path| is_excluded(&ignore, path)) }),
            Err(_) => json!({}),
        })
        .collect();
    let questions: Vec<Value> = rules.iter().map(|text| json!({ "ignore": text, "paths": PATHS })).collect();
    assert_same(&questions, &ours);
}

/// Whether a path is left out, folder by folder from the top as a walk does it.
fn is_excluded(ignore: &Ignore, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.fold(Verdict::default(), |parent, end| ignore.check(&path[..end], &parent)).excluded
}
