//! A root file system as an OCI image of one layer (OCI image specification 1.1), written without any code of the
//! product, so that it is a witness of its own.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::NginxBase;
use crate::{
    command::run,
    text::{hexadecimal, write as write_file},
};

/// A blob of the layout.
struct Blob {
    digest: String,
    size: u64,
}

impl Blob {
    fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.size })
    }
}

/// Writes the layout.
#[track_caller]
pub(super) fn write(root: &Path, work: &Path, layout: &Path) {
    let archive = work.join("layer.tar");
    let tar = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];
    let _ = run(Command::new("tar")
        .arg("--create")
        .args(tar)
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(root)
        .arg("."))
    .success();
    let difference = digest(&archive);
    let _ = run(Command::new("gzip").args(["--no-name", "--fast"]).arg(&archive)).success();
    let layer = move_blob(layout, &work.join("layer.tar.gz"));
    let configuration = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "NGINX_VERSION=1.22.1"],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "ExposedPorts": { "80/tcp": {} },
            "StopSignal": "SIGQUIT",
        },
        "rootfs": { "type": "layers", "diff_ids": [difference] },
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "nginx from Debian packages" }],
    });
    let configuration = json_blob(layout, &configuration);
    let manifest = json_blob(
        layout,
        &json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": configuration.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": [layer.descriptor("application/vnd.oci.image.layer.v1.tar+gzip")],
        }),
    );
    let mut entry = manifest.descriptor("application/vnd.oci.image.manifest.v1+json");
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": NginxBase::TAG });
    let index = json!({ "schemaVersion": 2, "manifests": [entry] });
    write_file(&layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#);
    write_file(&layout.join("index.json"), index.to_string());
}

/// The processor as image configurations name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[track_caller]
fn json_blob(layout: &Path, value: &Value) -> Blob {
    let text = value.to_string();
    let hex = hexadecimal(&Sha256::digest(&text));
    write_file(&layout.join("blobs/sha256").join(&hex), &text);
    let size = u64::try_from(text.len()).expect("a text in memory has fewer than 2^64 bytes");
    Blob { digest: format!("sha256:{hex}"), size }
}

#[track_caller]
fn move_blob(layout: &Path, file: &Path) -> Blob {
    let digest = digest(file);
    let blobs = layout.join("blobs/sha256");
    let moved = fs::create_dir_all(&blobs)
        .and_then(|()| fs::copy(file, blobs.join(digest.trim_start_matches("sha256:"))));
    match moved {
        Ok(size) => Blob { digest, size },
        Err(error) => panic!("{} could not be copied into the layout: {error}", file.display()),
    }
}

#[track_caller]
fn digest(file: &Path) -> String {
    match fs::read(file) {
        Ok(bytes) => format!("sha256:{}", hexadecimal(&Sha256::digest(bytes))),
        Err(error) => panic!("{} could not be read: {error}", file.display()),
    }
}
