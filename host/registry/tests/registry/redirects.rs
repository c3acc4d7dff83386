//! Redirections, of which none leads out of TLS or to others who would like to see credentials.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use plimsoll_core::ports::ImageRepository as _;
use plimsoll_support::{Certificate, Requirement, WebAnswer, WebRequest, WebServer, require};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    image::{options, registries},
    setting::tag,
};

/// A server that counts who asks, and answers what it is told to.
fn counting(
    certificate: Option<&Certificate>,
    answer: impl Fn(&WebRequest) -> WebAnswer + Send + Sync + 'static,
) -> (WebServer, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = WebServer::start(certificate, move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        answer(request)
    });
    (server, asked)
}

#[tokio::test]
async fn nothing_is_asked_in_the_clear_once_there_was_tls() {
    require!(Requirement::Openssl);
    let folder = TempDir::new().unwrap();
    let certificate = Certificate::make(folder.path());
    let (plain, asked) = counting(None, |_| WebAnswer::json(200, &json!({})));
    let elsewhere = format!("http://{}/v2/", plain.address());
    let (registry, _) = counting(Some(&certificate), move |_| {
        WebAnswer::json(307, &json!({})).header("Location", &elsewhere)
    });
    let mut options = options();
    options.certificate_authorities = vec![certificate.authority().to_owned()];
    let host = format!("localhost:{}", registry.address().port());
    let repository = registries(options).repository(format!("{host}/site").parse().unwrap());
    assert!(repository.resolve(&tag("v1")).await.is_err());
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn only_the_registry_says_who_is_shown_its_password() {
    let (thief, stolen) = counting(None, |_| WebAnswer::json(200, &json!({"token": "x"})));
    let realm = format!("Bearer realm=\"http://{}/token\"", thief.address());
    let (other, _) =
        counting(None, move |_| WebAnswer::json(401, &json!({})).header("WWW-Authenticate", &realm));
    let elsewhere = format!("http://{}/v2/", other.address());
    let (registry, _) =
        counting(None, move |_| WebAnswer::json(307, &json!({})).header("Location", &elsewhere));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("config.json");
    let known =
        json!({"auths": {registry.address().to_string(): {"username": "user", "password": "secret"}}});
    fs::write(&file, known.to_string()).unwrap();
    let mut options = options();
    options.docker_config = Some(file);
    let repository = registries(options).repository(format!("{}/site", registry.address()).parse().unwrap());
    assert!(repository.resolve(&tag("v1")).await.is_err());
    assert_eq!(stolen.load(Ordering::Relaxed), 0);
}
