//! In which order objects are applied: what others need comes first. Deletion goes the other way.

use kube::core::GroupVersionKind;

use super::{images::is_workload, options::ImagePath};

/// When an object is applied. Objects of one stage are applied at the same time, each stage after the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    /// Namespaces: most other objects live in one.
    Namespaces,
    /// Definitions of custom resources: the next stages may use them.
    Definitions,
    /// Limits on what follows, such as quotas, and classes that it refers to.
    Limits,
    /// Accounts and roles.
    Accounts,
    /// What gives roles to accounts.
    Bindings,
    /// What pods read or store.
    Configuration,
    /// Services, so that pods find them in their environment.
    Services,
    /// What runs pods.
    Workloads,
    /// What needs the workloads, and everything unknown.
    Rest,
    /// What takes part in every later request, and could refuse it before the workloads answer.
    Interceptors,
}

/// The stage of a kind. Custom resources with images are workloads.
pub(crate) fn stage(kind: &GroupVersionKind, image_paths: &[ImagePath]) -> Stage {
    match kind.kind.as_str() {
        "Namespace" if kind.group.is_empty() => Stage::Namespaces,
        "CustomResourceDefinition" => Stage::Definitions,
        "ResourceQuota"
        | "LimitRange"
        | "PriorityClass"
        | "StorageClass"
        | "RuntimeClass"
        | "IngressClass"
        | "NetworkPolicy"
        | "PodDisruptionBudget" => Stage::Limits,
        "ServiceAccount" | "Role" | "ClusterRole" => Stage::Accounts,
        "RoleBinding" | "ClusterRoleBinding" => Stage::Bindings,
        "ConfigMap" | "Secret" | "PersistentVolume" | "PersistentVolumeClaim" => Stage::Configuration,
        "Service" if kind.group.is_empty() => Stage::Services,
        "Endpoints" | "EndpointSlice" => Stage::Services,
        "APIService"
        | "ValidatingWebhookConfiguration"
        | "MutatingWebhookConfiguration"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding"
        | "MutatingAdmissionPolicy"
        | "MutatingAdmissionPolicyBinding" => Stage::Interceptors,
        name if is_workload(name) || image_paths.iter().any(|path| path.kind == name) => Stage::Workloads,
        _ => Stage::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Group and kind, in the order in which they are applied.
    const KINDS: [(&str, &str); 13] = [
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "ResourceQuota"),
        ("", "ServiceAccount"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("", "ConfigMap"),
        ("", "Service"),
        ("apps", "Deployment"),
        ("argoproj.io", "Rollout"),
        ("networking.k8s.io", "Ingress"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("serving.knative.dev", "Service"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ];

    fn named((group, kind): &(&str, &str)) -> GroupVersionKind {
        GroupVersionKind::gvk(group, "v1", kind)
    }

    fn rollouts() -> Vec<ImagePath> {
        vec![ImagePath { kind: "Rollout".to_owned(), path: "spec.image".to_owned() }]
    }

    #[test]
    fn what_others_need_comes_first() {
        let stages: Vec<_> = KINDS.iter().map(|kind| stage(&named(kind), &rollouts())).collect();
        assert!(stages.is_sorted());
        assert!(stages.first() < stages.last());
    }

    #[test]
    fn kinds_of_one_name_are_told_apart_by_their_group() {
        assert_eq!(stage(&named(&("", "Service")), &[]), Stage::Services);
        assert_eq!(stage(&named(&("serving.knative.dev", "Service")), &[]), Stage::Rest);
        assert_eq!(stage(&named(&("argoproj.io", "Rollout")), &[]), Stage::Rest);
        assert_eq!(stage(&named(&("argoproj.io", "Rollout")), &rollouts()), Stage::Workloads);
    }
}
