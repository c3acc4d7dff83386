//! Folders that deployments write: each for one environment alone, apart from everything that must stay.

use std::path::{Component, Path, PathBuf};

use super::{
    problem::Problem,
    reader::{Reader, Text},
};

/// Keys of targets that name folders with what the application's manifests are made of.
const SOURCES: [&str; 3] = ["manifests", "kustomization", "chart"];

/// A folder or file that a deployment must not replace.
pub(super) struct Folder {
    /// What it is, with its article.
    what: &'static str,
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(what: &'static str, path: &Path) -> Self {
        Self { what, path: normal(path) }
    }
}

/// Checks the targets of all environments against each other, against all manifests and against what the host keeps. A
/// deployment replaces its folder whole, so each of these would be lost.
pub(super) fn check(
    environments: &[Reader<'_>],
    folder: &Path,
    kept: &[Folder],
    problems: &mut Vec<Problem>,
) {
    let targets: Vec<Reader<'_>> = environments.iter().filter_map(|reader| reader.table("target")).collect();
    let manifests: Vec<Folder> = targets
        .iter()
        .flat_map(|target| SOURCES.map(|key| target.text(key)))
        .flatten()
        .map(|path| Folder::new("the manifests", &folder.join(path.text)))
        .collect();
    let is_directory =
        |target: &&Reader<'_>| target.text("kind").is_some_and(|kind| kind.text == "directory");
    let outputs = targets.iter().filter(is_directory).filter_map(|target| target.text("path"));
    let mut earlier: Vec<Folder> = Vec::new();
    for output in outputs {
        let path = normal(&folder.join(output.text));
        if holds(&path, &normal(folder)) {
            problems.push(unfit(output, "holds the configuration"));
        } else if let Some(other) =
            earlier.iter().chain(&manifests).chain(kept).find(|other| overlap(&path, &other.path))
        {
            let relative = other.path.strip_prefix(normal(folder)).unwrap_or(&other.path);
            problems.push(unfit(output, &format!("overlaps {} `{}`", other.what, relative.display())));
        }
        earlier.push(Folder { what: "the folder of another environment", path });
    }
}

fn unfit(output: Text<'_>, why: &str) -> Problem {
    Problem::new(output.span, format!("the folder `{}` {why}", output.text))
        .help("write into a folder apart: a deployment replaces it whole")
}

fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Whether the folder lies in the path.
fn holds(path: &Path, folder: &Path) -> bool {
    folder.starts_with(path) || path.components().all(|component| component == Component::ParentDir)
}

/// The path without `.`, and without `..` where a component before it can be dropped. Links are not followed.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match (component, normal.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                normal.pop();
            }
            _ => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_without_detours() {
        assert_eq!(normal(Path::new("./a/../b/./c")), Path::new("b/c"));
        assert_eq!(normal(Path::new("../a/..")), Path::new(".."));
        assert_eq!(normal(Path::new("/../a")), Path::new("/a"));
        assert!(overlap(Path::new("deploy/a"), Path::new("deploy")));
        assert!(!overlap(Path::new("deploy/ab"), Path::new("deploy/a")));
        assert!(holds(Path::new("/app"), Path::new("/app/web")) && holds(Path::new(""), Path::new("")));
        assert!(!holds(Path::new("/app/web/deploy"), Path::new("/app/web")));
    }
}
