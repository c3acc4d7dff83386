//! Files that say how to reach a cluster (`kubeconfig`, version `v1`). They are YAML, of which JSON is a part, and they
//! contain everything: no other file has to stay in place.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::text::base64;

/// The context, cluster and user in all of them.
const NAME: &str = "plimsoll-tests";

/// For the user that may do everything, from the certificates in a folder.
#[track_caller]
pub(super) fn administrator(folder: &Path, server: &str) -> String {
    let user = json!({
        "client-certificate-data": encoded(&folder.join("admin.crt")),
        "client-key-data": encoded(&folder.join("admin.key")),
    });
    text(&folder.join("ca.crt"), server, None, &user)
}

/// For the holder of a token, whose commands are about a namespace where they do not name one.
#[track_caller]
pub(super) fn holder(authority: &Path, server: &str, namespace: &str, token: &str) -> String {
    text(authority, server, Some(namespace), &json!({ "token": token }))
}

#[track_caller]
fn text(authority: &Path, server: &str, namespace: Option<&str>, user: &Value) -> String {
    let mut context = json!({ "cluster": NAME, "user": NAME });
    if let Some(namespace) = namespace {
        context["namespace"] = json!(namespace);
    }
    let cluster = json!({ "server": server, "certificate-authority-data": encoded(authority) });
    let whole = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "contexts": [{ "name": NAME, "context": context }],
        "clusters": [{ "name": NAME, "cluster": cluster }],
        "users": [{ "name": NAME, "user": user }],
    });
    format!("{whole:#}\n")
}

#[track_caller]
fn encoded(file: &Path) -> String {
    match fs::read(file) {
        Ok(bytes) => base64(&bytes),
        Err(error) => panic!("{} could not be read: {error}", file.display()),
    }
}
