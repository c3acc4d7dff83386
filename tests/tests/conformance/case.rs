//! Cases: `tests/conformance/dockerfile/*.toml`, a file for each topic.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::files::{self, File};

/// One rule, as a Dockerfile with its context and what is to come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The name, after that of its topic.
    pub(crate) name: String,
    /// The rule, in a sentence.
    #[expect(dead_code, reason = "it is for who reads the cases")]
    rule: String,
    /// The text of the Dockerfile. Where it is absent, `folder` has one.
    dockerfile: Option<String>,
    /// A folder beside the topics that is the context, with its Dockerfile.
    folder: Option<PathBuf>,
    /// Files of the context.
    #[serde(default)]
    files: Vec<File>,
    /// Build arguments.
    #[serde(default)]
    pub(crate) arguments: BTreeMap<String, String>,
    /// The stage to build.
    pub(crate) target: Option<String>,
    #[serde(default = "amd64")]
    pub(crate) platform: String,
    /// A part of the message with which Plimsoll refuses to build.
    pub(crate) rejected: Option<String>,
    /// A part of a warning that Plimsoll gives.
    pub(crate) warned: Option<String>,
    /// The intended difference that this shows, by its identifier in docs/dockerfile.md: either Plimsoll refuses what others
    /// build (`rejected`), or both build different images (`shows`), or others refuse what Plimsoll builds (neither).
    pub(crate) differs: Option<String>,
    /// What is different, one text for each line of [`differences`](super::compare::differences), which holds it.
    #[serde(default)]
    pub(crate) shows: Vec<String>,
    /// Why nobody else is asked.
    pub(crate) alone: Option<String>,
    /// Why Docker 26 is not asked.
    pub(crate) newer: Option<String>,
}

fn amd64() -> String {
    "linux/amd64".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    case: Vec<Case>,
}

/// Another place of the corpus, for processes that may not read the checkout.
pub(crate) const CORPUS: &str = "PLIMSOLL_TEST_CORPUS";

/// The folder of the corpus.
pub(crate) fn corpus() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/dockerfile");
    env::var_os(CORPUS).map_or_else(here, PathBuf::from)
}

/// All cases, their names with those of their topics: `copy/trailing-slash`.
pub(crate) fn all() -> Vec<Case> {
    let mut topics: Vec<PathBuf> =
        fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path()).collect();
    topics.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    topics.retain(|path| {
        !["bases", "digests"].iter().any(|name| path.file_stem().is_some_and(|stem| stem == *name))
    });
    topics.sort();
    let mut cases = Vec::new();
    for path in topics {
        let topic = path.file_stem().unwrap().to_string_lossy().into_owned();
        let read: Topic = toml::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases.extend(
            read.case.into_iter().map(|case| Case { name: format!("{topic}/{}", case.name), ..case }),
        );
    }
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have the same name");
    cases
}

impl Case {
    /// Makes the context with its Dockerfile in a folder that does not exist yet. `served` is where files can be fetched from.
    pub(crate) fn make(&self, context: &Path, served: &str) {
        fs::create_dir_all(context).unwrap();
        if let Some(folder) = &self.folder {
            copy(&corpus().join(folder), context);
        }
        files::make(&self.files, context);
        if let Some(text) = &self.dockerfile {
            let path = context.join("Dockerfile");
            fs::write(&path, text.replace("{served}", served)).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }

    /// Takes `# syntax=` out of the Dockerfile: BuildKit would fetch a frontend from Docker Hub.
    pub(crate) fn without_frontend(context: &Path) {
        let path = context.join("Dockerfile");
        let Ok(text) = fs::read_to_string(&path) else { return };
        let lines = text.split_inclusive('\n').filter(|line| !line.replace(' ', "").starts_with("#syntax="));
        fs::write(path, lines.collect::<String>()).unwrap();
    }
}

/// Copies a folder of the corpus, with the modes that a checkout of git's has, whatever the mask of who made it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
            let is_program = entry.metadata().unwrap().permissions().mode() & 0o100 != 0;
            let mode = if is_program { 0o755 } else { 0o644 };
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}
