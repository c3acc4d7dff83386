//! Real repositories, made with the `git` command.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use plimsoll_core::contract::{GitRef, Trigger};
use plimsoll_source::{
    Event, SourceError,
    git::{self, Options},
};
use tempfile::TempDir;

/// When every commit of these tests was made.
const DATE: i64 = 1_700_000_000;

/// A repository in a folder of its own.
struct Repository {
    _folder: TempDir,
    path: PathBuf,
}

impl Repository {
    /// A repository without commits.
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("website");
        fs::create_dir(&path).unwrap();
        let repository = Self { _folder: folder, path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// A repository with one commit of one file.
    fn new() -> Self {
        let repository = Self::empty();
        repository.write("index.html", "hello");
        repository.git(&["add", "."]);
        repository.git(&["commit", "--quiet", "-m", "Say hello\n\nTo everybody."]);
        repository
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        let date = format!("{DATE} +0100");
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "Author"), ("GIT_AUTHOR_EMAIL", "author@example.com")])
            .envs([("GIT_COMMITTER_NAME", "Committer"), ("GIT_COMMITTER_EMAIL", "committer@example.com")])
            .env("GIT_AUTHOR_DATE", "1600000000 +0000")
            .env("GIT_COMMITTER_DATE", date)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn read(&self) -> Event {
        git::read(&self.path, &Options::default()).unwrap()
    }

    fn is_dirty(&self, ignore: &[&str]) -> bool {
        let options = Options { ignore: ignore.iter().map(PathBuf::from).collect() };
        git::read(&self.path, &options).unwrap().source.dirty
    }
}

fn has_note(event: &Event, words: &str) -> bool {
    event.notes.iter().any(|note| note.contains(words))
}

#[test]
fn head_is_read_as_a_push_of_its_branch() {
    let repository = Repository::new();
    repository.git(&["remote", "add", "origin", "git@github.com:contoso/website.git"]);
    let event = repository.read();
    let source = &event.source;
    assert_eq!(source.commit.id, repository.git(&["rev-parse", "HEAD"]));
    assert_eq!(source.commit.time, DATE);
    assert_eq!(source.commit.author.as_deref(), Some("Author"));
    assert_eq!(source.commit.message.as_deref(), Some("Say hello\n\nTo everybody.\n"));
    assert_eq!(source.git_ref, GitRef::Branch("main".to_owned()));
    assert_eq!(source.trigger, Trigger::Push);
    assert_eq!(source.repository.name, "contoso/website");
    assert_eq!(source.repository.url.as_deref(), Some("https://github.com/contoso/website"));
    assert_eq!(source.repository.default_branch.as_deref(), Some("main"));
    assert!(!source.dirty);
    assert_eq!(event.occurrence, None);
    assert_eq!(event.notes.len(), 1, "{:?}", event.notes);
    assert!(has_note(&event, "main is taken"));
}

#[test]
fn a_folder_inside_belongs_to_its_repository() {
    let repository = Repository::new();
    repository.write("deep/inside/file", "");
    let inside = repository.path.join("deep/inside");
    assert_eq!(git::root(&inside).unwrap(), repository.path.canonicalize().unwrap());
    let event = git::read(&inside, &Options::default()).unwrap();
    assert_eq!(event.source.repository.name, "website");
    assert!(event.source.dirty, "the whole tree counts, not the folder alone");
    assert!(has_note(&event, "no remote"));
}

#[test]
fn tags_of_both_kinds_are_found_on_the_commit_alone() {
    let repository = Repository::new();
    repository.git(&["tag", "v0.9.0"]);
    repository.git(&["commit", "--quiet", "--allow-empty", "-m", "more"]);
    assert_eq!(repository.read().source.tags, Vec::<String>::new());
    repository.git(&["tag", "v1.0.0"]);
    let event = repository.read();
    assert_eq!(event.source.tags, ["v1.0.0"]);
    assert!(!has_note(&event, "several tags"));
    repository.git(&["tag", "-a", "release/1", "-m", "annotated"]);
    // A tag of a tag, and a tag that is no commit.
    repository.git(&["tag", "-a", "again", "release/1", "-m", "nested"]);
    repository.git(&["tag", "blob", "HEAD:index.html"]);
    let expected = ["again", "release/1", "v1.0.0"];
    let event = repository.read();
    assert_eq!(event.source.tags, expected);
    assert!(has_note(&event, "several tags: again, release/1 and v1.0.0"));
    repository.git(&["pack-refs", "--all"]);
    assert_eq!(repository.read().source.tags, expected);
}

#[test]
fn a_detached_head_is_said() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "--detach"]);
    let event = repository.read();
    assert_eq!(event.source.git_ref, GitRef::Detached);
    assert!(has_note(&event, "detached"));
}

#[test]
fn a_shallow_clone_is_said_and_knows_its_default_branch() {
    let origin = Repository::new();
    origin.git(&["commit", "--quiet", "--allow-empty", "-m", "more"]);
    origin.git(&["branch", "--move", "trunk"]);
    let clone = Repository::empty();
    let url = format!("file://{}", origin.path.display());
    clone.git(&["clone", "--quiet", "--depth=1", &url, "clone"]);
    let event = git::read(&clone.path.join("clone"), &Options::default()).unwrap();
    assert!(has_note(&event, "shallow"));
    assert_eq!(event.notes.len(), 1, "{:?}", event.notes);
    assert_eq!(event.source.repository.default_branch.as_deref(), Some("trunk"));
    assert_eq!(event.source.repository.name, "website");
    assert_eq!(event.source.repository.url, None);
}

#[test]
fn every_kind_of_change_makes_the_tree_dirty() {
    let repository = Repository::new();
    repository.write(".gitignore", "*.log\n");
    repository.git(&["add", "."]);
    repository.git(&["commit", "--quiet", "-m", "ignore"]);
    repository.write("debug.log", "ignored");
    assert!(!repository.is_dirty(&[]));

    repository.write("new.html", "untracked");
    assert!(repository.is_dirty(&[]));
    repository.git(&["add", "."]);
    assert!(repository.is_dirty(&[]), "added to the index");
    repository.git(&["commit", "--quiet", "-m", "new"]);
    assert!(!repository.is_dirty(&[]));

    repository.write("index.html", "HELLO");
    assert!(repository.is_dirty(&[]), "changed, same size");
    repository.write("index.html", "hello");
    assert!(!repository.is_dirty(&[]), "touched");
    fs::remove_file(repository.path.join("index.html")).unwrap();
    let event = repository.read();
    assert!(event.source.dirty, "removed");
    assert!(has_note(&event, "such as in index.html"));
}

#[test]
fn what_the_host_writes_itself_does_not_count() {
    let repository = Repository::new();
    repository.write("deploy/staging/current/web.yaml", "");
    repository.write(".plimsoll/journal.db", "");
    assert!(repository.is_dirty(&[]));
    assert!(repository.is_dirty(&["deploy/staging"]));
    assert!(!repository.is_dirty(&["deploy/staging", ".plimsoll"]));
    let absolute = repository.path.join(".plimsoll");
    assert!(!repository.is_dirty(&["deploy", absolute.to_str().unwrap()]));
    repository.write("deploy/notes.txt", "");
    assert!(repository.is_dirty(&["deploy/staging", ".plimsoll"]));
    assert!(repository.is_dirty(&["deploy/stag", ".plimsoll"]), "a part of a name is no folder");
}

#[test]
fn remotes_without_origin() {
    let repository = Repository::new();
    repository.git(&["remote", "add", "upstream", "https://me:secret@example.com/contoso/website"]);
    let source = repository.read().source;
    assert_eq!(source.repository.url.as_deref(), Some("https://example.com/contoso/website"));
    repository.git(&["remote", "add", "mirror", "https://example.org/other/name"]);
    let event = repository.read();
    assert_eq!(event.source.repository.name, "website");
    assert!(has_note(&event, "None of the remotes mirror and upstream"), "{:?}", event.notes);
}

#[test]
fn the_default_branch_is_guessed_only_where_that_makes_sense() {
    let repository = Repository::new();
    repository.git(&["branch", "--move", "trunk"]);
    assert_eq!(repository.read().source.repository.default_branch.as_deref(), Some("trunk"));
    repository.git(&["branch", "feature"]);
    let event = repository.read();
    assert_eq!(event.source.repository.default_branch, None);
    assert!(has_note(&event, "cannot be guessed"));
    repository.git(&["branch", "master"]);
    assert_eq!(repository.read().source.repository.default_branch.as_deref(), Some("master"));
}

#[test]
fn what_is_no_repository_or_has_no_commit_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = git::read(folder.path(), &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::NoRepository { .. }), "{error}");
    assert!(git::root(&folder.path().join("missing")).is_err());

    let error = git::read(&Repository::empty().path, &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::NoCommit { .. }), "{error}");

    let broken = Repository::new();
    fs::remove_dir_all(broken.path.join(".git/objects")).unwrap();
    fs::create_dir(broken.path.join(".git/objects")).unwrap();
    let error = git::read(&broken.path, &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::Unreadable { what: "the HEAD", .. }), "{error}");
}

#[test]
fn a_commit_is_found_by_its_id() {
    let repository = Repository::new();
    let id = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(git::commit(&repository.path, &id).unwrap(), repository.read().source.commit);
    let error = git::commit(&repository.path, &"0".repeat(40)).unwrap_err();
    assert!(matches!(error, SourceError::UnknownCommit { .. }), "{error}");
    assert!(git::commit(Path::new(&repository.path), "HEAD").is_err());
}

#[test]
fn a_bare_repository_has_no_tree_to_be_dirty() {
    let repository = Repository::new();
    repository.git(&["clone", "--quiet", "--bare", ".", "bare.git"]);
    let event = git::read(&repository.path.join("bare.git"), &Options::default()).unwrap();
    assert!(!event.source.dirty);
}

#[test]
fn a_damaged_repository_is_not_taken_for_none() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("no HEAD", |git| fs::remove_file(git.join("HEAD")).unwrap()),
        ("garbage for a HEAD", |git| fs::write(git.join("HEAD"), "\0\0").unwrap()),
        ("garbage for a configuration", |git| fs::write(git.join("config"), "[[[").unwrap()),
        ("an empty .git", |git| {
            fs::remove_dir_all(git).unwrap();
            fs::create_dir(git).unwrap();
        }),
    ];
    for (damage, apply) in damages {
        let repository = Repository::new();
        repository.write("deep/inside/file", "");
        apply(&repository.path.join(".git"));
        for folder in [repository.path.clone(), repository.path.join("deep/inside")] {
            let error = git::head(&folder).unwrap_err();
            let refused = matches!(error, SourceError::NotOpened { .. } | SourceError::Unreadable { .. });
            assert!(refused, "{damage}: {error:?}");
            assert!(git::changed(&folder, &Options::default()).is_err(), "{damage}");
        }
    }
}

#[test]
fn a_worktree_whose_repository_is_gone_is_damaged() {
    let repository = Repository::new();
    fs::remove_dir_all(repository.path.join(".git")).unwrap();
    fs::write(repository.path.join(".git"), "gitdir: /nowhere/at/all\n").unwrap();
    let error = git::head(&repository.path).unwrap_err();
    assert!(matches!(error, SourceError::NotOpened { .. }), "{error:?}");
}

#[test]
fn the_first_change_is_named() {
    let repository = Repository::new();
    assert_eq!(git::changed(&repository.path, &Options::default()).unwrap(), None);
    repository.write("new.html", "untracked");
    let changed = git::changed(&repository.path, &Options::default()).unwrap();
    assert_eq!(changed.as_deref(), Some("new.html"));
    let error = git::changed(tempfile::tempdir().unwrap().path(), &Options::default()).unwrap_err();
    assert!(matches!(error, SourceError::NoRepository { .. }), "{error:?}");
}
