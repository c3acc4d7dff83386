//! Putting the released image into manifests.
//!
//! The text is edited where the images stand, so comments, order and style survive. What came out is read again and compared
//! with what was meant, so nothing but the images can have changed.

use std::{collections::BTreeMap, path::Path};

use plimsoll_core::reference::RepositoryName;

use crate::{
    error::DeployError,
    workloads::for_each_image,
    yaml::{self, Node, NotYaml, Scalar},
};

/// The image to put in.
#[derive(Debug, Clone)]
pub(crate) struct Image<'a> {
    /// Containers whose image is of this repository get it.
    pub(crate) repository: &'a RepositoryName,
    /// What follows the repository's name, from the `@` on.
    pub(crate) suffix: String,
}

/// A rendered manifest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// The text.
    pub(crate) text: String,
    /// How many containers have the image.
    pub(crate) replaced: usize,
    /// The repositories that containers named, as written.
    pub(crate) seen: Vec<String>,
}

/// Renders one file.
pub(crate) fn render(file: &Path, text: &str, image: &Image<'_>) -> Result<Rendered, DeployError> {
    let not_yaml = |NotYaml { line, problem }| DeployError::NotYaml { file: file.to_owned(), line, problem };
    let not_replaceable =
        |line, problem| DeployError::NotReplaceable { file: file.to_owned(), line, problem };
    let mut meant = yaml::parse(text).map_err(not_yaml)?;
    let (mut edits, mut seen) = (BTreeMap::new(), Vec::new());
    let (mut replaced, mut block, mut first_line) = (0, None, 1);
    let mut visit = |scalar: &mut Scalar| {
        let written = repository_of(&scalar.text).to_owned();
        if written.parse::<RepositoryName>().as_ref() == Ok(image.repository) {
            if replaced == 0 {
                first_line = scalar.line;
            }
            if scalar.block {
                block.get_or_insert(scalar.line);
            }
            replaced += 1;
            scalar.text = format!("{written}{}", image.suffix);
            edits.insert(scalar.range.start, scalar.clone());
        }
        seen.push(written);
    };
    for document in &mut meant {
        for_each_image(document, &mut visit);
    }
    if let Some(line) = block {
        return Err(not_replaceable(line, "it is written as a block of lines"));
    }
    let text = edit(text, &edits);
    // An edit inside an anchor reaches everything that refers to it, wanted or not.
    if replaced > 0 && !same(&text, &meant) {
        return Err(not_replaceable(
            first_line,
            "an anchor carries it to other places, which would change too",
        ));
    }
    Ok(Rendered { text, replaced, seen })
}

fn same(text: &str, meant: &[Node]) -> bool {
    yaml::parse(text).is_ok_and(|documents| documents == meant)
}

/// Replaces scalars in a text, each in the quotes that it had. An image needs no escapes in any of them.
fn edit(text: &str, edits: &BTreeMap<usize, Scalar>) -> String {
    let mut edited = String::with_capacity(text.len() + 80 * edits.len());
    let mut done = 0;
    for scalar in edits.values() {
        let old = &text[scalar.range.clone()];
        let quote = old.chars().next().filter(|first| matches!(first, '"' | '\''));
        edited.push_str(&text[done..scalar.range.start]);
        edited.extend(quote);
        edited.push_str(&scalar.text);
        edited.extend(quote);
        done = scalar.range.end;
    }
    edited.push_str(&text[done..]);
    edited
}

/// The repository in an image as it is written, without tag and digest. A tag may be a placeholder that no registry
/// would take: it is replaced anyway.
pub(crate) fn repository_of(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::digest::Digest;
    use proptest::prelude::*;

    use super::*;

    fn suffix() -> String {
        format!("@{}", Digest::of(b"image"))
    }

    fn rendered(text: &str) -> Result<Rendered, DeployError> {
        let repository = "ghcr.io/contoso/website".parse().unwrap();
        render(Path::new("k8s/web.yaml"), text, &Image { repository: &repository, suffix: suffix() })
    }

    /// Renders a pod with this text as its image.
    fn with_image(image: &str) -> String {
        rendered(&format!("kind: Pod\nspec:\n  containers:\n  - image: {image}\n    name: a\n")).unwrap().text
    }

    #[test]
    fn every_kind_of_workload_gets_the_image() {
        let spec = "{initContainers: [{image: IMAGE}, {image: other}], containers: [{image: IMAGE, name: a}], \
                    ephemeralContainers: [{image: IMAGE}]}";
        let template = format!("{{template: {{metadata: {{}}, spec: {spec}}}}}");
        let cases = [
            ("Pod", format!("spec: {spec}")),
            ("PodTemplate", format!("template: {{spec: {spec}}}")),
            ("Deployment", format!("spec: {template}")),
            ("StatefulSet", format!("spec: {template}")),
            ("DaemonSet", format!("spec: {template}")),
            ("ReplicaSet", format!("spec: {template}")),
            ("ReplicationController", format!("spec: {template}")),
            ("Job", format!("spec: {template}")),
            ("CronJob", format!("spec: {{jobTemplate: {{spec: {template}}}}}")),
            ("List", format!("items: [{{kind: Deployment, spec: {template}}}, {{kind: Service}}]")),
            ("PodList", format!("items: [{{kind: Pod, spec: {spec}}}]")),
        ];
        for (kind, rest) in cases {
            let text = format!("kind: {kind}\n{rest}\n");
            let written = text.replace("IMAGE", "ghcr.io/contoso/website:v0");
            let expected = text.replace("IMAGE", &format!("ghcr.io/contoso/website{}", suffix()));
            let rendered = rendered(&written).unwrap();
            assert_eq!((rendered.text, rendered.replaced), (expected, 3), "{kind}");
        }
        let service = "kind: Service\nspec: {containers: [{image: ghcr.io/contoso/website}]}";
        assert_eq!(rendered(service).unwrap().replaced, 0);
    }

    #[test]
    fn comments_order_and_style_survive() {
        let text = "# The site\n---\nspec: # here\n  containers:\n    - name:   a\n      image:  \"ghcr.io/contoso/website:v1\"  # ours\n\
                    \x20     env: [{name: B,   value: 'ghcr.io/contoso/website:v1'}]\nkind: Pod\n...\n---\n# nothing\n";
        let expected = text.replacen("website:v1", &format!("website{}", suffix()), 1);
        assert_eq!(rendered(text).unwrap().text, expected);
    }

    #[test]
    fn the_repository_is_compared_not_its_spelling() {
        let new = suffix();
        let old = Digest::of(b"old");
        for written in [
            "ghcr.io/contoso/website",
            "ghcr.io/contoso/website:latest",
            &format!("ghcr.io/contoso/website:v1@{old}"),
            "ghcr.io/contoso/website:${TAG}",
            "'ghcr.io/contoso/website:v1'",
        ] {
            assert!(with_image(written).contains(&format!("ghcr.io/contoso/website{new}")), "{written}");
        }
        for other in
            ["ghcr.io/contoso/website-2", "contoso/website", "ghcr.io/contoso", "''", "~", "[a]", "GHCR:x"]
        {
            assert!(!with_image(other).contains(&new), "{other}");
        }
        let nginx = "nginx".parse().unwrap();
        let image = Image { repository: &nginx, suffix: new.clone() };
        let text = "kind: Pod\nspec: {containers: [{image: nginx}, {image: 'docker.io/library/nginx:1'}]}";
        let out = render(Path::new("a"), text, &image).unwrap();
        assert_eq!(out.replaced, 2);
        assert!(out.text.contains(&format!("'docker.io/library/nginx{new}'")));
        assert!(out.text.contains(&format!("{{image: nginx{new}}}")));
    }

    #[test]
    fn json_is_rendered_too() {
        let text = "{\n\t\"kind\": \"Pod\",\n\t\"spec\": {\"containers\": [{\"image\": \"ghcr.io/contoso/website:v1\"}]}\n}\n";
        let out = rendered(text).unwrap();
        let value: serde_json::Value = serde_json::from_str(&out.text).unwrap();
        assert_eq!(value["spec"]["containers"][0]["image"], format!("ghcr.io/contoso/website{}", suffix()));
    }

    #[test]
    fn anchors_are_followed_where_they_mean_images_only() {
        let good = "kind: Pod\nspec:\n  initContainers:\n  - &c {image: &i ghcr.io/contoso/website:v1, name: a}\n  containers:\n  \
                    - image: *i\n  - *c\n  - {<<: *c, name: b}\n";
        let out = rendered(good).unwrap();
        assert_eq!(out.replaced, 4);
        assert_eq!(out.text, good.replace(":v1", &suffix()));

        let elsewhere = "kind: Pod\nspec:\n  containers:\n  - image: &i ghcr.io/contoso/website:v1\n    env: [{name: A, value: *i}]\n";
        let error = rendered(elsewhere).unwrap_err().to_string();
        assert!(error.starts_with("k8s/web.yaml:4: "), "{error}");
    }

    #[test]
    fn what_cannot_be_replaced_names_its_line() {
        let block = "kind: Pod\nspec:\n  containers:\n  - image: >-\n      ghcr.io/contoso/website:v1\n";
        let error = rendered(block).unwrap_err().to_string();
        assert!(error.starts_with("k8s/web.yaml:4: ") || error.starts_with("k8s/web.yaml:5: "), "{error}");
        let template = "kind: Pod\nspec:\n  containers:\n  {{- range .Values.list }}\n  - image: a\n";
        let error = rendered(template).unwrap_err().to_string();
        assert!(error.starts_with("k8s/web.yaml:") && error.contains("not valid YAML"), "{error}");
    }

    proptest! {
        /// Whatever surrounds it: what changed is the image and nothing else.
        #[test]
        fn only_images_change(
            before in "(# ?[ a-z:'\"-]{0,20})?(\n[a-z]: [a-z0-9 \"']{0,6})?",
            value in "[a-z0-9&*][a-z0-9:#' ]{0,11}",
            quote in prop::sample::select(vec!["", "'", "\""]),
            comment in "( #[a-z:'\"]{0,9})?",
        ) {
            let text = format!(
                "{before}\nkind: Pod\nspec:\n  nodeName: {value}\n  containers:\n  - image: {quote}ghcr.io/contoso/website:v1{quote}{comment}\n    name: a\n"
            );
            if let Ok(rendered) = rendered(&text) && rendered.replaced == 1 {
                prop_assert_eq!(rendered.text, text.replace("website:v1", &format!("website{}", suffix())));
            }
        }
    }
}
