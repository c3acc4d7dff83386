//! Environments that would deploy to the same place, and so undo each other's work.

use std::path::{Path, PathBuf};

use miette::SourceSpan;

use super::{
    folders::normal,
    model::ClusterAccess,
    problem::Problem,
    reader::Reader,
    target::{BRANCH, access, repository},
};

/// A place that one environment alone may deploy to.
#[derive(PartialEq, Eq)]
enum Place {
    /// A namespace of a cluster; whom Plimsoll acts as there makes no difference.
    Namespace { access: ClusterAccess, namespace: Option<String> },
    /// A place in a repository.
    Repository { repository: String, branch: String, path: PathBuf },
}

/// Checks the targets of all environments against each other.
pub(super) fn check(environments: &[Reader<'_>], folder: &Path, problems: &mut Vec<Problem>) {
    let mut earlier: Vec<(Place, &str)> = Vec::new();
    for environment in environments {
        let Some((place, span)) = place(environment, folder) else { continue };
        if let Some((_, other)) = earlier.iter().find(|(known, _)| *known == place) {
            problems.push(shared(&place, other, span));
        }
        earlier.push((place, environment.text("name").map_or("another", |name| name.text)));
    }
}

/// Where an environment deploys to, and where the file says so.
fn place(environment: &Reader<'_>, folder: &Path) -> Option<(Place, SourceSpan)> {
    let target = environment.table("target")?;
    let text = |key| target.text(key).map(|text| text.text.to_owned());
    let (place, key) = match target.text("kind")?.text {
        "kubernetes" => {
            let access = access(&target, folder);
            let kubeconfig = access.kubeconfig.as_deref().map(normal);
            let access = ClusterAccess { kubeconfig, impersonate: None, ..access };
            (Place::Namespace { access, namespace: text("namespace") }, "namespace")
        }
        "gitops" => {
            let place = Place::Repository {
                repository: repository(&text("repository")?, folder),
                branch: text("branch").unwrap_or_else(|| BRANCH.to_owned()),
                path: normal(Path::new(&text("path")?)),
            };
            (place, "path")
        }
        _ => return None,
    };
    Some((place, target.span(key).or_else(|| target.span("kind"))?))
}

fn shared(place: &Place, other: &str, span: SourceSpan) -> Problem {
    let (message, help) = match place {
        Place::Namespace { .. } => (
            format!("the environment `{other}` deploys into the same namespace of the same cluster"),
            "give each a `namespace` or a `context` of its own: each would delete what the other has applied",
        ),
        Place::Repository { .. } => (
            format!("the environment `{other}` writes to the same place of the same branch"),
            "give each a `path` or a `branch` of its own: each would replace what the other has written",
        ),
    };
    Problem::new(span, message).help(help)
}
