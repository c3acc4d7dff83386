//! Fuzzing what reads outside input: cargo-fuzz with the programs of `tests/fuzz`.

use std::{fs, process::Command};

use crate::step::{Failed, ask, cargo, find, root, run};

/// The release of cargo-fuzz that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";
/// How long each reader is fuzzed unless told otherwise, seconds.
const SECONDS: u64 = 60;
/// The longest input that is made up, bytes.
const LONGEST: u64 = 4096;

/// Fuzzes the readers that are named, all where none is. Arguments: names, and `--seconds N`.
pub(crate) fn fuzz(arguments: &[String]) -> Result<(), Failed> {
    let (names, seconds) = read(arguments)?;
    install_missing()?;
    for name in &names {
        run(&mut one(name, seconds)?)?;
    }
    Ok(())
}

fn read(arguments: &[String]) -> Result<(Vec<String>, u64), Failed> {
    let readers = readers()?;
    let (mut names, mut seconds) = (Vec::new(), SECONDS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or_else(|| Failed::Start("`--seconds` needs a number".to_owned()))?;
        } else if readers.contains(argument) {
            names.push(argument.clone());
        } else {
            let known = readers.join(", ");
            return Err(Failed::Start(format!("there is no reader `{argument}` to fuzz: there are {known}")));
        }
    }
    Ok((if names.is_empty() { readers } else { names }, seconds))
}

/// The readers, by the folders of their seeds.
fn readers() -> Result<Vec<String>, Failed> {
    let folder = root().join("tests/fuzz/seeds");
    let entries = fs::read_dir(&folder)
        .map_err(|error| Failed::Start(format!("{} could not be read: {error}", folder.display())))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn install_missing() -> Result<(), Failed> {
    if ask(&mut nightly(&["--version"])).is_none() {
        if find("rustup").is_none() {
            let message = "a nightly compiler is missing and there is no rustup to add it";
            return Err(Failed::Start(message.to_owned()));
        }
        run(Command::new("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]))?;
    }
    if ask(&mut nightly(&["fuzz", "--version"])).is_none() {
        let version = format!("--version={CARGO_FUZZ}");
        let mut install = cargo(&["install", "cargo-fuzz", "--locked", "--debug", &version]);
        run(install.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(())
}

/// One reader: from its seeds, from what was found before, and from what earlier runs kept in `corpus`.
fn one(name: &str, seconds: u64) -> Result<Command, Failed> {
    let corpus = format!("tests/fuzz/corpus/{name}");
    fs::create_dir_all(root().join(&corpus))
        .map_err(|error| Failed::Start(format!("{corpus} could not be made: {error}")))?;
    // The sanitizers look for mistakes that safe code cannot make.
    let mut command = nightly(&["fuzz", "run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", name]);
    command.arg(corpus);
    for kind in ["seeds", "found"] {
        let folder = format!("tests/fuzz/{kind}/{name}");
        if root().join(&folder).is_dir() {
            command.arg(folder);
        }
    }
    command.arg("--").arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}"));
    let dictionary = format!("tests/fuzz/dictionaries/{name}");
    if root().join(&dictionary).is_file() {
        command.arg(format!("-dict={dictionary}"));
    }
    Ok(command)
}

fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.arg("+nightly").args(arguments).current_dir(root());
    // The cargo that runs xtask says here which compiler it is of.
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"] {
        command.env_remove(name);
    }
    command
}
