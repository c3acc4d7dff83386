//! The environments, each for itself and among each other.

use std::path::{Component, Path, PathBuf};

use plimsoll_core::names::EnvironmentName;

use super::{
    binding::{self, Surroundings},
    model::{Environment, Target},
    order,
    problem::Problem,
    reader::{Reader, Text},
};

/// The environments as written: enough to check them among each other even when one is wrong in itself.
pub(super) struct Written<'a> {
    pub(super) name: Option<Text<'a>>,
    pub(super) after: Vec<Text<'a>>,
    target: Option<Reader<'a>>,
}

pub(super) fn environments(
    readers: &[Reader<'_>],
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Environment>> {
    let written: Vec<Written<'_>> = readers
        .iter()
        .map(|reader| Written {
            name: reader.text("name"),
            after: reader.texts("after"),
            target: reader.table("target"),
        })
        .collect();
    report_duplicates(&written, problems);
    order::check(&written, problems);
    report_shared_folders(&written, surroundings.folder, problems);
    // Each is read, also behind one that fails: all problems are to be found.
    let resolved: Vec<Option<Environment>> =
        readers.iter().map(|reader| environment(reader, surroundings, problems)).collect();
    resolved.into_iter().collect()
}

fn environment(
    reader: &Reader<'_>,
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Environment> {
    let name = reader.text("name").and_then(|name| match EnvironmentName::new(name.text) {
        Ok(valid) => Some(valid),
        Err(error) => {
            problems.push(Problem::new(name.span, error.to_string()));
            None
        }
    });
    let promotion: Vec<_> = reader
        .tables("promotion")
        .iter()
        .map(|policy| binding::binding(policy, surroundings, problems))
        .collect();
    // A name in `after` that is none belongs to no environment, which was reported.
    let after: Option<Vec<_>> =
        reader.texts("after").iter().map(|name| EnvironmentName::new(name.text).ok()).collect();
    Some(Environment {
        name: name?,
        after: after?,
        target: target(&reader.table("target")?, surroundings.folder)?,
        promotion: promotion.into_iter().collect::<Option<_>>()?,
    })
}

fn target(reader: &Reader<'_>, folder: &Path) -> Option<Target> {
    match reader.text("kind")?.text {
        "directory" => Some(Target::Directory {
            path: folder.join(reader.text("path")?.text),
            manifests: folder.join(reader.text("manifests")?.text),
        }),
        _ => None,
    }
}

fn report_duplicates(environments: &[Written<'_>], problems: &mut Vec<Problem>) {
    let names: Vec<Text<'_>> = environments.iter().filter_map(|environment| environment.name).collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|earlier| earlier.text == name.text) {
            let message = format!("there is already an environment `{}`", name.text);
            problems.push(Problem::new(name.span, message).help("give each environment a name of its own"));
        }
    }
}

/// A folder that is written must belong to one environment alone, and hold nobody's manifests: the next deployment
/// replaces it whole.
fn report_shared_folders(environments: &[Written<'_>], folder: &Path, problems: &mut Vec<Problem>) {
    let folders = |key: &str| -> Vec<(Text<'_>, PathBuf)> {
        let targets = environments.iter().filter_map(|environment| environment.target);
        let written = targets.filter_map(|target| target.text(key));
        written.map(|path| (path, normal(&folder.join(path.text)))).collect()
    };
    let (outputs, inputs) = (folders("path"), folders("manifests"));
    for (index, (output, path)) in outputs.iter().enumerate() {
        if let Some((other, _)) = outputs[..index].iter().find(|(_, other)| overlap(path, other)) {
            let message =
                format!("the folder `{}` overlaps `{}` of another environment", output.text, other.text);
            problems
                .push(Problem::new(output.span, message).help("give each environment a folder of its own"));
        }
        if let Some((input, _)) = inputs.iter().find(|(_, input)| overlap(path, input)) {
            let message = format!("the folder `{}` overlaps the manifests in `{}`", output.text, input.text);
            let help = "write into a folder apart from the manifests: a deployment replaces it whole";
            problems.push(Problem::new(output.span, message).help(help));
        }
    }
}

fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The path without `.`, and without `..` where a component before it can be dropped. Links are not followed.
fn normal(path: &Path) -> PathBuf {
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
    }
}
