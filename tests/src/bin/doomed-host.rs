//! A release host that kills itself at a boundary: `doomed-host NUMBER` releases the git event of the current folder and
//! dies (SIGKILL) at the boundary of this number. Boundaries are counted as the executor tells of them: before a step,
//! between a step's effect and its fact, and after the fact. A host that lives to the end prints how many there were.
#![expect(clippy::print_stdout, reason = "a test's helper program speaks to its test")]

use std::{
    error::Error,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use plimsoll_app::{
    host::{Access, Host, HostOptions},
    release::{Event, Executor},
};
use plimsoll_core::{contract::Intent, fact::Entry, ports::Progress, release::Step};

/// Counts boundaries, and dies at one of them.
struct Doom {
    at: usize,
    passed: AtomicUsize,
}

impl Doom {
    fn boundary(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) == self.at {
            die();
        }
    }
}

impl Progress for Doom {
    fn starting(&self, _: &Step) {
        self.boundary();
    }

    fn performed(&self, _: &Step) {
        self.boundary();
    }

    fn recorded(&self, _: &Entry) {
        self.boundary();
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
    let at = std::env::args().nth(1).ok_or("usage: doomed-host NUMBER")?.parse()?;
    let host = Host::open(HostOptions {
        configuration: PathBuf::from("plimsoll.toml"),
        cache: std::env::var_os("PLIMSOLL_CACHE").map(PathBuf::from),
        ..HostOptions::default()
    })?;
    let options = plimsoll_source::git::Options { ignore: host.own_folders() };
    let event = plimsoll_source::git::read(host.root(), &options)?;
    let application = host.application(Access::Write).await?;
    let doom = Doom { at, passed: AtomicUsize::new(0) };
    let event = Event { source: event.source, occurrence: event.occurrence, intent: Intent::Promote };
    Executor::new(&application, &doom).release(event).await?;
    println!("{}", doom.passed.load(Ordering::SeqCst));
    Ok(())
}
