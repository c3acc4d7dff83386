//! The keys of the table `[registries]`.

use crate::configuration::shape::{
    Key,
    Presence::{Optional, Required},
    Shape, TableShape,
};

pub(in crate::configuration) static REGISTRIES: TableShape = TableShape {
    meaning: "How registries are reached. Paths are relative to the folder of the configuration.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "certificate-authorities",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Files with further certificate authorities (PEM), trusted for all registries.",
        },
        Key {
            name: "certificate-folders",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Folders in which Docker keeps certificates, such as `/etc/docker/certs.d`: in each a folder `HOST` or `HOST:PORT` with `*.crt`, `*.cert` and `*.key`.",
        },
        Key {
            name: "plain-http",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Registries that are spoken to without TLS: `HOST` for all its ports, or `HOST:PORT`.",
        },
        Key {
            name: "transfers",
            shape: Shape::Count { least: 1, most: 64 },
            presence: Optional("`4`"),
            meaning: "Blobs on their way to and from one registry at the same time.",
        },
        Key {
            name: "upload-piece",
            shape: Shape::Size,
            presence: Optional("`\"64MiB\"`"),
            meaning: "A blob that is larger is sent in pieces of this size, so that a broken connection costs no more than one.",
        },
        Key {
            name: "busy-timeout",
            shape: Shape::Patience,
            presence: Optional("`\"10m\"`"),
            meaning: "How long a registry that says when to come back is waited for with one request, in all.",
        },
        Key {
            name: "hosts",
            shape: Shape::List { of: &Shape::Table(&HOST), least: 0 },
            presence: Optional("none"),
            meaning: "What single registries need.",
        },
    ],
};

static HOST: TableShape = TableShape {
    meaning: "What one registry needs. Paths are relative to the folder of the configuration.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "host",
            shape: Shape::Text,
            presence: Required("name the registry: `host = \"registry.example:5000\"`"),
            meaning: "The registry: host and, where it is written in references, port.",
        },
        Key {
            name: "certificate-authorities",
            shape: Shape::List { of: &Shape::Text, least: 0 },
            presence: Optional("`[]`"),
            meaning: "Files with certificate authorities (PEM), trusted for this registry alone.",
        },
        Key {
            name: "client-certificate",
            shape: Shape::Text,
            presence: Optional("none is shown"),
            meaning: "A file with the certificate (PEM) that is shown to the registry in TLS. Goes with `client-key`.",
        },
        Key {
            name: "client-key",
            shape: Shape::Text,
            presence: Optional("none"),
            meaning: "A file with the private key (PEM, without a password) of `client-certificate`.",
        },
        Key {
            name: "azure",
            shape: Shape::Table(&AZURE),
            presence: Optional("for `*.azurecr.io` what the surroundings say, for others nothing"),
            meaning: "The registry is one of Azure's and takes the workflow's identity.",
        },
    ],
};

static AZURE: TableShape = TableShape {
    meaning: "The application in Microsoft Entra ID that the workflow acts as.",
    one_of: None,
    variants: None,
    keys: &[
        Key {
            name: "tenant",
            shape: Shape::Text,
            presence: Optional("`AZURE_TENANT_ID`"),
            meaning: "The tenant that the application is in: its ID, or a domain.",
        },
        Key {
            name: "client",
            shape: Shape::Text,
            presence: Optional("`AZURE_CLIENT_ID`"),
            meaning: "The application's client ID.",
        },
    ],
};
