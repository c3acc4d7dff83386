//! PostgreSQL's programs, and the user that they run as.

use std::{fs, path::PathBuf, process::Command};

use crate::requirement::{find_program, is_root};

/// Where Debian keeps the programs, a folder for each major version.
const FOLDERS: &str = "/usr/lib/postgresql";

/// The user that Debian makes for the server, which refuses to run as root.
const USER: &str = "postgres";

/// What stands in the way of starting a server.
pub(crate) fn obstacle() -> Option<String> {
    if folder().is_none() {
        return Some("there is no PostgreSQL; `cargo xtask test` installs it where it can".to_owned());
    }
    (is_root() && (user().is_none() || find_program("setpriv").is_none()))
        .then(|| format!("PostgreSQL does not run as root, and there is no user `{USER}` or no `setpriv`"))
}

/// The folder of the newest version's programs.
pub(super) fn folder() -> Option<PathBuf> {
    let versions = fs::read_dir(FOLDERS).ok()?.flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest =
        versions.map(|entry| entry.path()).filter(|path| number(path).is_some()).max_by_key(number)?;
    let programs = newest.join("bin");
    programs.join("initdb").is_file().then_some(programs)
}

/// The server's user and group, by number, as `/etc/passwd` has them.
pub(super) fn user() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.starts_with(&format!("{USER}:")))?;
    let mut numbers = line.split(':').skip(2).map(|field| field.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// One of the programs, run as a user that may run it.
#[track_caller]
pub(super) fn program(name: &str) -> Command {
    let program = folder().unwrap_or_default().join(name);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", "--"])
        .arg(program);
    command
}
