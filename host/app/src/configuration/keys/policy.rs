//! The keys of policies at their places.

use crate::configuration::shape::{
    Choice, Key,
    Presence::{self, Optional, Required},
    Shape, TableShape,
};

/// The keys that a binding and its shadow share.
const POLICY: Key = Key {
    name: "policy",
    shape: Shape::Text,
    presence: Required(
        "name the policy: `policy = \"stock:NAME\"`, the path of a component, or `oci://` and a reference",
    ),
    meaning: "The policy: `stock:` and the name of one that comes with Plimsoll, the path of a component, or `oci://REGISTRY/REPOSITORY:TAG` for one in a registry, which `plimsoll policy lock` pins.",
};
const SIGNED_BY: Key = Key {
    name: "signed-by",
    shape: Shape::List { of: &Shape::Text, least: 0 },
    presence: Optional("those who cover its repository"),
    meaning: "Signers who must have signed the policy, all of them, beside those who cover its repository.",
};

const SETTINGS: Key = Key {
    name: "settings",
    shape: Shape::Settings,
    presence: Optional("`{}`"),
    meaning: "Settings for the policy, which checks them itself.",
};
const SETTINGS_FILES: Key = Key {
    name: "settings-files",
    shape: Shape::Texts,
    presence: Optional("none"),
    meaning: "Settings that are read from files, by their names: `.json` and `.toml` as values, all others as text.",
};
const GRANTS: Key = Key {
    name: "grants",
    shape: Shape::List {
        of: &Shape::Choice(&Choice { what: "capability", values: &["log", "registry", "history"] }),
        least: 0,
    },
    presence: Optional("`[]`"),
    meaning: "What the policy may ask the host: `log`, `registry`, `history`.",
};
const LIMITS_OF_BINDING: Key = Key {
    name: "limits",
    shape: Shape::Table(&LIMITS),
    presence: Optional("the defaults of the sandbox"),
    meaning: "Budgets of one decision that differ from the sandbox's defaults.",
};

pub(super) static BINDING: TableShape = TableShape {
    meaning: "A policy with its settings, its permissions and its limits.",
    one_of: None,
    variants: None,
    keys: &[
        POLICY,
        SIGNED_BY,
        SETTINGS,
        SETTINGS_FILES,
        GRANTS,
        Key {
            name: "time-zone",
            shape: Shape::Text,
            presence: Optional("`\"UTC\"`"),
            meaning: "The time zone that the policy is told the time in, an IANA name such as `Europe/Berlin`.",
        },
        LIMITS_OF_BINDING,
        Key {
            name: "shadow",
            shape: Shape::Table(&SHADOW),
            presence: Optional("none"),
            meaning: "A policy that is asked the same and decides nothing: `plimsoll status` shows where it disagrees.",
        },
    ],
};

static SHADOW: TableShape = TableShape {
    meaning: "A policy that is asked the same as another one and decides nothing.",
    one_of: None,
    variants: None,
    keys: &[POLICY, SIGNED_BY, SETTINGS, SETTINGS_FILES, GRANTS, LIMITS_OF_BINDING],
};

const SANDBOX_DEFAULT: Presence = Optional("the sandbox's default");

static LIMITS: TableShape = TableShape {
    meaning: "Budgets of one decision. What is left out keeps the sandbox's default.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "fuel",
            shape: Shape::Count { least: 1, most: u64::MAX },
            presence: SANDBOX_DEFAULT,
            meaning: "Instructions, in units of fuel.",
        },
        Key {
            name: "time",
            shape: Shape::Duration,
            presence: SANDBOX_DEFAULT,
            meaning: "Wall clock, host calls included.",
        },
        Key {
            name: "memory",
            shape: Shape::Size,
            presence: SANDBOX_DEFAULT,
            meaning: "Linear memory, all of the component's memories together.",
        },
        Key {
            name: "table-elements",
            shape: Shape::Count { least: 1, most: u64::MAX },
            presence: SANDBOX_DEFAULT,
            meaning: "Elements of all tables together.",
        },
        Key {
            name: "instances",
            shape: Shape::Count { least: 1, most: u32::MAX as u64 },
            presence: SANDBOX_DEFAULT,
            meaning: "Core instances inside the component.",
        },
        Key {
            name: "output",
            shape: Shape::Size,
            presence: SANDBOX_DEFAULT,
            meaning: "Size of the answer, and of what one capability call hands over.",
        },
        Key {
            name: "host-calls",
            shape: Shape::Count { least: 0, most: u64::MAX },
            presence: SANDBOX_DEFAULT,
            meaning: "Number of capability calls.",
        },
    ],
};
