//! Where containers are in Kubernetes objects.

use crate::yaml::{Node, Scalar};

/// The lists of containers of a pod.
pub(crate) const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The way from an object to the pod that it describes, by kind; `None` for kinds that describe none.
pub(crate) fn way_to_pod(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "PodTemplate" => Some(&["template", "spec"]),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            Some(&["spec", "template", "spec"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

/// Calls a function for the image of every container in a document.
pub(crate) fn for_each_image(document: &mut Node, visit: &mut dyn FnMut(&mut Scalar)) {
    let Some(kind) = document.get("kind").and_then(Node::text).map(str::to_owned) else { return };
    if let Some(way) = way_to_pod(&kind) {
        let pod = way.iter().try_fold(document, |node, key| node.get_mut(key));
        let Some(pod) = pod else { return };
        for list in CONTAINERS {
            let containers = pod.get_mut(list).map(Node::items_mut).unwrap_or_default();
            for container in containers {
                if let Some(Node::Scalar(image)) = container.get_mut("image") {
                    visit(image);
                }
            }
        }
    } else if kind.ends_with("List") {
        let items = document.get_mut("items").map(Node::items_mut).unwrap_or_default();
        for item in items {
            for_each_image(item, visit);
        }
    }
}
