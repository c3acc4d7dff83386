//! Every key of `plimsoll.toml`, once. The check of the file, its JSON Schema and its documentation follow this table.

mod environment;
mod notification;
mod policy;
mod registries;
mod target;

use super::shape::{
    Alternative, Choice, Key, OneOf,
    Presence::{Optional, Required},
    Shape, TableShape,
};
use environment::ENVIRONMENT;
use notification::NOTIFICATION;
use policy::BINDING;
use registries::REGISTRIES;

/// The whole file.
pub(super) static FILE: TableShape = TableShape {
    meaning: "The configuration of Plimsoll for one application.",
    one_of: None,
    variants: None,
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
            meaning: "Where releases run. Those that do not come after one another go at the same time.",
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
            name: "notifications",
            shape: Shape::List { of: &Shape::Table(&NOTIFICATION), least: 0 },
            presence: Optional("nobody is told"),
            meaning: "Who is told of what happens to releases.",
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
    one_of: Some(&OneOf {
        required: false,
        of: &[Alternative { key: "platform", with: &[] }, Alternative { key: "platforms", with: &[] }],
    }),
    variants: None,
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
        Key {
            name: "platforms",
            shape: Shape::List { of: &Shape::Text, least: 1 },
            presence: Optional("the one of `platform`"),
            meaning: "In place of `platform`, several: there is an image for each, and an index over them.",
        },
        Key {
            name: "compression",
            shape: Shape::Choice(&Choice { what: "compression", values: &["gzip", "zstd"], planned: &[] }),
            presence: Optional("`\"gzip\"`"),
            meaning: "How layers are compressed: `gzip`, which every engine reads, or `zstd`, which is quicker and smaller.",
        },
    ],
};

static SIGNER: TableShape = TableShape {
    meaning: "Somebody who signs policies. Paths are relative to the folder of the configuration.",
    one_of: None,
    variants: None,
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

static JOURNAL: TableShape = TableShape {
    meaning: "Where the facts about releases are kept. Paths are relative to the folder of the configuration.",
    one_of: Some(&OneOf {
        required: false,
        of: &[
            Alternative { key: "path", with: &[] },
            Alternative { key: "postgres", with: &["password-file", "certificate-authority", "schema"] },
        ],
    }),
    variants: None,
    keys: &[
        Key {
            name: "path",
            shape: Shape::Text,
            presence: Optional("`\".plimsoll/journal.db\"`, unless `postgres` is there"),
            meaning: "The file of the journal, for one host.",
        },
        Key {
            name: "postgres",
            shape: Shape::Text,
            presence: Optional("the journal is a file"),
            meaning: "The PostgreSQL database of a journal that many hosts share: `postgres://USER@HOST/DATABASE`, without a password.",
        },
        Key {
            name: "password-file",
            shape: Shape::Text,
            presence: Optional("the database asks for none"),
            meaning: "With `postgres`: a file with the password.",
        },
        Key {
            name: "certificate-authority",
            shape: Shape::Text,
            presence: Optional("public certificate authorities"),
            meaning: "With `postgres`: a file with the certificate authority (PEM) of the database. TLS is required, except on this machine.",
        },
        Key {
            name: "schema",
            shape: Shape::Text,
            presence: Optional("`\"plimsoll\"`"),
            meaning: "With `postgres`: the schema in the database. Each journal has one of its own.",
        },
    ],
};
