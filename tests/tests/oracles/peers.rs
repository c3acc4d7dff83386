//! The oracle in `tests/oracles/peers`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use plimsoll_support::run_for;
use serde_json::Value;

/// How long building the oracle may take, with downloading what it is made of.
const PATIENCE: Duration = Duration::from_secs(300);
/// How many differences are shown.
const SHOWN: usize = 40;

/// The oracle, built once.
fn oracle() -> &'static Path {
    static ORACLE: OnceLock<PathBuf> = OnceLock::new();
    ORACLE.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle-peers");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/peers");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&program).arg(".").env("CGO_ENABLED", "0").current_dir(sources);
        let _ = run_for(&mut build, PATIENCE).success();
        program
    })
}

/// What the oracle answers to questions.
pub(crate) fn ask(questions: &[Value]) -> Vec<Value> {
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

/// Fails with the differences, where there are some.
pub(crate) fn assert_same(differences: &[String]) {
    let shown = differences.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
}
