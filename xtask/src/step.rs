//! Steps: commands that xtask runs.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Why xtask stops.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A command failed and has said why; its exit code.
    Step(u8),
    /// A command could not be run at all: which, why, and what to do.
    Start(String),
}

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The cargo that runs xtask, in the root of the checkout.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(arguments).current_dir(root());
    command
}

/// Builds a program of `tests/support`, with the features of the whole workspace, as the tests are built; where it is.
pub(crate) fn built(program: &str) -> Result<PathBuf, Failed> {
    run(&mut cargo(&["build", "--quiet", "--workspace", "--bin", program]))?;
    // It lies beside this program.
    let own = env::current_exe().map_err(|error| Failed::Start(format!("where is xtask itself? {error}")))?;
    Ok(own.with_file_name(format!("{program}{}", env::consts::EXE_SUFFIX)))
}

/// Says what is run, runs it and waits for it. It gets no standard input.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    let line = line(command);
    eprintln!("xtask: {line}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failed::Start(format!("`{line}` could not be run: {error}")))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    if status.success() { Ok(()) } else { Err(Failed::Step(code)) }
}

/// Runs a command without showing what it writes; what it wrote to standard output if it succeeded.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A program on the search path, or in the folders of system programs that a search path may leave out.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// A command as people write it, without the folder of its program.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
