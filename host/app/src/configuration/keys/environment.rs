//! The keys of environments and of the checks that follow a deployment.

use super::{policy::BINDING, target::TARGET};
use crate::configuration::shape::{
    Alternative, Choice, Key, OneOf,
    Presence::{self, Optional, Required},
    Shape, TableShape,
};

pub(super) static ENVIRONMENT: TableShape = TableShape {
    meaning: "A place where releases run.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "name",
            shape: Shape::Text,
            presence: Required("give the environment a name: `name = \"staging\"`"),
            meaning: "Its name: 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit.",
        },
        Key {
            name: "after",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Environments that must run the release, healthy, before this one gets it.",
        },
        Key {
            name: "target",
            shape: Shape::Table(&TARGET),
            presence: Required(
                "say how it is deployed to: \
                 `target = { kind = \"directory\", path = \"deploy/staging\", manifests = \"k8s\" }`",
            ),
            meaning: "How it is deployed to.",
        },
        Key {
            name: "queue",
            shape: Shape::Choice(&Choice { what: "queue", values: &["latest", "fifo"] }),
            presence: Optional("`\"latest\"`"),
            meaning: "What becomes of releases that wait for this environment while a newer one comes: with `latest` the newer one takes their place, with `fifo` each gets its turn.",
        },
        Key {
            name: "verify",
            shape: Shape::List { of: &Shape::Table(&CHECK), least: 0 },
            presence: Optional("`[]`"),
            meaning: "Checks of what was deployed. The environment counts as healthy once all that are required have passed.",
        },
        Key {
            name: "promotion",
            shape: Shape::List { of: &Shape::Table(&BINDING), least: 1 },
            presence: Required(
                "name at least one policy; when every release may enter, say so: \
                 `promotion = [{ policy = \"stock:always\" }]`",
            ),
            meaning: "The policies that decide what may enter. All are asked; one no is a no.",
        },
    ],
};

static CHECK: TableShape = TableShape {
    meaning: "A check of what was deployed. Paths are relative to the folder of the configuration.",
    one_of: Some(&OneOf {
        required: true,
        of: &[
            Alternative { key: "command", with: &["timeout"] },
            Alternative { key: "http", with: &["status", "contains", "within"] },
            Alternative { key: "job", with: &["timeout"] },
        ],
    }),
    variants: None,
    keys: &[
        Key {
            name: "name",
            shape: Shape::Text,
            presence: Required("give the check a name: `name = \"smoke\"`"),
            meaning: "Its name, under which its outcome is evidence for policies: 1 to 64 of `a-z 0-9 - . _ /`, beginning with a letter or digit.",
        },
        Key {
            name: "command",
            shape: Shape::List { of: &Shape::Text, least: 1 },
            presence: Presence::Alternative,
            meaning: "A command, word by word and without a shell, that runs in the folder of the configuration. It passes when it ends with 0.",
        },
        Key {
            name: "http",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "An address, `https://` or `http://`, that is asked until it answers as it should.",
        },
        Key {
            name: "job",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "A file with the manifest of a Kubernetes Job that must succeed; for environments on Kubernetes.",
        },
        Key {
            name: "timeout",
            shape: Shape::Patience,
            presence: Optional("`\"5m\"`"),
            meaning: "With `command` or `job`: how long it may take.",
        },
        Key {
            name: "status",
            shape: Shape::Count { least: 100, most: 599 },
            presence: Optional("`200`"),
            meaning: "With `http`: the status that is right.",
        },
        Key {
            name: "contains",
            shape: Shape::Text,
            presence: Optional("any answer will do"),
            meaning: "With `http`: a text that the answer has.",
        },
        Key {
            name: "within",
            shape: Shape::Patience,
            presence: Optional("`\"1m\"`"),
            meaning: "With `http`: how long the right answer may be in coming.",
        },
        Key {
            name: "required",
            shape: Shape::Flag,
            presence: Optional("`true`"),
            meaning: "Whether the deployment has failed when the check has; `false` leaves that to policies.",
        },
    ],
};
