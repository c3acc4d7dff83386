//! The keys of the image and of those who build it.

use crate::configuration::shape::{
    Alternative, Choice, Key, OneOf,
    Presence::{self, Optional, Required},
    Shape, TableShape,
};

pub(super) static IMAGE: TableShape = TableShape {
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
            shape: Shape::Choice(&Choice { what: "builder", values: &["embedded", "docker", "buildah"] }),
            presence: Optional("`\"embedded\"`"),
            meaning: "What builds the image: `embedded` needs nothing and knows no RUN, `docker` uses a Docker engine or buildx, `buildah` uses buildah.",
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
            shape: Shape::Choice(&Choice { what: "compression", values: &["gzip", "zstd"] }),
            presence: Optional("`\"gzip\"`"),
            meaning: "How layers are compressed: `gzip`, which every engine reads, or `zstd`, which is quicker and smaller.",
        },
        Key {
            name: "secrets",
            shape: Shape::Tables(&SECRET),
            presence: Optional("none"),
            meaning: "What RUN may mount as secrets, by name (`docker` and `buildah`).",
        },
        Key {
            name: "cache-from",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Where results of earlier builds are taken from, in the words of the builder (`docker` and `buildah`).",
        },
        Key {
            name: "cache-to",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Where results are kept for later builds, in the words of the builder (`docker` and `buildah`).",
        },
        Key {
            name: "docker",
            shape: Shape::Table(&DOCKER),
            presence: Optional("the client's own choice"),
            meaning: "With `builder = \"docker\"`: which of its builders.",
        },
        Key {
            name: "buildah",
            shape: Shape::Table(&BUILDAH),
            presence: Optional("buildah's own choice"),
            meaning: "With `builder = \"buildah\"`: how it works.",
        },
    ],
};

static SECRET: TableShape = TableShape {
    meaning: "A secret of the build. Its value stands elsewhere. Paths are relative to the folder of the configuration.",
    one_of: Some(&OneOf {
        required: true,
        of: &[Alternative { key: "environment", with: &[] }, Alternative { key: "file", with: &[] }],
    }),
    variants: None,
    keys: &[
        Key {
            name: "environment",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "The environment variable that has the secret.",
        },
        Key {
            name: "file",
            shape: Shape::Text,
            presence: Presence::Alternative,
            meaning: "The file that has the secret.",
        },
    ],
};

static DOCKER: TableShape = TableShape {
    meaning: "Which builder of Docker builds.",
    one_of: None,
    variants: None,
    keys: &[Key {
        name: "builder",
        shape: Shape::Text,
        presence: Optional("the one that buildx uses by itself; without buildx, the engine's classic one"),
        meaning: "The name of a builder that buildx knows: `docker buildx ls` lists them.",
    }],
};

static BUILDAH: TableShape = TableShape {
    meaning: "How buildah works. Paths are relative to the folder of the configuration.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "isolation",
            shape: Shape::Choice(&Choice { what: "isolation", values: &["oci", "rootless", "chroot"] }),
            presence: Optional("buildah's own choice"),
            meaning: "How commands are kept apart from the machine: in a container (`oci`, `rootless`), or in a changed root alone (`chroot`), which also works inside containers.",
        },
        Key {
            name: "storage",
            shape: Shape::Text,
            presence: Optional("the user's own storage"),
            meaning: "The folder for images and layers.",
        },
        Key {
            name: "storage-driver",
            shape: Shape::Text,
            presence: Optional("buildah's own choice"),
            meaning: "The storage driver, such as `overlay`, or `vfs`, which works on every file system.",
        },
    ],
};
