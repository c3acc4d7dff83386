//! Debian's own registry on loopback.

mod process;
mod tokens;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::http::{self, Response};
use process::Process;
pub use tokens::IDENTITY_TOKEN;
use tokens::TokenServer;

/// The user that a registry with [`Access::Password`] lets in.
pub const USER: &str = "plimsoll";

/// The password of [`USER`].
pub const PASSWORD: &str = "loading-mark";

/// [`USER`] and the bcrypt hash of [`PASSWORD`], the only kind of hash that the registry reads.
const HTPASSWD: &str = "plimsoll:$2b$05$abcdefghijklmnopqrstuuVTaRw12fxf7Jam1Ud/wxU81iUHf3JKe\n";

/// The kinds of manifest that are asked for.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// Who may use a registry, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, over plain HTTP.
    Open,
    /// Everybody, over TLS with a certificate of the registry's own authority.
    Tls,
    /// [`USER`] with [`PASSWORD`], over TLS with a certificate of the registry's own authority.
    Password,
    /// Whoever shows a certificate of the registry's own authority, over TLS.
    Client,
    /// Whoever has a token of a token server, over TLS. [`USER`] with [`PASSWORD`] or [`IDENTITY_TOKEN`] may do everything but
    /// write below `locked/`; everybody may read below `public/`.
    Token,
}

/// A `docker-registry` on a free loopback port, with its data in a temporary folder. It may delete. It ends on drop.
#[derive(Debug)]
pub struct DebianRegistry {
    folder: TempDir,
    access: Access,
    address: SocketAddr,
    process: Option<Process>,
    certificate: Option<Certificate>,
    tokens: Option<TokenServer>,
}

impl DebianRegistry {
    /// Starts a registry that everybody may use, and waits until it answers.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::with_access(Access::Open)
    }

    /// Starts a registry, and waits until it answers.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn with_access(access: Access) -> Self {
        let folder = crate::text::temporary_folder("registry");
        let certificate = (access != Access::Open).then(|| Certificate::make(folder.path()));
        let tokens = certificate.as_ref().filter(|_| access == Access::Token);
        let tokens = tokens.map(|certificate| TokenServer::start(folder.path(), certificate));
        let (process, address) = Self::launch(folder.path(), access, tokens.as_ref(), 0);
        Self { folder, access, address, process: Some(process), certificate, tokens }
    }

    /// Ends the registry; its data stay.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts the registry again on the same port with the same data, and waits until it answers.
    ///
    /// # Panics
    /// It did not start.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        let (process, address) =
            Self::launch(self.folder.path(), self.access, self.tokens.as_ref(), self.address.port());
        self.process = Some(process);
        self.address = address;
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its name in image references, such as `127.0.0.1:5000`.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// A repository or image in it: `127.0.0.1:5000/nginx:1.22` for `nginx:1.22`.
    #[must_use]
    pub fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// The certificate of its authority, a PEM file; none when it speaks plain HTTP. The folder that it is in serves as
    /// certificate folder for `skopeo`.
    #[must_use]
    pub fn certificate_authority(&self) -> Option<&Path> {
        self.certificate.as_ref().map(Certificate::authority)
    }

    /// A certificate that the registry knows, and its key: PEM files.
    ///
    /// # Panics
    /// The registry speaks plain HTTP, or `openssl` failed.
    #[must_use]
    #[track_caller]
    pub fn client_certificate(&self) -> (PathBuf, PathBuf) {
        self.certificate.as_ref().expect("it speaks TLS").client()
    }

    /// What the token server granted: method, who, and the rights that were asked for, blanks between.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.tokens.as_ref().map(TokenServer::asked).unwrap_or_default()
    }

    /// The folder with its data, such as to break a blob.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The text of a Docker configuration file with the credentials of this registry.
    #[must_use]
    pub fn docker_configuration(&self, user: &str, password: &str) -> String {
        let credentials = crate::text::base64(format!("{user}:{password}").as_bytes());
        serde_json::json!({ "auths": { self.host(): { "auth": credentials } } }).to_string()
    }

    /// The digest that a tag points to, asked of the registry's own API; none when there is no such tag.
    ///
    /// # Panics
    /// The registry does not speak plain HTTP, or failed.
    #[must_use]
    #[track_caller]
    pub fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        let response = self.api("HEAD", &format!("{repository}/manifests/{tag}"));
        match response.status {
            200 => response.header("docker-content-digest").map(str::to_owned),
            404 => None,
            _ => panic!("the registry answered {response:?}"),
        }
    }

    /// A manifest, asked of the registry's own API.
    ///
    /// # Panics
    /// The registry does not speak plain HTTP, or has no such manifest.
    #[must_use]
    #[track_caller]
    pub fn manifest(&self, repository: &str, reference: &str) -> serde_json::Value {
        json(&self.api("GET", &format!("{repository}/manifests/{reference}")))
    }

    /// All tags of a repository, sorted, asked of the registry's own API; none when there is no such repository.
    ///
    /// # Panics
    /// The registry does not speak plain HTTP, or failed.
    #[must_use]
    #[track_caller]
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let response = self.api("GET", &format!("{repository}/tags/list"));
        if response.status == 404 {
            return Vec::new();
        }
        let list = json(&response);
        let tags = list["tags"].as_array().into_iter().flatten();
        let mut tags: Vec<String> = tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
        tags.sort();
        tags
    }

    /// Deletes a manifest, and with it all tags that point to it.
    ///
    /// # Panics
    /// The registry does not speak plain HTTP, or refused.
    #[track_caller]
    pub fn delete(&self, repository: &str, digest: &str) {
        let response = self.api("DELETE", &format!("{repository}/manifests/{digest}"));
        assert_eq!(response.status, 202, "{response:?}");
    }

    /// Deletes a blob of a repository.
    ///
    /// # Panics
    /// The registry does not speak plain HTTP, or refused.
    #[track_caller]
    pub fn delete_blob(&self, repository: &str, digest: &str) {
        let response = self.api("DELETE", &format!("{repository}/blobs/{digest}"));
        assert_eq!(response.status, 202, "{response:?}");
    }

    #[track_caller]
    fn api(&self, method: &str, path: &str) -> Response {
        assert_eq!(
            self.access,
            Access::Open,
            "only a registry with plain HTTP can be asked here: use skopeo"
        );
        let path = format!("/v2/{path}");
        match http::request(self.address, method, &path, &[("Accept", MANIFESTS)]) {
            Ok(response) => response,
            Err(error) => panic!("the registry at {} did not answer {method} {path}: {error}", self.address),
        }
    }

    #[track_caller]
    fn launch(
        folder: &Path,
        access: Access,
        tokens: Option<&TokenServer>,
        port: u16,
    ) -> (Process, SocketAddr) {
        crate::text::write(&folder.join("htpasswd"), HTPASSWD);
        let configuration = configuration(folder, access, tokens, port);
        crate::text::write(&folder.join("registry.json"), configuration.to_string());
        Process::start(&folder.join("registry.json"), &folder.join("log"))
    }
}

/// The registry's configuration. The file is YAML, of which JSON is a part.
fn configuration(
    folder: &Path,
    access: Access,
    tokens: Option<&TokenServer>,
    port: u16,
) -> serde_json::Value {
    let mut configuration = serde_json::json!({
        "version": 0.1,
        "log": { "level": "info", "formatter": "json" },
        "storage": { "filesystem": { "rootdirectory": folder.join("data") }, "delete": { "enabled": true } },
        "http": { "addr": format!("127.0.0.1:{port}"), "secret": "one for all tests" },
    });
    if access != Access::Open {
        configuration["http"]["tls"] = serde_json::json!({
            "certificate": folder.join("certificates/server.pem"),
            "key": folder.join("certificates/server.key.pem"),
        });
    }
    if access == Access::Client {
        configuration["http"]["tls"]["clientcas"] = serde_json::json!([folder.join("certificates/ca.crt")]);
    }
    if let Some(tokens) = tokens {
        configuration["auth"] = tokens.configuration();
    }
    if access == Access::Password {
        configuration["auth"] =
            serde_json::json!({ "htpasswd": { "realm": "plimsoll", "path": folder.join("htpasswd") } });
    }
    configuration
}

#[track_caller]
fn json(response: &Response) -> serde_json::Value {
    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    match serde_json::from_slice(&response.body) {
        Ok(value) => value,
        Err(error) => panic!("the registry answered something else than JSON: {error}"),
    }
}
