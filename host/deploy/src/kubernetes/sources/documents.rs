//! Texts to objects.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    kubernetes::{
        error::KubernetesError,
        manifest::{Manifest, Origin},
    },
    yaml::{self, Node, NotYaml},
    yaml_value,
};

/// The objects in texts, each text with the name of its file or command. Lists are taken apart; everything that cannot be
/// applied is told at once.
pub(super) fn objects(texts: Vec<(String, String)>) -> Result<Vec<Manifest>, KubernetesError> {
    let (mut manifests, mut problems) = (Vec::new(), Vec::new());
    for (name, text) in texts {
        let not_yaml = |NotYaml { line, problem }| KubernetesError::NotYaml {
            origin: format!("{name}:{line}"),
            problem,
        };
        for document in yaml::parse(&text).map_err(not_yaml)? {
            collect(&document, &name, &mut manifests, &mut problems).map_err(not_yaml)?;
        }
    }
    if !problems.is_empty() {
        return Err(KubernetesError::NotObjects { problems });
    }
    Ok(manifests)
}

fn collect(
    node: &Node,
    source: &str,
    manifests: &mut Vec<Manifest>,
    problems: &mut Vec<String>,
) -> Result<(), NotYaml> {
    if is_empty(node) {
        return Ok(());
    }
    // `items` is what makes a list: a custom resource may be called a list, too.
    let is_list = node.get("kind").and_then(Node::text).is_some_and(|kind| kind.ends_with("List"));
    if let (true, Some(Node::Sequence(items))) = (is_list, node.get("items")) {
        return items.iter().try_for_each(|item| collect(item, source, manifests, problems));
    }
    let origin = Origin { source: source.to_owned(), line: yaml_value::line(node).unwrap_or(1) };
    let place = origin.to_string();
    match Manifest::new(yaml_value::value(node)?, origin) {
        Ok(manifest) => manifests.push(manifest),
        Err(problem) => problems.push(format!("{place}: {problem}")),
    }
    Ok(())
}

/// Whether a document holds nothing, as between two separators.
fn is_empty(node: &Node) -> bool {
    match node {
        Node::Scalar(_) => matches!(yaml_value::value(node), Ok(Value::Null)),
        Node::Mapping(pairs) => pairs.is_empty(),
        Node::Sequence(_) => false,
    }
}

/// Complains about objects that are there twice. Namespaces have to be filled in before.
pub(crate) fn refuse_twins<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Result<(), KubernetesError> {
    let mut seen = HashMap::new();
    for manifest in manifests {
        if let Some(first) = seen.insert(manifest.key(), &manifest.origin) {
            return Err(KubernetesError::twice(&manifest.key(), first, &manifest.origin));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Manifest>, KubernetesError> {
        objects(vec![("a.yaml".to_owned(), text.to_owned())])
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let error = read("a: 1\n---\nkind: Pod\napiVersion: v1\n---\n---\n- x\n").unwrap_err().to_string();
        for part in [
            "a.yaml:1: it has no `apiVersion`",
            "a.yaml:3: it has no `metadata.name`",
            "a.yaml:7: it is no object",
        ] {
            assert!(error.contains(part), "{error}");
        }
        let error = read("kind: Pod\nkind: Pod\n").unwrap_err().to_string();
        assert!(error.starts_with("a.yaml:2: "), "{error}");
    }

    #[test]
    fn twins_are_told_with_both_places() {
        let twins = read(
            "{apiVersion: v1, kind: Secret, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: a}}\n",
        );
        let error = refuse_twins(twins.unwrap().iter()).unwrap_err().to_string();
        assert!(error.contains("a.yaml:1") && error.contains("a.yaml:3"), "{error}");
    }
}
