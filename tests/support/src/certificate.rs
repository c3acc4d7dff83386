//! A certificate authority for one server.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::command::run;

/// An authority and one certificate for loopback, made by `openssl`.
#[derive(Debug)]
pub(crate) struct Certificate {
    authority: PathBuf,
}

impl Certificate {
    /// Makes the folder `certificates` with `ca.crt`, the authority's certificate, `server.pem` and `server.key.pem`.
    /// The names are such that `skopeo --cert-dir` takes the first and leaves the others.
    #[track_caller]
    pub(crate) fn make(folder: &Path) -> Self {
        let folder = folder.join("certificates");
        crate::text::write(
            &folder.join("server.ext"),
            "basicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\nsubjectAltName = IP:127.0.0.1, DNS:localhost\n",
        );
        let openssl = |arguments: &str| {
            // The time that openssl needs for two keys on a curve is not worth a mention; RSA keys would take seconds.
            let arguments = arguments.split_whitespace();
            let _ = run(Command::new("openssl").args(arguments).current_dir(&folder)).success();
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!(
            "req -x509 {key} -days 30 -subj /CN=plimsoll-tests-authority -keyout authority.key.pem -out ca.crt"
        ));
        openssl(&format!("req {key} -subj /CN=localhost -keyout server.key.pem -out server.csr"));
        openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey authority.key.pem -CAcreateserial -days 30 -extfile server.ext -out server.pem",
        );
        Self { authority: folder.join("ca.crt") }
    }

    /// The authority's certificate.
    pub(crate) fn authority(&self) -> &Path {
        &self.authority
    }
}
