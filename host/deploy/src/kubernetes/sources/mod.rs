//! Where manifests come from: a folder, or a program that prints them.

mod command;
mod documents;

pub(crate) use documents::refuse_twins;

use std::path::Path;

use super::{error::KubernetesError, manifest::Manifest, options::ManifestSource};
use crate::files::read_manifests;
use command::Command;

/// What a chart may ask about the cluster and the deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChartContext {
    /// The name of the Helm release, where the target names none.
    pub(crate) release: String,
    /// The namespace.
    pub(crate) namespace: String,
    /// The version of the cluster, such as `v1.33.1`.
    pub(crate) kubernetes: String,
    /// The kinds of the cluster as Helm names them: `apps/v1`, `apps/v1/Deployment`.
    pub(crate) kinds: Vec<String>,
}

/// Reads all objects of a source.
pub(crate) async fn read(
    source: &ManifestSource,
    context: &ChartContext,
) -> Result<Vec<Manifest>, KubernetesError> {
    let texts = match source {
        ManifestSource::Folder(folder) => return in_folder(folder).await,
        ManifestSource::Kustomization(folder) => kustomization(folder),
        ManifestSource::Chart { path, release, values } => {
            let release = release.as_ref().unwrap_or(&context.release);
            chart(path, release, values, context)
        }
        ManifestSource::Command { words, folder } => vec![Command::new(words.clone(), folder)],
    };
    let (name, text) = command::first_that_starts(&texts).await?;
    finish(&name, vec![(name.clone(), text)])
}

async fn in_folder(folder: &Path) -> Result<Vec<Manifest>, KubernetesError> {
    let folder = folder.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let files = read_manifests(&folder, None)?;
        let texts = files.into_iter().map(|(below, text)| (folder.join(below).display().to_string(), text));
        finish(&folder.display().to_string(), texts.collect())
    });
    match reading.await {
        Ok(manifests) => manifests,
        // The task is never cancelled, so it panicked: so does this one.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// The commands that build a kustomization, any of which will do.
fn kustomization(folder: &Path) -> Vec<Command> {
    let of = |program: &[&str]| {
        let words = program.iter().map(ToString::to_string).chain([folder.display().to_string()]);
        Command::new(words.collect(), Path::new("."))
    };
    vec![of(&["kustomize", "build"]), of(&["kubectl", "kustomize"])]
}

/// The command that renders a chart. Its tests are left out: they are run by hand, not deployed.
fn chart(path: &Path, release: &str, values: &[std::path::PathBuf], context: &ChartContext) -> Vec<Command> {
    let mut words: Vec<String> = ["helm", "template", release].map(str::to_owned).to_vec();
    words.push(path.display().to_string());
    words.extend(["--namespace".to_owned(), context.namespace.clone()]);
    words.extend(["--include-crds", "--skip-tests"].map(str::to_owned));
    if !context.kubernetes.is_empty() {
        words.extend(["--kube-version".to_owned(), context.kubernetes.clone()]);
    }
    for kind in &context.kinds {
        words.extend(["--api-versions".to_owned(), kind.clone()]);
    }
    for file in values {
        words.extend(["--values".to_owned(), file.display().to_string()]);
    }
    vec![Command::new(words, Path::new(".")).called(format!("helm template {release} {}", path.display()))]
}

/// The objects of texts, each with its name.
fn finish(name: &str, texts: Vec<(String, String)>) -> Result<Vec<Manifest>, KubernetesError> {
    let manifests = documents::objects(texts)?;
    if manifests.is_empty() {
        return Err(KubernetesError::NoObjects { origin: name.to_owned() });
    }
    Ok(manifests)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    async fn command(words: &[&str], folder: &Path) -> Result<Vec<Manifest>, KubernetesError> {
        let words = words.iter().map(ToString::to_string).collect();
        read(&ManifestSource::Command { words, folder: folder.to_owned() }, &ChartContext::default()).await
    }

    #[tokio::test]
    async fn a_command_runs_in_its_folder_without_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("$a.yaml"), "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n")
            .unwrap();
        let read = command(&["cat", "$a.yaml"], folder.path()).await.unwrap();
        assert_eq!(read[0].key().to_string(), "ConfigMap a");
        assert_eq!(read[0].origin.to_string(), "cat $a.yaml:1");

        let error = command(&["cat", "missing"], folder.path()).await.unwrap_err().to_string();
        assert!(error.contains("`cat missing` failed") && error.contains("No such file"), "{error}");
        let error = command(&["no-such-program"], folder.path()).await.unwrap_err();
        assert!(
            matches!(&error, KubernetesError::NotStarted { program, .. } if program == "no-such-program")
        );
        let error = command(&["true"], folder.path()).await.unwrap_err();
        assert!(matches!(error, KubernetesError::NoObjects { .. }));
        let error = command(&["printf", "\\377"], folder.path()).await.unwrap_err().to_string();
        assert!(error.contains("UTF-8"), "{error}");
    }

    #[tokio::test]
    async fn what_prints_without_end_is_ended() {
        let error = command(&["yes"], Path::new(".")).await.unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
    }

    #[tokio::test]
    async fn a_folder_names_the_file_and_line_of_each_object() {
        let folder = tempfile::tempdir().unwrap();
        let text = "# two\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: b}\n";
        fs::write(folder.path().join("all.yaml"), text).unwrap();
        let read =
            read(&ManifestSource::Folder(folder.path().to_owned()), &ChartContext::default()).await.unwrap();
        let origins: Vec<_> = read.iter().map(|one| one.origin.to_string()).collect();
        let file = folder.path().join("all.yaml").display().to_string();
        assert_eq!(origins, [format!("{file}:6"), format!("{file}:7")]);
    }

    #[test]
    fn a_chart_is_told_where_it_goes() {
        let context = ChartContext {
            release: String::new(),
            namespace: "site".to_owned(),
            kubernetes: "v1.33.1".to_owned(),
            kinds: vec!["apps/v1".to_owned()],
        };
        let commands =
            chart(Path::new("chart"), "web", &[PathBuf::from("a.yaml"), PathBuf::from("b.yaml")], &context);
        let expected = "helm template web chart --namespace site --include-crds --skip-tests --kube-version v1.33.1 \
                        --api-versions apps/v1 --values a.yaml --values b.yaml";
        assert_eq!(commands[0].words().join(" "), expected);
    }
}
