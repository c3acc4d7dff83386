//! A certificate authority, and what it vouches for.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::command::run;

/// A key that takes no time to make.
const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

/// An authority and one certificate for loopback, made by `openssl`.
#[derive(Debug)]
pub struct Certificate {
    folder: PathBuf,
    authority: PathBuf,
}

impl Certificate {
    /// Makes the folder `certificates` with `ca.crt`, the authority's certificate, `server.pem` and `server.key.pem`.
    /// The names are such that `skopeo --cert-dir` takes the first and leaves the others. The server may be called 127.0.0.1,
    /// `localhost` or `registry.test`.
    ///
    /// # Panics
    /// `openssl` failed.
    #[must_use]
    #[track_caller]
    pub fn make(folder: &Path) -> Self {
        let folder = folder.join("certificates");
        let certificate = Self { authority: folder.join("ca.crt"), folder };
        let names = "subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:registry.test";
        crate::text::write(&certificate.folder.join("server.ext"), extensions("serverAuth", names));
        certificate.openssl(&format!(
            "req -x509 {KEY} -days 30 -subj /CN=plimsoll-tests-authority -keyout authority.key.pem -out ca.crt"
        ));
        certificate.sign("server", "localhost");
        certificate
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The server's certificate and its key.
    #[must_use]
    pub fn server(&self) -> (PathBuf, PathBuf) {
        (self.folder.join("server.pem"), self.folder.join("server.key.pem"))
    }

    /// A certificate for a client of this authority, and its key: `client.pem` and `client.key.pem`.
    ///
    /// # Panics
    /// `openssl` failed.
    #[must_use]
    #[track_caller]
    pub fn client(&self) -> (PathBuf, PathBuf) {
        crate::text::write(&self.folder.join("client.ext"), extensions("clientAuth", ""));
        self.sign("client", "plimsoll");
        (self.folder.join("client.pem"), self.folder.join("client.key.pem"))
    }

    #[track_caller]
    fn sign(&self, name: &str, subject: &str) {
        self.openssl(&format!("req {KEY} -subj /CN={subject} -keyout {name}.key.pem -out {name}.csr"));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey authority.key.pem -CAcreateserial -days 30 -extfile {name}.ext -out {name}.pem"
        ));
    }

    #[track_caller]
    fn openssl(&self, arguments: &str) {
        let arguments = arguments.split_whitespace();
        let _ = run(Command::new("openssl").args(arguments).current_dir(&self.folder)).success();
    }
}

fn extensions(usage: &str, more: &str) -> String {
    format!("basicConstraints = CA:FALSE\nextendedKeyUsage = {usage}\n{more}\n")
}
