//! Every case, built by everybody.

use std::{
    env,
    path::PathBuf,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use plimsoll_support::{
    BuildKit, DebianRegistry, LaterDocker, Reference, ReferenceBuild, Requirement, require,
};
use tempfile::TempDir;

use super::{
    bases::Bases,
    builder::{self, Built},
    case::{self, Case},
    compare::differences,
    image::Image,
    web::Web,
};

/// How many builds go at a time. They wait for disks more than they compute.
const ABREAST: usize = 4;

/// A part of the names of the cases to look at; all when it is not set. For who works on one of them.
const ONLY: &str = "PLIMSOLL_TEST_CASES";

/// What Plimsoll made of every case, made once.
struct Corpus {
    cases: Vec<Case>,
    ours: Vec<Built>,
    bases: Bases,
    folder: TempDir,
}

impl Corpus {
    fn shared() -> &'static Self {
        static CORPUS: OnceLock<Corpus> = OnceLock::new();
        CORPUS.get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            let bases = Bases::make(&folder.path().join("bases"));
            let only = env::var(ONLY).unwrap_or_default();
            let cases: Vec<Case> = case::all().into_iter().filter(|case| case.name.contains(&only)).collect();
            let web = Web::start();
            let build = |case: &Case| {
                let place = folder.path().join(&case.name);
                case.make(&place.join("context"), &web.address());
                builder::build(case, &bases, &place.join("context"), &place.join("layout"), None)
            };
            let ours = abreast(&cases, build);
            Self { cases, ours, bases, folder }
        })
    }

    fn place(&self, case: &Case, name: &str) -> PathBuf {
        self.folder.path().join(&case.name).join(name)
    }

    /// The cases with what is wrong about them.
    #[track_caller]
    fn check(&self, wrong: impl Fn(&Case, &Built) -> Vec<String> + Sync) {
        let lines = abreast(&self.cases, |case| {
            let index = self.cases.iter().position(|other| other.name == case.name).unwrap();
            wrong(case, &self.ours[index])
        });
        let wrong = self.cases.iter().zip(lines).filter(|(_, lines)| !lines.is_empty());
        let found: Vec<String> =
            wrong.map(|(case, lines)| format!("{}\n    {}", case.name, lines.join("\n    "))).collect();
        assert!(
            found.is_empty(),
            "{} of {} cases fail:\n{}",
            found.len(),
            self.cases.len(),
            found.join("\n")
        );
    }

    fn compare(&self, reference: &dyn Reference, is_asked: impl Fn(&Case) -> bool + Sync) {
        let web = Web::start();
        self.check(|case, ours| {
            if case.alone.is_some() || !is_asked(case) {
                return Vec::new();
            }
            let context = self.place(case, &format!("context of {}", reference.name()));
            case.make(&context, &web.address());
            Case::without_frontend(&context);
            let layout = self.place(case, reference.name());
            let build = ReferenceBuild {
                context: &context,
                arguments: &case.arguments,
                target: case.target.as_deref(),
                platform: &case.platform,
            };
            let theirs = reference.build(&build, &layout);
            let said = || last_lines(&String::from_utf8_lossy(&theirs.stderr));
            let should_build = case.rejected.is_none() == case.differs.is_none() || !case.shows.is_empty();
            match (theirs.status.success(), should_build) {
                (true, true) => {}
                (false, false) => return Vec::new(),
                (true, false) => return vec!["they build it".to_owned()],
                (false, true) => return said(),
            }
            let Ok(digest) = &ours.result else { return Vec::new() };
            let ours = Image::read(&self.place(case, "layout"), digest);
            unexpected(case, &differences(&ours, &Image::offered(&layout)))
        });
    }
}

/// Does something with all of a list, some at a time; the results in their order.
fn abreast<T: Sync, R: Send>(list: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = list.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(each) = list.get(index) else { return };
                    *results[index].lock().unwrap() = Some(work(each));
                }
            });
        }
    });
    results.into_iter().map(|result| result.into_inner().unwrap().expect("all were done")).collect()
}

/// The differences that the case does not show, and those that it should have shown.
fn unexpected(case: &Case, differences: &[String]) -> Vec<String> {
    let covers = |line: &String| case.shows.iter().any(|part| line.contains(part));
    let absent = case.shows.iter().filter(|part| !differences.iter().any(|line| line.contains(*part)));
    let absent: Vec<String> = absent.map(|part| format!("no difference is `{part}`")).collect();
    differences.iter().filter(|line| !covers(line)).cloned().chain(absent).collect()
}

fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    let begin = lines.len().saturating_sub(3);
    [vec!["they do not build it:".to_owned()], lines[begin..].to_vec()].concat()
}

#[test]
fn plimsoll_builds_what_it_should_and_says_why_not() {
    Corpus::shared().check(|case, built| match (&built.result, &case.rejected) {
        (Ok(_), None) => match &case.warned {
            Some(part) if !built.warnings.iter().any(|line| line.contains(part)) => {
                vec![format!("no warning says `{part}` but {:?}", built.warnings)]
            }
            _ => Vec::new(),
        },
        (Ok(_), Some(part)) => vec![format!("built, but should say `{part}`")],
        (Err(message), Some(part)) if message.contains(part) => names_its_place(message),
        (Err(message), _) => vec![message.clone()],
    });
}

/// A message about a file says which, and where in it.
fn names_its_place(message: &str) -> Vec<String> {
    let has_line = |file: &str| {
        message.split(file).nth(1).is_some_and(|rest| {
            rest.trim_start_matches([':', ' '])
                .trim_start_matches("line ")
                .starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let fine = has_line("Dockerfile") || has_line(".dockerignore");
    if fine { Vec::new() } else { vec![format!("no file and line are named: {message}")] }
}

#[test]
fn buildkit_builds_the_same() {
    require!(Requirement::BuildKit, Requirement::Registry, Requirement::Skopeo);
    let registry = DebianRegistry::start();
    let corpus = Corpus::shared();
    corpus.bases.push(&registry);
    corpus.compare(&BuildKit::start(registry.address()), |_| true);
}

#[test]
fn docker_builds_the_same() {
    require!(Requirement::LaterDocker, Requirement::Registry, Requirement::Skopeo);
    let registry = DebianRegistry::start();
    let corpus = Corpus::shared();
    corpus.bases.push(&registry);
    corpus.compare(&LaterDocker::start(registry.address()), |case| case.newer.is_none());
}

#[test]
fn layers_of_a_base_stay_byte_for_byte() {
    let corpus = Corpus::shared();
    for case in
        corpus.cases.iter().filter(|case| ["stages/base", "stages/docker-media-types"].contains(&&*case.name))
    {
        let ours = Image::offered(&corpus.place(case, "layout"));
        let base = corpus.bases.image(if case.name == "stages/base" { "base" } else { "older" });
        assert_eq!(ours.layers[..base.layers.len()], base.layers[..], "{}", case.name);
    }
}
