//! Every key of `plimsoll.toml`, once. The check of the file, its JSON Schema and its documentation follow this table.

mod environment;
mod image;
mod notification;
mod policy;
mod registries;
mod target;

use super::shape::{
    Alternative, Key, OneOf,
    Presence::{Optional, Required},
    Shape, TableShape,
};
use environment::ENVIRONMENT;
use image::IMAGE;
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
            name: "provenance",
            shape: Shape::Table(&PROVENANCE),
            presence: Optional("statements are attached, and not signed"),
            meaning: "Statements about the image that are attached to it: how it was built, tagged and promoted.",
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

static PROVENANCE: TableShape = TableShape {
    meaning: "Statements about the image that are attached to it: how it was built, tagged and promoted.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "attach",
            shape: Shape::Flag,
            presence: Optional("`true`"),
            meaning: "Whether statements are attached.",
        },
        Key {
            name: "key",
            shape: Shape::Text,
            presence: Optional("the statements are not signed"),
            meaning: "A file with the private key that the statements are signed with, relative to the folder of the configuration: cosign's, or PKCS#8 for P-256. `COSIGN_PASSWORD` has its password.",
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
