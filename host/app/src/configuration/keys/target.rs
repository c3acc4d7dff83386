//! The keys of targets: one table, whose keys depend on the kind.

use crate::configuration::shape::{
    Alternative, Choice, Key, OneOf,
    Presence::{self, Optional, Required},
    Shape, TableShape, Variant, Variants,
};

pub(super) static TARGET: TableShape = TableShape {
    meaning: "How an environment is deployed to. Paths are relative to the folder of the configuration.",
    one_of: None,
    variants: Some(&Variants { by: "kind", what: "targets", of: &[DIRECTORY, KUBERNETES, GITOPS] }),
    keys: &[Key {
        name: "kind",
        shape: Shape::Choice(&Choice { what: "target", values: &["directory", "kubernetes", "gitops"] }),
        presence: Required("name the kind of target: `kind = \"directory\"`"),
        meaning: "The kind: `directory` renders the manifests with the released digest into a folder, `kubernetes` applies them to a cluster, `gitops` commits the digest to the repository that a cluster follows.",
    }],
};

const DIRECTORY: Variant = Variant {
    value: "directory",
    one_of: None,
    keys: &[
        Key {
            name: "path",
            shape: Shape::Text,
            presence: Required("name the folder that is written: `path = \"deploy/staging\"`"),
            meaning: "The folder that is written. It belongs to this environment alone.",
        },
        Key {
            name: "manifests",
            shape: Shape::Text,
            presence: Required("name the folder of Kubernetes manifests to render: `manifests = \"k8s\"`"),
            meaning: "The folder of Kubernetes manifests that are rendered.",
        },
    ],
};

const KUBERNETES: Variant = Variant {
    value: "kubernetes",
    one_of: Some(&OneOf {
        required: true,
        of: &[
            Alternative { key: "manifests", with: &[] },
            Alternative { key: "kustomization", with: &[] },
            Alternative { key: "chart", with: &["chart-values", "chart-release"] },
            Alternative { key: "render", with: &[] },
        ],
    }),
    keys: &[
        KUBECONFIG,
        CONTEXT,
        IN_CLUSTER,
        AS,
        AS_GROUPS,
        NAMESPACE,
        Key {
            name: "manifests",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "A folder of manifests.",
        },
        Key {
            name: "kustomization",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "The folder of a kustomization, built by `kubectl kustomize` or `kustomize build`.",
        },
        Key {
            name: "chart",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "The folder of a Helm chart, rendered by `helm template`.",
        },
        Key {
            name: "chart-values",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "With `chart`: files with values, later ones over earlier ones.",
        },
        Key {
            name: "chart-release",
            shape: Shape::Text,
            presence: Optional("the last part of the image\'s repository"),
            meaning: "With `chart`: the name of the release that the chart is rendered for.",
        },
        Key {
            name: "render",
            shape: Shape::List { of: &Shape::Text, least: 1 },
            presence: Presence::Alternative,
            meaning: "A command that prints the manifests, word by word and without a shell. It runs in the folder of the configuration.",
        },
        Key {
            name: "image-paths",
            shape: Shape::List { of: &Shape::Table(&IMAGE_PATH), least: 0 },
            presence: Optional("the containers of the built-in workloads alone"),
            meaning: "Where custom resources name images.",
        },
        Key {
            name: "ready-when",
            shape: Shape::List { of: &Shape::Table(&READY_WHEN), least: 0 },
            presence: Optional("custom resources are healthy once they are there"),
            meaning: "What tells that custom resources are healthy.",
        },
        Key {
            name: "rollout-timeout",
            shape: Shape::Patience,
            presence: Optional("`\"10m\"`"),
            meaning: "How long a rollout may take.",
        },
        Key {
            name: "on-failure",
            shape: Shape::Choice(&Choice {
                what: "way to go on after a failure",
                values: &["roll-back", "keep"],
            }),
            presence: Optional("`\"roll-back\"`"),
            meaning: "What happens when a rollout fails: `roll-back` brings back what ran before, `keep` leaves everything as it is.",
        },
        Key {
            name: "prune",
            shape: Shape::Flag,
            presence: Optional("`true`"),
            meaning: "Whether objects that Plimsoll applied here earlier, and that are gone from the manifests, are deleted.",
        },
        Key {
            name: "force-conflicts",
            shape: Shape::Flag,
            presence: Optional("`false`"),
            meaning: "Whether fields that others own are taken; otherwise they are reported.",
        },
    ],
};

const GITOPS: Variant = Variant {
    value: "gitops",
    one_of: None,
    keys: &[
        Key {
            name: "repository",
            shape: Shape::Text,
            presence: Required(
                "write which repository the cluster follows: `repository = \"https://git.example.com/contoso/deploy.git\"`",
            ),
            meaning: "The repository that the cluster follows: an address as git takes it, or a path. Credentials are git's own.",
        },
        Key {
            name: "branch",
            shape: Shape::Text,
            presence: Optional("`\"main\"`"),
            meaning: "The branch that the cluster follows.",
        },
        Key {
            name: "path",
            shape: Shape::Text,
            presence: Required("name the place in the repository: `path = \"apps/website/production\"`"),
            meaning: "The place in the repository: a folder of manifests or of a kustomization, or a file with values.",
        },
        Key {
            name: "write",
            shape: Shape::Choice(&Choice {
                what: "thing to write",
                values: &["manifests", "kustomization", "values"],
            }),
            presence: Optional("`\"manifests\"`"),
            meaning: "What stands at `path` and gets the digest: `manifests`, a `kustomization`, or a file with `values`.",
        },
        Key {
            name: "value",
            shape: Shape::Text,
            presence: Optional("`\"image\"`"),
            meaning: "With `write = \"values\"`: the way to the image in the file, with dots between: a string, or a map with `repository`, `tag` and `digest`.",
        },
        Key {
            name: "pull-request",
            shape: Shape::Text,
            presence: Optional("the change is pushed to `branch`"),
            meaning: "The branch that the change is pushed to instead, for a pull request. `{environment}` in it becomes the environment's name.",
        },
        Key {
            name: "author",
            shape: Shape::Text,
            presence: Optional("git's own settings"),
            meaning: "The author of the commit: `NAME <MAIL>`.",
        },
        Key {
            name: "wait",
            shape: Shape::Table(&WAIT),
            presence: Optional("the environment counts as healthy once the change is pushed"),
            meaning: "The cluster that is watched until it runs the digest.",
        },
    ],
};

const KUBECONFIG: Key = Key {
    name: "kubeconfig",
    shape: Shape::Text,
    presence: Optional("what `KUBECONFIG` names, else `~/.kube/config`, else the pod's own service account"),
    meaning: "The kubeconfig file that says how the cluster is reached.",
};

const CONTEXT: Key = Key {
    name: "context",
    shape: Shape::Text,
    presence: Optional("the current context"),
    meaning: "The context of the kubeconfig.",
};

const IN_CLUSTER: Key = Key {
    name: "in-cluster",
    shape: Shape::Flag,
    presence: Optional("`false`"),
    meaning: "Whether the cluster is the one that Plimsoll runs in, reached with the pod's own service account.",
};

const AS: Key = Key {
    name: "as",
    shape: Shape::Text,
    presence: Optional("nobody"),
    meaning: "The user to act as (impersonation).",
};

const AS_GROUPS: Key = Key {
    name: "as-groups",
    shape: Shape::List { of: &Shape::Text, least: 0 },
    presence: Optional("`[]`"),
    meaning: "With `as`: the groups of that user.",
};

const NAMESPACE: Key = Key {
    name: "namespace",
    shape: Shape::Text,
    presence: Optional("the context's namespace"),
    meaning: "The namespace of objects that name none.",
};

static WAIT: TableShape = TableShape {
    meaning: "The cluster that is watched until it runs the digest.",
    one_of: None,
    variants: None,
    keys: &[
        KUBECONFIG,
        CONTEXT,
        IN_CLUSTER,
        AS,
        AS_GROUPS,
        NAMESPACE,
        Key {
            name: "timeout",
            shape: Shape::Patience,
            presence: Optional("`\"10m\"`"),
            meaning: "How long that may take.",
        },
    ],
};

static IMAGE_PATH: TableShape = TableShape {
    meaning: "Where a custom resource names images.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "kind",
            shape: Shape::Text,
            presence: Required("name the kind of object: `kind = \"Rollout\"`"),
            meaning: "The kind of object.",
        },
        Key {
            name: "path",
            shape: Shape::Text,
            presence: Required(
                "write the way to the image: `path = \"spec.template.spec.containers[*].image\"`",
            ),
            meaning: "The way to the image: names with dots between, `[*]` behind one for each item of a list.",
        },
    ],
};

static READY_WHEN: TableShape = TableShape {
    meaning: "The condition that tells that a custom resource is healthy.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "kind",
            shape: Shape::Text,
            presence: Required("name the kind of object: `kind = \"Certificate\"`"),
            meaning: "The kind of object.",
        },
        Key {
            name: "condition",
            shape: Shape::Text,
            presence: Required("name the type of the condition: `condition = \"Ready\"`"),
            meaning: "The type of the condition in `status.conditions`.",
        },
        Key {
            name: "status",
            shape: Shape::Text,
            presence: Optional("`\"True\"`"),
            meaning: "The status that the condition must have.",
        },
    ],
};
