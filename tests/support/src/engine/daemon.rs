//! Starting an engine, sharing it between test processes, and having it end by itself.
//!
//! Every process that uses the engine holds a shared lock on one file for as long as it lives. A small script is the
//! engine's parent: it looks every few seconds whether it could have that lock alone, which means that nobody uses the
//! engine, and then ends it. So neither a panic nor a killed test run leaves an engine behind.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::answers;
use crate::{
    command::until,
    requirement::{find_program, search_path},
};

/// Where the engine has its socket and its state: short, because the path of a socket may have 108 bytes, and writable
/// by root alone, who alone may start an engine.
const FOLDER: &str = "/run/plimsoll-tests";

/// Where the engine keeps images and containers: on a disk, not in memory as `/run` may be.
const DATA: &str = "/var/lib/plimsoll-tests";

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the engine, and ends it when nobody uses it. Arguments: `dockerd`, the folder, the data folder.
const KEEPER: &str = r#"
"$1" --host "unix://$2/docker.sock" --data-root "$3" --exec-root "$2/exec" --pidfile "$2/pid" \
    --iptables=false --ip-forward=false --ip-masq=false >"$2/log" 2>&1 &
engine=$!
while kill -0 "$engine" 2>/dev/null; do
    sleep 5
    flock --nonblock --exclusive "$2/users" sh -c 'kill "$1"; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2/exec" "$3"' \
        sh "$engine" "$2" "$3"
done
"#;

/// The use of the engine by this process.
#[derive(Debug)]
pub(super) struct Tenancy {
    /// Locked, shared, until the process ends.
    _users: File,
}

impl Tenancy {
    /// Joins the engine that another test process started, or starts it.
    #[track_caller]
    pub(super) fn take() -> Self {
        let folder = Path::new(FOLDER);
        if let Err(error) = fs::create_dir_all(folder) {
            panic!("{FOLDER} could not be made: {error}");
        }
        let users = open(&folder.join("users"));
        // Waits for a keeper that is just ending an engine, and no longer.
        users.lock_shared().unwrap_or_else(|error| panic!("{FOLDER}/users could not be locked: {error}"));
        let starting = open(&folder.join("starting"));
        starting.lock().unwrap_or_else(|error| panic!("{FOLDER}/starting could not be locked: {error}"));
        let tenancy = Self { _users: users };
        if !answers(&tenancy.host()) {
            let mut keeper = start(folder);
            let answer = until(PATIENCE, || {
                // The keeper ends with its engine, which then will never answer.
                let ended = keeper.try_wait().is_ok_and(|status| status.is_some());
                let answer = answers(&tenancy.host());
                (ended || answer).then_some(answer)
            });
            assert!(answer == Some(true), "the Docker engine does not answer:\n{}", log(folder));
        }
        tenancy
    }

    pub(super) fn host(&self) -> String {
        format!("unix://{FOLDER}/docker.sock")
    }
}

#[track_caller]
fn start(folder: &Path) -> Child {
    let daemon = find_program("dockerd").unwrap_or_else(|| PathBuf::from("dockerd"));
    // A session of its own, so that an interrupt from the keyboard leaves the engine to its keeper.
    let started = Command::new("setsid")
        .args(["sh", "-c", KEEPER, "sh"])
        .arg(daemon)
        .arg(folder)
        .arg(DATA)
        // The engine runs programs of its own from the folders of system programs.
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    started.unwrap_or_else(|error| panic!("the Docker engine could not be started: {error}"))
}

#[track_caller]
fn open(path: &Path) -> File {
    match File::options().create(true).append(true).open(path) {
        Ok(file) => file,
        Err(error) => panic!("{} could not be opened: {error}", path.display()),
    }
}

/// The end of the engine's log.
fn log(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
