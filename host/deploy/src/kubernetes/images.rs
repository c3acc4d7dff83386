//! Putting the released image into objects.

use plimsoll_core::reference::RepositoryName;
use serde_json::Value;

use super::{error::KubernetesError, manifest::Manifest, options::ImagePath};
use crate::{
    render::repository_of,
    workloads::{CONTAINERS, way_to_pod},
};

/// Whether objects of a kind run pods.
pub(super) fn is_workload(kind: &str) -> bool {
    way_to_pod(kind).is_some()
}

/// Sets every image of the repository to the digest, and complains when there is none.
pub(super) fn set_images(
    manifests: &mut [Manifest],
    image_paths: &[ImagePath],
    repository: &RepositoryName,
    digest: &str,
) -> Result<(), KubernetesError> {
    let image_paths: Vec<(&str, Vec<Segment<'_>>)> = image_paths
        .iter()
        .map(|path| Ok((path.kind.as_str(), segments(&path.path).ok_or_else(|| invalid(path))?)))
        .collect::<Result<_, KubernetesError>>()?;
    let (mut replaced, mut seen) = (0, Vec::new());
    for manifest in manifests {
        let kind = manifest.kind.kind.clone();
        for_each_image(&mut manifest.object, &kind, &image_paths, &mut |image| {
            let Some(written) = image.as_str().map(|text| repository_of(text).to_owned()) else { return };
            if written.parse::<RepositoryName>().as_ref() == Ok(repository) {
                *image = format!("{written}@{digest}").into();
                replaced += 1;
            }
            seen.push(written);
        });
    }
    if replaced == 0 {
        seen.sort();
        seen.dedup();
        return Err(KubernetesError::NoContainer { repository: repository.clone(), seen });
    }
    Ok(())
}

fn invalid(path: &ImagePath) -> KubernetesError {
    KubernetesError::InvalidImagePath { kind: path.kind.clone(), path: path.path.clone() }
}

/// The images of the repository that an object names, with the digest or tag that they have.
pub(super) fn images_of(
    object: &Value,
    image_paths: &[ImagePath],
    repository: &RepositoryName,
) -> Vec<String> {
    let mut object = object.clone();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let paths: Vec<_> =
        image_paths.iter().filter_map(|path| Some((path.kind.as_str(), segments(&path.path)?))).collect();
    let mut images = Vec::new();
    for_each_image(&mut object, &kind, &paths, &mut |image| {
        let Some(text) = image.as_str() else { return };
        if repository_of(text).parse::<RepositoryName>().as_ref() == Ok(repository) {
            images.push(text.to_owned());
        }
    });
    images
}

fn for_each_image(
    object: &mut Value,
    kind: &str,
    image_paths: &[(&str, Vec<Segment<'_>>)],
    visit: &mut dyn FnMut(&mut Value),
) {
    if let Some(pod) =
        way_to_pod(kind).and_then(|way| way.iter().try_fold(&mut *object, |node, key| node.get_mut(key)))
    {
        for list in CONTAINERS {
            let containers = pod.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                if let Some(image) = container.get_mut("image") {
                    visit(image);
                }
            }
        }
    }
    for (_, path) in image_paths.iter().filter(|(known, _)| *known == kind) {
        follow(object, path, visit);
    }
}

/// A step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Key(&'a str),
    Every,
    Element(usize),
}

/// The steps of a path such as `spec.containers[*].image`; `None` when it is none.
fn segments(path: &str) -> Option<Vec<Segment<'_>>> {
    let mut segments = Vec::new();
    for part in path.trim_start_matches('.').split('.') {
        let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if key.is_empty() {
            return None;
        }
        segments.push(Segment::Key(key));
        while let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']')?;
            segments.push(if index == "*" { Segment::Every } else { Segment::Element(index.parse().ok()?) });
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(segments)
}

/// Calls a function for every value that a path leads to.
fn follow(node: &mut Value, path: &[Segment<'_>], visit: &mut dyn FnMut(&mut Value)) {
    let Some((first, rest)) = path.split_first() else { return visit(node) };
    let next = match first {
        Segment::Key(key) => node.get_mut(*key),
        Segment::Element(index) => node.get_mut(*index),
        Segment::Every => {
            for item in node.as_array_mut().into_iter().flatten() {
                follow(item, rest, visit);
            }
            return;
        }
    };
    if let Some(next) = next {
        follow(next, rest, visit);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::kubernetes::manifest::tests::manifest;

    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    fn set(object: Value, paths: &[(&str, &str)]) -> Result<Value, KubernetesError> {
        let mut manifests = vec![manifest(object)];
        let paths: Vec<_> = paths
            .iter()
            .map(|(kind, path)| ImagePath { kind: (*kind).to_owned(), path: (*path).to_owned() })
            .collect();
        set_images(&mut manifests, &paths, &"ghcr.io/contoso/website".parse().unwrap(), DIGEST)?;
        Ok(manifests.remove(0).object)
    }

    #[test]
    fn containers_of_workloads_get_the_digest() {
        let with = |image: &str| {
            json!({
                "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"},
                "spec": {"jobTemplate": {"spec": {"template": {"spec": {
                    "initContainers": [{"image": image}, {"image": "other"}],
                    "containers": [{"image": image, "env": [{"value": "ghcr.io/contoso/website:v1"}]}],
                    "ephemeralContainers": [{"image": image}],
                }}}}}
            })
        };
        let expected = with(&format!("ghcr.io/contoso/website@{DIGEST}"));
        for tag in ["", ":v1", ":v1@sha256:11"] {
            assert_eq!(set(with(&format!("ghcr.io/contoso/website{tag}")), &[]).unwrap(), expected);
        }
    }

    #[test]
    fn custom_resources_get_it_where_their_path_leads() {
        let object = json!({
            "apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": "a"},
            "spec": {"parts": [{"images": ["x", "ghcr.io/contoso/website"]}, {"images": ["ghcr.io/contoso/website:1", 3]}, {}]}
        });
        let set = set(object, &[("Site", "spec.parts[*].images[*]"), ("Other", "spec")]).unwrap();
        let image = format!("ghcr.io/contoso/website@{DIGEST}");
        assert_eq!(set["spec"]["parts"], json!([{"images": ["x", image]}, {"images": [image, 3]}, {}]));
    }

    #[test]
    fn no_image_at_all_is_an_error_that_says_what_there_is() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"image": "nginx:1"}]}});
        let error = set(pod, &[]).unwrap_err().to_string();
        assert!(error.contains("ghcr.io/contoso/website") && error.contains("nginx"), "{error}");
    }

    #[test]
    fn paths_are_read_as_written() {
        use Segment::{Element, Every, Key};
        assert_eq!(
            segments("spec.a[*].b[2]"),
            Some(vec![Key("spec"), Key("a"), Every, Key("b"), Element(2)])
        );
        assert_eq!(segments(".spec"), Some(vec![Key("spec")]));
        for wrong in ["", "a..b", "[*]", "a[", "a[x]", "a[*]b", "a."] {
            assert_eq!(segments(wrong), None, "{wrong}");
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
            assert!(set(pod, &[("Pod", wrong)]).unwrap_err().to_string().contains("image-paths"), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_read_without_a_panic(path in "[a-z.\\[\\]*0-9]{0,16}") {
            let _ = segments(&path);
        }
    }
}
