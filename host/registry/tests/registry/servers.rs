//! Debian's registry, with all the locks that it has.

use std::{fs, net::SocketAddr};

use plimsoll_core::{
    ports::{BaseImages as _, ImageRepository as _, PortFailure, PushReport, Silent},
    reference::RepositoryName,
};
use plimsoll_registry::{ClientCertificate, Proxies, RegistryHost, RegistryOptions, RegistryRepository};
use plimsoll_support::{Access, DebianRegistry, IDENTITY_TOKEN, PASSWORD, Proxy, Requirement, USER, require};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    image::{Image, image, options, registries},
    setting::{push, tag},
};

/// A registry, and a user of it.
struct Place {
    registry: DebianRegistry,
    folder: TempDir,
    options: RegistryOptions,
}

impl Place {
    fn with(access: Access) -> Self {
        let registry = DebianRegistry::with_access(access);
        let folder = TempDir::new().unwrap();
        let mut options = options();
        options.idle_timeout = std::time::Duration::from_secs(20);
        options.certificate_authorities =
            registry.certificate_authority().into_iter().map(ToOwned::to_owned).collect();
        Self { registry, folder, options }
    }

    /// Writes a Docker configuration file with one entry.
    fn knows(mut self, key: &str, entry: &Value) -> Self {
        let file = self.folder.path().join("config.json");
        fs::write(&file, json!({"auths": {key: entry}}).to_string()).unwrap();
        self.options.docker_config = Some(file);
        self
    }

    fn repository(&self, path: &str) -> RegistryRepository {
        self.repository_at(&self.registry.host(), path)
    }

    fn repository_at(&self, host: &str, path: &str) -> RegistryRepository {
        let name: RepositoryName = format!("{host}/{path}").parse().unwrap();
        registries(self.options.clone()).repository(name)
    }
}

async fn push_and_tag(repository: &RegistryRepository, image: &Image) -> Result<PushReport, PortFailure> {
    let report = push(repository, image).await?;
    repository.set_tag(&tag("v1"), &image.digest).await?;
    assert_eq!(repository.resolve(&tag("v1")).await?, Some(image.digest));
    assert_eq!(repository.tags().await?, ["v1"]);
    Ok(report)
}

#[tokio::test]
async fn a_registry_with_tls_and_a_password_file() {
    require!(Requirement::Registry, Requirement::Openssl);
    let place = Place::with(Access::Password);
    let failure = push(&place.repository("site"), &image()).await.unwrap_err();
    assert!(failure.to_string().contains("no Docker configuration file to look in"), "{failure}");
    let key = format!("https://{}/v1/", place.registry.host());
    let place = place.knows(&key, &json!({"username": USER, "password": PASSWORD}));
    push_and_tag(&place.repository("site"), &image()).await.unwrap();
}

#[tokio::test]
async fn a_registry_with_a_token_server() {
    require!(Requirement::Registry, Requirement::Openssl);
    let password = json!({"username": USER, "password": PASSWORD});
    let place = Place::with(Access::Token);
    let host = place.registry.host();
    let place = place.knows(&host, &password);
    push_and_tag(&place.repository("site"), &image()).await.unwrap();
    // One token to look, one to push, whatever the number of requests.
    let asked = place.registry.tokens();
    let expected = ["GET plimsoll repository:site:pull", "GET plimsoll repository:site:pull,push"];
    assert_eq!(asked, expected);

    let place = place.knows(&host, &json!({"identitytoken": IDENTITY_TOKEN}));
    push_and_tag(&place.repository("other"), &image()).await.unwrap();
    let expected = ["POST plimsoll repository:other:pull", "POST plimsoll repository:other:pull,push"];
    assert_eq!(place.registry.tokens()[2..], expected);
}

#[tokio::test]
async fn a_blob_is_mounted_with_the_right_to_read_where_it_is() {
    require!(Requirement::Registry, Requirement::Openssl);
    let place = Place::with(Access::Token);
    let host = place.registry.host();
    let place = place.knows(&host, &json!({"username": USER, "password": PASSWORD}));
    let (image, all) = (image(), registries(place.options.clone()));
    let repository = |path: &str| all.repository(format!("{host}/{path}").parse().unwrap());
    push_and_tag(&repository("base"), &image).await.unwrap();
    let base = format!("{host}/base:v1").parse().unwrap();
    let platforms = ["linux/amd64".parse().unwrap()];
    all.fetch(&base, &platforms, image.layout.root(), &Silent).await.unwrap();
    let report = push_and_tag(&repository("site"), &image).await.unwrap();
    assert_eq!(report.bytes_sent, 0);
    let expected = "GET plimsoll repository:site:pull,push repository:base:pull".to_owned();
    assert!(place.registry.tokens().contains(&expected), "{:?}", place.registry.tokens());
}

#[tokio::test]
async fn a_token_for_the_registry_itself_is_shown_as_it_is() {
    require!(Requirement::Registry, Requirement::Openssl);
    let place = Place::with(Access::Token);
    let host = place.registry.host();
    let place = place.knows(&host, &json!({"registrytoken": "made.up.token"}));
    let failure = push(&place.repository("site"), &image()).await.unwrap_err();
    assert!(failure.to_string().contains("the registry token found through"), "{failure}");
    assert_eq!(place.registry.tokens(), [""; 0]);
}

#[tokio::test]
async fn what_is_not_allowed_is_told_from_wrong_credentials() {
    require!(Requirement::Registry, Requirement::Openssl);
    let place = Place::with(Access::Token);
    let host = place.registry.host();
    let place = place.knows(&host, &json!({"username": USER, "password": PASSWORD}));
    let failure = push(&place.repository("locked/site"), &image()).await.unwrap_err();
    assert!(failure.to_string().contains("denies blob"), "{failure}");

    let place = place.knows(&host, &json!({"username": USER, "password": "wrong"}));
    let failure = push(&place.repository("site"), &image()).await.unwrap_err();
    assert!(failure.to_string().contains("refuses a token without valid credentials"), "{failure}");

    // Who is nobody is not denied, but asked to log in.
    let mut place = place;
    place.options.docker_config = None;
    let failure = push(&place.repository("public/site"), &image()).await.unwrap_err();
    assert!(failure.hint.unwrap().contains("docker login"));
    assert_eq!(place.repository("public/site").tags().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_registry_that_wants_a_certificate() {
    require!(Requirement::Registry, Requirement::Openssl);
    let mut place = Place::with(Access::Client);
    assert!(push(&place.repository("site"), &image()).await.is_err());

    let (certificate, key) = place.registry.client_certificate();
    let client_certificate = Some(ClientCertificate { certificate: certificate.clone(), key: key.clone() });
    let host = RegistryHost { client_certificate, ..RegistryHost::default() };
    place.options.hosts.insert(place.registry.host(), host);
    push_and_tag(&place.repository("site"), &image()).await.unwrap();

    // The same from a folder of Docker's.
    place.options.hosts.clear();
    let authority = std::mem::take(&mut place.options.certificate_authorities).remove(0);
    let folder = place.folder.path().join("certs.d");
    let own = folder.join(place.registry.host());
    fs::create_dir_all(&own).unwrap();
    for (from, to) in [(&authority, "ca.crt"), (&certificate, "client.cert"), (&key, "client.key")] {
        fs::copy(from, own.join(to)).unwrap();
    }
    place.options.certificate_folders = vec![folder];
    push(&place.repository("site"), &image()).await.unwrap();
}

#[tokio::test]
async fn an_authority_is_trusted_for_its_own_registry_alone() {
    require!(Requirement::Registry, Requirement::Openssl);
    let mut place = Place::with(Access::Tls);
    let certificate_authorities = std::mem::take(&mut place.options.certificate_authorities);
    let failure = push(&place.repository("site"), &image()).await.unwrap_err();
    assert!(failure.to_string().contains("cannot be trusted"), "{failure}");
    let host = RegistryHost { certificate_authorities, ..RegistryHost::default() };
    place.options.hosts.insert("other.example".to_owned(), host.clone());
    assert!(push(&place.repository("site"), &image()).await.is_err());
    place.options.hosts.insert(place.registry.host(), host);
    push(&place.repository("site"), &image()).await.unwrap();
}

fn proxies(proxy: SocketAddr, user: &str) -> Proxies {
    let address = || Some(format!("http://{user}{proxy}").into());
    Proxies { http: address(), https: address(), except: None }
}

#[tokio::test]
async fn a_registry_beyond_a_proxy() {
    require!(Requirement::Registry, Requirement::Openssl);
    let mut place = Place::with(Access::Tls);
    let proxy = Proxy::start(place.registry.address(), Some("me:secret"));
    // The name is known beyond the proxy alone.
    place.options.proxies = proxies(proxy.address(), "me:secret@");
    push_and_tag(&place.repository_at("registry.test:443", "site"), &image()).await.unwrap();
    let seen = proxy.seen();
    assert!(
        !seen.is_empty() && seen.iter().all(|line| line == "CONNECT registry.test:443 HTTP/1.1"),
        "{seen:?}"
    );

    place.options.proxies = proxies(proxy.address(), "me:wrong@");
    let failure = push(&place.repository_at("registry.test:443", "site"), &image()).await.unwrap_err();
    let text = format!("{failure} {failure:?}");
    assert!(text.contains("cannot reach the registry") && !text.contains("wrong"), "{text}");
}

#[tokio::test]
async fn a_plain_registry_beyond_a_proxy() {
    require!(Requirement::Registry);
    let mut place = Place::with(Access::Open);
    let proxy = Proxy::start(place.registry.address(), None);
    place.options.proxies = proxies(proxy.address(), "");
    place.options.plain_http = vec!["Registry.Test".to_owned()];
    push_and_tag(&place.repository_at("registry.test:5000", "site"), &image()).await.unwrap();
    // Only the first line of each connection is seen.
    let seen = proxy.seen();
    assert!(
        !seen.is_empty() && seen.iter().all(|line| line.contains(" http://registry.test:5000/v2/")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn loopback_and_exceptions_are_reached_without_a_proxy() {
    require!(Requirement::Registry);
    let mut place = Place::with(Access::Open);
    let proxy = Proxy::start(place.registry.address(), None);
    place.options.proxies = proxies(proxy.address(), "");
    push(&place.repository("site"), &image()).await.unwrap();
    place.options.proxies.except = Some("10.0.0.0/8, .test".to_owned());
    place.options.tries = 1;
    let failure = push(&place.repository_at("registry.test:5000", "site"), &image()).await.unwrap_err();
    assert!(failure.to_string().contains("cannot reach"), "{failure}");
    place.options.proxies.except = Some("*".to_owned());
    assert!(push(&place.repository_at("registry.test:5000", "site"), &image()).await.is_err());
    assert_eq!(proxy.seen(), [""; 0]);
}
