//! What goes wrong outside: each case ends in an error that says what happened, to what, and what to do next, and
//! nothing is lost by it.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use plimsoll_support::{
    Access, Application, DebianRegistry, GitRepository, LAYOUT, PASSWORD, Plimsoll, Ran, Requirement, USER,
    configuration, report, require, run,
};

/// Asserts that the command failed with this code and said all of these words.
#[track_caller]
fn says(ran: Ran, code: i32, words: &[&str]) {
    let ran = ran.code(code);
    let all = format!("{}{}", ran.stdout, ran.stderr);
    for word in words {
        assert!(all.contains(word), "`{word}` is missing in:\n{all}");
    }
}

#[test]
fn no_git_repository() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("plimsoll.toml"), configuration(LAYOUT, "")).expect("writable");
    says(Plimsoll::in_folder(folder.path()).run(&["release"]), 2, &["no git repository", "hint"]);
}

#[test]
fn no_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    says(Plimsoll::in_folder(folder.path()).run(&["plan"]), 64, &["plimsoll.toml", "plimsoll init"]);
}

#[test]
fn a_repository_without_a_commit() {
    require!(Requirement::Git);
    let git = GitRepository::create();
    git.write("plimsoll.toml", configuration(LAYOUT, ""));
    says(Plimsoll::in_folder(git.path()).run(&["plan"]), 2, &["commit"]);
}

#[test]
fn an_unknown_event() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    says(
        application.run(&["release", "--event", "carrier-pigeon"]),
        64,
        &["carrier-pigeon", "git", "github"],
    );
    says(application.run(&["release", "--event", "github"]), 2, &["GITHUB_"]);
}

#[test]
fn uncommitted_changes_are_not_released_by_accident() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    application.site.edit("Not committed");
    says(application.run(&["release"]), 2, &["not in the commit", "--allow-dirty"]);
    let first = application.run(&["release", "--allow-dirty", "--format", "json"]).code(0).json();

    // What is not in the commit may differ each time: it is a release of its own.
    application.site.edit("Not committed either");
    let later = ["release", "--allow-dirty", "--format", "json", "--now", "2030-01-01T00:00:00Z"];
    let second = application.run(&later).code(0).json();
    assert_ne!(first["release"], second["release"]);
    assert_eq!(application.running("staging").as_deref(), second["digest"].as_str());
}

#[test]
fn what_is_checked_out_counts_for_events_from_flags_too() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let head = application.git.head();
    let event = ["--event", "flags", "--repository-name", "contoso/website", "--ref", "refs/heads/main"];
    let facts = ["--trigger", "manual", "--commit", &head, "--commit-date", "2026-07-01T00:00:00Z"];
    let release = [["release"].as_slice(), &event, &facts].concat();
    application.site.edit("Not committed");
    says(application.run(&release), 2, &["not in the commit", "--allow-dirty"]);

    // A repository that cannot be opened is not taken for none.
    fs::remove_file(application.git.path().join(".git/HEAD")).expect("a repository has a HEAD");
    says(application.run(&release), 2, &["cannot be opened", "git fsck"]);
}

#[test]
fn a_mistake_on_line_seven_of_the_dockerfile() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let dockerfile = "FROM scratch\n\n# The site.\nCOPY site/ /site/\n\nEXPOSE 80\nCOPPY k8s/ /k8s/\n";
    application.git.write("Dockerfile", dockerfile);
    application.git.commit("Mistype an instruction");
    says(application.run(&["release"]), 2, &["Dockerfile:7", "COPPY", "COPY"]);
}

#[test]
fn run_is_refused_with_the_way_out() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    application.git.write("Dockerfile", "FROM nowhere.invalid/base\nRUN make\n");
    application.git.commit("Generate the site");
    // Before anything is built or fetched: the base image is in no registry.
    says(application.run(&["release"]), 2, &["Dockerfile:2", "RUN", r#"builder = "docker""#]);
}

#[test]
fn a_copy_that_matches_nothing() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    application.git.write("Dockerfile", "FROM scratch\nCOPY nothing-here.txt /\n");
    application.git.commit("Copy what is not there");
    says(application.run(&["release"]), 2, &["Dockerfile:2", "nothing-here.txt"]);
}

#[test]
fn a_copy_that_leaves_the_context_by_a_link() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let outside = tempfile::tempdir().expect("a temporary folder");
    fs::write(outside.path().join("secret"), "a secret of the machine").expect("writable");
    symlink(outside.path().join("secret"), application.git.path().join("link")).expect("writable");
    application.git.write("Dockerfile", "FROM scratch\nCOPY link /link\n");
    application.git.commit("Link to the outside");
    says(application.run(&["release"]), 2, &["Dockerfile:2", "link"]);
}

#[test]
fn a_registry_that_is_down_loses_nothing() {
    require!(Requirement::Git, Requirement::Registry);
    let mut registry = DebianRegistry::start();
    let application = Application::create("scratch", &registry.reference("contoso/website"));
    application.git.tag("v1.0.0");
    registry.stop();
    says(application.run(&["release"]), 2, &[&registry.host(), "push failed", "hint"]);
    says(application.run(&["status"]), 0, &["failed", "plimsoll why"]);
    registry.restart();
    says(application.run(&["resume"]), 0, &["production", "deployed"]);
    assert_eq!(registry.digest("contoso/website", "v1.0.0"), application.running("production"));
    let _ = application.run(&["journal", "verify"]).code(0);
}

#[test]
fn a_release_is_resumed_with_its_own_files_only() {
    require!(Requirement::Git, Requirement::Registry);
    let mut registry = DebianRegistry::start();
    let application = Application::create("scratch", &registry.reference("contoso/website"));
    let built = application.run(&["build", "--format", "json"]).code(0).json();
    registry.stop();
    let _ = application.run(&["release"]).code(2);
    registry.restart();
    // Something else is in the folder now: changed, or another commit.
    application.site.edit("Not committed");
    says(application.run(&["resume"]), 2, &["not in the commit"]);
    application.git.commit("Another commit");
    // What was built and not pushed may be gone: it is built again, out of the release's commit and not of this one.
    fs::remove_dir_all(application.git.path().join(".plimsoll/build")).expect("it was built");
    let resumed = application.run(&["resume", "--format", "json"]).code(0).json();
    assert_eq!(resumed["digest"], built["digest"]);
    assert_eq!(application.running("staging").as_deref(), built["digest"].as_str());
}

#[test]
fn a_result_that_cannot_be_printed() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = application.plimsoll.command(&["plan"]).stdout(full).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("could not be printed") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_registry_with_tls_and_a_password() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Openssl);
    let registry = DebianRegistry::with_access(Access::Password);
    let authority = registry.certificate_authority().expect("it speaks TLS");
    let more = format!("[registries]\ncertificate-authorities = [\"{}\"]\n", authority.display());
    let application = Application::with_rules("scratch", &registry.reference("contoso/website"), &more);

    says(application.run(&["release"]), 2, &["push failed", &registry.host()]);
    let wrong = "not-the-password";
    log_in(&application, &registry, wrong);
    let refused = application.run(&["resume"]).code(2);
    let encoded = registry.docker_configuration(USER, wrong);
    let encoded = encoded.split('"').find(|word| word.len() > 16 && word.ends_with('=')).unwrap_or(wrong);
    for secret in [wrong, encoded] {
        assert!(!refused.stdout.contains(secret) && !refused.stderr.contains(secret), "a secret was shown");
        assert!(!contains(&application.git.path().join(".plimsoll"), secret), "a secret was written down");
    }

    log_in(&application, &registry, PASSWORD);
    let _ = application.run(&["resume"]).code(0);
    assert!(application.running("staging").is_some());
}

fn log_in(application: &Application, registry: &DebianRegistry, password: &str) {
    let folder = application.plimsoll.home().join(".docker");
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join("config.json"), registry.docker_configuration(USER, password)).expect("writable");
}

/// Whether any file below a folder contains the text.
fn contains(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()).any(|path| {
        if path.is_dir() {
            return contains(&path, text);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_journal_that_cannot_be_written() {
    require!(Requirement::Git);
    let more = "[journal]\npath = \"plimsoll.toml/journal.db\"\n";
    let application = Application::with_rules("scratch", LAYOUT, more);
    says(application.run(&["release"]), 2, &["the journal", "plimsoll.toml", "hint"]);
    assert_eq!(application.running("staging"), None);
}

#[test]
fn a_journal_that_is_no_journal() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    application.git.write(".plimsoll/journal.db", "this is not a database, not even a small one".repeat(100));
    says(application.run(&["release"]), 64, &["journal.db", "not a journal", "left untouched"]);
}

#[test]
fn a_journal_with_a_changed_byte() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let _ = application.release();
    let path = application.git.path().join(".plimsoll/journal.db");
    let mut bytes = fs::read(&path).expect("readable");
    // A name that many facts hold: wherever the pages of the file end, one of them is in one piece.
    let name = b"staging";
    let place =
        bytes.windows(name.len()).rposition(|window| window == name).expect("the journal names staging");
    bytes[place] ^= 1;
    fs::write(&path, bytes).expect("writable");
    says(application.run(&["journal", "verify"]), 2, &["broken"]);
}

#[test]
fn two_hosts_at_once_release_it_once() {
    require!(Requirement::Git, Requirement::Registry);
    let registry = DebianRegistry::start();
    let application = Application::create("scratch", &registry.reference("contoso/website"));
    application.git.tag("v1.0.0");
    let hosts: Vec<_> =
        (0..3).map(|_| application.plimsoll.spawn(&["release", "--format", "json"])).collect();
    let reports: Vec<_> = hosts.into_iter().map(|host| host.finish().code(0).json()).collect();
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
    let export = application.run(&["journal", "export"]).code(0).stdout;
    let deployed = export.lines().filter(|line| line.contains(r#""fact":"deployed""#)).count();
    assert_eq!(deployed, 2, "one deployment for each environment:\n{export}");
    let _ = application.run(&["journal", "verify"]).code(0);
}

#[test]
fn a_full_disk() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let state = application.git.path().join(".plimsoll");
    fs::create_dir_all(&state).expect("writable");
    let Some(_disk) = SmallDisk::mount(&state) else {
        report(&plimsoll_support::Skip {
            test: "a_full_disk".to_owned(),
            reason: "a small disk can only be mounted as root".to_owned(),
        });
        return;
    };
    let _ = application.release();
    let before = application.running("staging");
    // More than the disk holds, and nothing that compresses.
    let noise: Vec<u8> =
        (0_u32..400_000).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    application.git.write("site/noise.bin", noise);
    application.git.commit("Add a large file");
    says(application.run(&["release"]), 2, &["hint"]);
    assert_eq!(application.running("staging"), before, "what ran still runs");
    let _ = application.run(&["journal", "verify"]).code(0);
}

/// A disk of one and a half mebibytes, gone on drop.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let finished =
            run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=1536k", "plimsoll-test"]).arg(at));
        finished.status.success().then_some(Self(at))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg(self.0));
    }
}
