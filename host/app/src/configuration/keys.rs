//! Every key of `plimsoll.toml`, once. The check of the file, its JSON Schema and its documentation follow this table.

use super::shape::{
    Choice, Key,
    Presence::{Optional, Required},
    Shape, TableShape,
};

/// The whole file.
pub(super) static FILE: TableShape = TableShape {
    meaning: "The configuration of Plimsoll for one application.",
    kind: None,
    keys: &[
        Key {
            name: "image",
            shape: Shape::Table(&IMAGE),
            presence: Required("add a table `[image]` with `repository`, the place where the image goes"),
            meaning: "What is built, and where it goes.",
        },
        Key {
            name: "tags",
            shape: Shape::Table(&BINDING),
            presence: Optional("`policy = \"stock:release-tags\"`"),
            meaning: "The policy that derives the tags.",
        },
        Key {
            name: "environments",
            shape: Shape::List { of: &Shape::Table(&ENVIRONMENT), least: 0 },
            presence: Optional("nothing is deployed"),
            meaning: "Where releases run, in the order they are asked about.",
        },
        Key {
            name: "signers",
            shape: Shape::List { of: &Shape::Table(&SIGNER), least: 0 },
            presence: Optional("no policy needs a signature"),
            meaning: "Whose signatures policies need, and how they are recognised.",
        },
        Key {
            name: "journal",
            shape: Shape::Table(&JOURNAL),
            presence: Optional("the journal lies at its default path"),
            meaning: "Where the facts about releases are kept.",
        },
        Key {
            name: "registries",
            shape: Shape::Table(&REGISTRIES),
            presence: Optional("public certificate authorities, HTTPS everywhere but on this machine"),
            meaning: "How registries are reached.",
        },
    ],
};

static IMAGE: TableShape = TableShape {
    meaning: "What is built, and where it goes. Paths are relative to the folder of the configuration.",
    kind: None,
    keys: &[
        Key {
            name: "repository",
            shape: Shape::Text,
            presence: Required(
                "write where the image goes: `repository = \"ghcr.io/contoso/website\"`, or \
                 `repository = \"oci:.plimsoll/images/website\"` for a layout on disk",
            ),
            meaning: "Where the image goes: a repository in a registry, or `oci:` and the folder of an OCI image layout.",
        },
        Key {
            name: "context",
            shape: Shape::Text,
            presence: Optional("`\".\"`"),
            meaning: "The folder that COPY and ADD read from.",
        },
        Key {
            name: "dockerfile",
            shape: Shape::Text,
            presence: Optional("`\"Dockerfile\"`"),
            meaning: "The Dockerfile.",
        },
        Key {
            name: "builder",
            shape: Shape::Choice(&Choice {
                what: "builder",
                values: &["embedded", "docker"],
                planned: &["buildah"],
            }),
            presence: Optional("`\"embedded\"`"),
            meaning: "What builds the image: `embedded` needs nothing and knows no RUN, `docker` uses a Docker engine.",
        },
        Key {
            name: "target",
            shape: Shape::Text,
            presence: Optional("the last stage"),
            meaning: "The stage of the Dockerfile to build.",
        },
        Key {
            name: "build-arguments",
            shape: Shape::Texts,
            presence: Optional("none"),
            meaning: "Values for the ARG instructions of the Dockerfile, by name.",
        },
        Key {
            name: "platform",
            shape: Shape::Text,
            presence: Optional("`\"linux/amd64\"`"),
            meaning: "What the image runs on: operating system, architecture and, where there is one, variant.",
        },
    ],
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
        of: &Shape::Choice(&Choice {
            what: "capability",
            values: &["log", "registry", "history"],
            planned: &[],
        }),
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

static BINDING: TableShape = TableShape {
    meaning: "A policy with its settings, its permissions and its limits.",
    kind: None,
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
    kind: None,
    keys: &[POLICY, SIGNED_BY, SETTINGS, SETTINGS_FILES, GRANTS, LIMITS_OF_BINDING],
};

const SANDBOX_DEFAULT: super::shape::Presence = Optional("the sandbox's default");

static LIMITS: TableShape = TableShape {
    meaning: "Budgets of one decision. What is left out keeps the sandbox's default.",
    kind: None,
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

static SIGNER: TableShape = TableShape {
    meaning: "Somebody who signs policies. Paths are relative to the folder of the configuration.",
    kind: None,
    keys: &[
        Key {
            name: "name",
            shape: Shape::Text,
            presence: Required("give the signer a name: `name = \"contoso\"`"),
            meaning: "The signer's name: 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit.",
        },
        Key {
            name: "keys",
            shape: Shape::List { of: &Shape::Text, least: 1 },
            presence: Required("name a file with the signer's public key: `keys = [\"cosign.pub\"]`"),
            meaning: "Files with the signer's public keys (PEM). A signature by any of them counts.",
        },
        Key {
            name: "covers",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Repositories whose policies the signer must have signed: `ghcr.io/contoso/policies/gate`, `ghcr.io/contoso/*` for all below, or `*` for all.",
        },
    ],
};

static ENVIRONMENT: TableShape = TableShape {
    meaning: "A place where releases run.",
    kind: None,
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

static TARGET: TableShape = TableShape {
    meaning: "How an environment is deployed to. Paths are relative to the folder of the configuration.",
    kind: Some("kind"),
    keys: &[
        Key {
            name: "kind",
            shape: Shape::Choice(&Choice {
                what: "target",
                values: &["directory"],
                planned: &["kubernetes"],
            }),
            presence: Required("name the kind of target: `kind = \"directory\"`"),
            meaning: "The kind: `directory` renders the manifests with the released digest into a folder.",
        },
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

static JOURNAL: TableShape = TableShape {
    meaning: "Where the facts about releases are kept.",
    kind: None,
    keys: &[Key {
        name: "path",
        shape: Shape::Text,
        presence: Optional("`\".plimsoll/journal.db\"`"),
        meaning: "The file of the journal, relative to the folder of the configuration.",
    }],
};

static REGISTRIES: TableShape = TableShape {
    meaning: "How registries are reached.",
    kind: None,
    keys: &[
        Key {
            name: "certificate-authorities",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Files with further certificate authorities (PEM), relative to the folder of the configuration.",
        },
        Key {
            name: "plain-http",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Registries, host and port, that are spoken to without TLS.",
        },
    ],
};
