//! A release host that kills itself at a boundary: `doomed-host NUMBER` releases the git event of the current folder and
//! dies (SIGKILL) at the boundary of this number, `doomed-host NAME` at the boundary of this name. Boundaries are counted
//! and named as the executor tells of them: before a step (`starting deploy production`), between a step's effect and its
//! fact (`performed deploy production`), and after the fact (`recorded deploy production`). A host that lives to the end
//! prints their names, one a line. Not counted, since not every run has it, is the first thing that a step tells while it is at
//! work: `amid deploy production`.
#![expect(clippy::print_stdout, reason = "a test's helper program speaks to its test")]

use std::{
    error::Error,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use plimsoll_app::{
    host::{Access, Host, HostOptions},
    release::{Event, Executor},
};
use plimsoll_core::{
    contract::Intent,
    fact::Entry,
    ports::{Activity, Progress},
    release::Step,
};

/// Names boundaries, and dies at one of them.
struct Doom {
    /// The number or the name of the boundary to die at.
    at: String,
    passed: Mutex<Passed>,
}

#[derive(Default)]
struct Passed {
    boundaries: Vec<String>,
    /// The step that is carried out, or was last.
    step: String,
}

impl Doom {
    fn boundary(&self, when: &str, step: Option<&Step>) {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = step {
            let environment = step.environment().map(|environment| format!(" {environment}"));
            passed.step = format!("{}{}", step.name(), environment.unwrap_or_default());
        }
        let name = format!("{when} {}", passed.step);
        if self.at == name || self.at == passed.boundaries.len().to_string() {
            die();
        }
        passed.boundaries.push(name);
    }
}

impl Progress for Doom {
    fn starting(&self, step: &Step) {
        self.boundary("starting", Some(step));
    }

    fn performed(&self, step: &Step) {
        self.boundary("performed", Some(step));
    }

    fn recorded(&self, _: &Entry) {
        self.boundary("recorded", None);
    }

    fn activity(&self, _: Activity<'_>) {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.at == format!("amid {}", passed.step) {
            die();
        }
    }
}

/// Dies as in a power cut: nothing is unwound, nothing is flushed.
fn die() {
    // Cannot fail for the own process; were it to, the test would notice a host that lives.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Cannot fail: nobody installed another one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let at = std::env::args().nth(1).ok_or("usage: doomed-host NUMBER|NAME")?;
    let host = Host::open(HostOptions {
        configuration: PathBuf::from("plimsoll.toml"),
        cache: std::env::var_os("PLIMSOLL_CACHE").map(PathBuf::from),
        ..HostOptions::default()
    })?;
    let options = plimsoll_source::git::Options { ignore: host.own_folders() };
    let event = plimsoll_source::git::read(host.root(), &options)?;
    let application = host.application(Access::Write).await?;
    let doom = Doom { at, passed: Mutex::default() };
    let event = Event { source: event.source, occurrence: event.occurrence, intent: Intent::Promote };
    Executor::new(&application, &doom).release(event).await?;
    let passed = doom.passed.into_inner().unwrap_or_else(PoisonError::into_inner);
    passed.boundaries.iter().for_each(|name| println!("{name}"));
    Ok(())
}
