//! How environments are deployed to.

mod gitops;

use std::{path::Path, time::Duration};

use super::{
    model::{
        ClusterAccess, ImagePath, Impersonation, KubernetesTarget, ManifestSource, OnFailure, ReadyWhen,
        Target,
    },
    problem::Problem,
    reader::{Reader, Text},
};
pub(super) use gitops::{BRANCH, repository};

const ROLLOUT_TIMEOUT: Duration = Duration::from_mins(10);

pub(super) fn target(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Target> {
    match reader.text("kind")?.text {
        "directory" => Some(Target::Directory {
            path: folder.join(reader.text("path")?.text),
            manifests: folder.join(reader.text("manifests")?.text),
        }),
        "kubernetes" => kubernetes(reader, folder, problems).map(Box::new).map(Target::Kubernetes),
        "gitops" => gitops::gitops(reader, folder, problems).map(Box::new).map(Target::GitOps),
        _ => None,
    }
}

fn kubernetes(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<KubernetesTarget> {
    check_access(reader, problems);
    let image_paths: Vec<_> =
        reader.tables("image-paths").iter().map(|path| image_path(path, problems)).collect();
    let ready_when: Vec<_> = reader.tables("ready-when").iter().map(ready_when).collect();
    Some(KubernetesTarget {
        access: access(reader, folder),
        namespace: reader.text("namespace").map(|name| name.text.to_owned()),
        manifests: source(reader, folder)?,
        image_paths: image_paths.into_iter().collect::<Option<_>>()?,
        ready_when: ready_when.into_iter().collect::<Option<_>>()?,
        rollout_timeout: reader.duration("rollout-timeout").unwrap_or(ROLLOUT_TIMEOUT),
        on_failure: match reader.text("on-failure").map(|choice| choice.text) {
            Some("keep") => OnFailure::Keep,
            _ => OnFailure::RollBack,
        },
        prune: reader.flag("prune").unwrap_or(true),
        force_conflicts: reader.flag("force-conflicts").unwrap_or(false),
    })
}

fn source(reader: &Reader<'_>, folder: &Path) -> Option<ManifestSource> {
    let path = |key| reader.text(key).map(|path| folder.join(path.text));
    let chart = |path| ManifestSource::Chart {
        path,
        release: reader.text("chart-release").map(|name| name.text.to_owned()),
        values: reader.texts("chart-values").iter().map(|path| folder.join(path.text)).collect(),
    };
    let command = || {
        let words = reader.words("render");
        (!words.is_empty()).then(|| ManifestSource::Command { words, folder: folder.to_owned() })
    };
    path("manifests")
        .map(ManifestSource::Folder)
        .or_else(|| path("kustomization").map(ManifestSource::Kustomization))
        .or_else(|| path("chart").map(chart))
        .or_else(command)
}

/// How a cluster is reached: of a target, or of what waits for one.
pub(super) fn access(reader: &Reader<'_>, folder: &Path) -> ClusterAccess {
    ClusterAccess {
        kubeconfig: reader.text("kubeconfig").map(|path| folder.join(path.text)),
        context: reader.text("context").map(|name| name.text.to_owned()),
        in_cluster: reader.flag("in-cluster").unwrap_or(false),
        impersonate: reader.text("as").map(|user| Impersonation {
            user: user.text.to_owned(),
            groups: reader.texts("as-groups").iter().map(|group| group.text.to_owned()).collect(),
        }),
    }
}

fn check_access(reader: &Reader<'_>, problems: &mut Vec<Problem>) {
    if reader.flag("in-cluster") == Some(true) {
        for key in ["kubeconfig", "context"] {
            problems.extend(reader.span(key).map(|span| {
                Problem::new(span, format!("`{key}` and `in-cluster` exclude each other"))
                    .help("take one of them out: in its own cluster, Plimsoll uses the pod's service account")
            }));
        }
    }
    if reader.value("as").is_none() {
        problems.extend(reader.span("as-groups").map(|span| {
            Problem::new(span, "`as-groups` goes with `as`")
                .help("name the user as well: a cluster knows no groups without one")
        }));
    }
}

fn image_path(reader: &Reader<'_>, problems: &mut Vec<Problem>) -> Option<ImagePath> {
    let path = reader.text("path").filter(|path| {
        let is_right = is_image_path(path.text);
        if !is_right {
            problems.push(not_an_image_path(*path));
        }
        is_right
    });
    Some(ImagePath { kind: reader.text("kind")?.text.to_owned(), path: path?.text.to_owned() })
}

fn not_an_image_path(path: Text<'_>) -> Problem {
    Problem::new(path.span, format!("`{}` is no way to an image", path.text)).help(
        "write names with dots between, `[*]` behind one for each item of a list: `spec.template.spec.containers[*].image`",
    )
}

/// Names with dots between, `[*]` behind some.
fn is_image_path(text: &str) -> bool {
    text.split('.').all(|part| is_field(part.strip_suffix("[*]").unwrap_or(part)))
}

/// The name of a field, as custom resources have them.
fn is_field(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn ready_when(reader: &Reader<'_>) -> Option<ReadyWhen> {
    Some(ReadyWhen {
        kind: reader.text("kind")?.text.to_owned(),
        condition: reader.text("condition")?.text.to_owned(),
        status: reader.text("status").map_or("True", |status| status.text).to_owned(),
    })
}
