//! The keys of notifications.

use crate::configuration::shape::{
    Choice, Key,
    Presence::{Optional, Required},
    Shape, TableShape, Variant, Variants,
};

pub(super) static NOTIFICATION: TableShape = TableShape {
    meaning: "Somebody who is told of what happens to releases. Paths are relative to the folder of the configuration.",
    one_of: None,
    variants: Some(&Variants { by: "kind", what: "notifications", of: &[WEBHOOK, GITHUB] }),
    keys: &[Key {
        name: "kind",
        shape: Shape::Choice(&Choice { what: "notification", values: &["webhook", "github"] }),
        presence: Required("name the kind of notification: `kind = \"webhook\"`"),
        meaning: "The kind: `webhook` posts each event as JSON, `github` keeps commit statuses and deployments of the source repository.",
    }],
};

const WEBHOOK: Variant = Variant {
    value: "webhook",
    one_of: None,
    keys: &[
        Key {
            name: "url",
            shape: Shape::Text,
            presence: Required(
                "write where events are posted: `url = \"https://hooks.example.com/plimsoll\"`",
            ),
            meaning: "Where events are posted: an `https://` address, or an `http://` one on this machine.",
        },
        Key {
            name: "secret-file",
            shape: Shape::Text,
            presence: Optional("events are not signed"),
            meaning: "A file with the secret that events are signed with: HMAC-SHA256 of the body, in the header `X-Plimsoll-Signature-256`.",
        },
        Key {
            name: "events",
            shape: Shape::List {
                of: &Shape::Choice(&Choice {
                    what: "event",
                    values: &["deployed", "held", "denied", "failed", "done"],
                }),
                least: 1,
            },
            presence: Optional("all of them"),
            meaning: "The events that are posted: `deployed`, `held`, `denied`, `failed`, `done`.",
        },
    ],
};

const GITHUB: Variant = Variant {
    value: "github",
    one_of: None,
    keys: &[
        Key {
            name: "api",
            shape: Shape::Text,
            presence: Optional("`\"https://api.github.com\"`"),
            meaning: "Where GitHub's API is.",
        },
        Key {
            name: "token-file",
            shape: Shape::Text,
            presence: Optional("the environment variable `GITHUB_TOKEN`"),
            meaning: "A file with a token that may write commit statuses and deployments.",
        },
    ],
};
