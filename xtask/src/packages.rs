//! Debian packages that the tests need: real servers, and other implementations as witnesses.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, process::Command};

use crate::step::{Failed, ask, find, run};

/// A package, and the programs by which its presence is seen wherever they came from.
struct Package {
    name: &'static str,
    programs: &'static [&'static str],
}

const PACKAGES: [Package; 11] = [
    Package { name: "docker-registry", programs: &["docker-registry"] },
    Package { name: "docker.io", programs: &["docker", "dockerd"] },
    Package { name: "buildah", programs: &["buildah"] },
    Package { name: "skopeo", programs: &["skopeo"] },
    Package { name: "git", programs: &["git"] },
    Package { name: "openssl", programs: &["openssl"] },
    Package { name: "nodejs", programs: &["node"] },
    Package { name: "npm", programs: &["npm"] },
    Package { name: "python3-pip", programs: &["python3", "pip3"] },
    Package { name: POSTGRES, programs: &[] },
    Package { name: VENV, programs: &["python3"] },
];

/// Python's virtual environments, which Debian keeps apart from Python.
const VENV: &str = "python3-venv";

/// The database server, whose programs Debian keeps out of the search path.
const POSTGRES: &str = "postgresql";

/// Installs what is missing with apt-get, as root or through a sudo that asks for no password. Elsewhere says what is
/// missing: the tests that need it will be reported as skipped.
pub(crate) fn install_missing() -> Result<(), Failed> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|package| !package.is_there()).map(|package| package.name).collect();
    let lists_are_there = ask(apt(&[]).args(["--print-uris", "download", "nginx"])).is_some();
    if missing.is_empty() && lists_are_there {
        return Ok(());
    }
    let Some(prefix) = privilege().filter(|_| find("apt-get").is_some()) else {
        eprintln!("xtask: not installed here: {}.", describe(&missing));
        eprintln!(
            "xtask: installing needs apt-get, and root or sudo without a password; tests that need them will be reported as skipped."
        );
        return Ok(());
    };
    run(apt(prefix).args(["--quiet", "update"]))?;
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("xtask: the tests need {}: installing", describe(&missing));
    run(apt(prefix).args(["--quiet", "install", "--yes", "--no-install-recommends"]).args(missing))
}

impl Package {
    fn is_there(&self) -> bool {
        let has_venv = || ask(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_some();
        self.programs.iter().all(|program| find(program).is_some())
            && (self.name != VENV || has_venv())
            && (self.name != POSTGRES || has_postgres())
    }
}

/// Whether there is a server of any version.
fn has_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin/initdb")).any(|program| program.is_file())
}

/// `apt-get`, which waits for another package manager to finish and tries again after a failed download.
fn apt(prefix: &[&str]) -> Command {
    let mut words = prefix.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = Command::new(words.next().expect("`env` is there at least"));
    command.args(words).args(["--option=DPkg::Lock::Timeout=300", "--option=Acquire::Retries=3"]);
    command
}

/// What to put before a command that needs root; nothing when there is no way.
fn privilege() -> Option<&'static [&'static str]> {
    if Path::new("/proc/self").metadata().is_ok_and(|process| process.uid() == 0) {
        return Some(&[]);
    }
    let sudo_asks_nothing = || ask(Command::new("sudo").args(["--non-interactive", "true"])).is_some();
    sudo_asks_nothing().then_some(&["sudo", "--non-interactive"])
}

fn describe(missing: &[&str]) -> String {
    if missing.is_empty() { "the lists of Debian packages".to_owned() } else { missing.join(", ") }
}
