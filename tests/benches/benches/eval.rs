//! `plimsoll policy eval` as a whole process, its policy compiled before, against the least that a process takes which
//! maps the same component compiled.

use std::{fs, path::Path, process::Command};

use plimsoll_benches::{
    REQUEST,
    report::Report,
    timing::{Pairs, process},
};
use plimsoll_support::Plimsoll;

/// Processes of each kind.
const TURNS: usize = 301;

fn main() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("there is room for a file");
        path
    };
    let gate = plimsoll_stock::component("version-gate").expect("it is a stock policy");
    let compiled = file("compiled", &plimsoll_benches::minimal::precompile(gate).expect("it compiles"));
    let request = file("request.json", REQUEST.as_bytes());
    let policy = file("version-gate.wasm", gate);

    let plimsoll = Plimsoll::in_folder(folder.path());
    let request = request.to_str().expect("temporary folders have plain names");
    let policy = policy.to_str().expect("temporary folders have plain names");
    let mut report = Report::new("eval");
    for (name, policy) in [("stock:version-gate", "stock:version-gate"), ("version-gate.wasm", policy)] {
        let mut eval =
            plimsoll.command(&["policy", "eval", policy, "--request", request, "--format", "json"]);
        let mut minimal = minimal(&compiled);
        // The first one compiles the policy.
        process(&mut eval);
        let pairs = Pairs::measure(TURNS, || process(&mut eval), || process(&mut minimal));
        report.times(&format!("policy eval {name} / minimal process"), &pairs, 1.25);
    }
    report.finish();
}

fn minimal(compiled: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minimal-host"));
    command.arg(compiled).arg("{}").env_clear();
    command
}
