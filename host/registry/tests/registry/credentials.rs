//! Registries that want to know who asks.

use std::{env, fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use plimsoll_core::ports::FailureClass;
use plimsoll_registry::RegistryOptions;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    image::{options, registries},
    server::{Fault, FaultServer},
    setting::{push, setting},
};

/// `me:secret`, encoded.
const RIGHT: &str = "bWU6c2VjcmV0";
/// `me:wrong!`, encoded.
const WRONG: &str = "bWU6d3Jvbmch";

/// Options with a Docker configuration file, in a folder of its own.
fn with_configuration(configuration: &Value) -> (TempDir, RegistryOptions) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("config.json");
    fs::write(&file, configuration.to_string()).unwrap();
    (folder, RegistryOptions { docker_config: Some(file), ..options() })
}

/// A configuration that knows one registry.
fn knows(server: &FaultServer, entry: &Value) -> (TempDir, RegistryOptions) {
    with_configuration(&json!({"auths": {server.address.to_string(): entry}}))
}

fn demand_basic(server: &FaultServer) {
    server.state().demanded = Some((format!("Basic {RIGHT}"), r#"Basic realm="registry""#.to_owned()));
}

#[tokio::test]
async fn passwords_come_from_the_docker_configuration() {
    let (server, image, _) = setting().await;
    demand_basic(&server);
    let (_folder, options) = knows(&server, &json!({"auth": RIGHT}));
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_shown() {
    let (server, image, repository) = setting().await;
    demand_basic(&server);
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains("no Docker configuration file to look in"), "{failure}");

    let (_folder, options) = knows(&server, &json!({"auth": WRONG}));
    let registries = registries(options);
    let failure = push(&registries.repository(server.repository()), &image).await.unwrap_err();
    let text = failure.to_string();
    assert!(text.contains("those of `me` found through") && text.contains("config.json"), "{text}");
    let everything = format!("{text} {failure:?} {registries:?}");
    assert!(!everything.contains("wrong!") && !everything.contains(WRONG), "{everything}");
    assert!(failure.hint.unwrap().contains("docker login"));
}

#[tokio::test]
async fn tokens_are_fetched_where_the_registry_says() {
    let (server, image, _) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    // Looking needs one token, pushing another.
    let scopes = ["scope=repository%3Asite%3Apull", "scope=repository%3Asite%3Apull%2Cpush"];
    let questions = scopes.map(|scope| format!("GET {scope}&service=it")).to_vec();
    server.state().token = Some((questions, format!("Basic {RIGHT}")));
    server.fault("GET /token", Fault::Status(503, ""));
    let (_folder, options) = knows(&server, &json!({"auth": RIGHT}));
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
    assert!(server.state().faults.is_empty());

    let grant = "client_id=plimsoll&grant_type=refresh_token&refresh_token=identity";
    let questions = scopes.map(|scope| format!("POST service=it&{scope}&{grant}")).to_vec();
    server.state().token = Some((questions, String::new()));
    let (_folder, options) = knows(&server, &json!({"identitytoken": "identity"}));
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
}

#[tokio::test]
async fn a_token_server_that_refuses_is_said() {
    let (server, image, repository) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    server.state().token = Some((Vec::new(), "nobody".to_owned()));
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains("refuses a token without valid credentials"), "{failure}");
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_said() {
    let (server, image, repository) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    server.state().handed_out = Some("two\nlines");
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains("something that holds no token"), "{failure}");
}

#[tokio::test]
async fn a_token_that_ran_out_is_replaced() {
    let (server, image, _) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm.clone()));
    let repository = registries(options()).repository(server.repository());
    push(&repository, &image).await.unwrap();
    server.state().demanded = Some(("Bearer another".to_owned(), realm));
    server.state().handed_out = Some("another");
    push(&repository, &image).await.unwrap();
}

#[tokio::test]
async fn a_token_server_that_is_down_is_named() {
    let (server, image, repository) = setting().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let realm = format!(r#"Bearer realm="http://{free}/token",service="it""#);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    let failure = push(&repository, &image).await.unwrap_err();
    assert!(failure.to_string().contains(&format!("cannot reach the registry {free}")), "{failure}");
}

#[tokio::test]
async fn a_token_server_without_an_address_is_said() {
    let (server, image, _) = setting().await;
    let realm = r#"Bearer realm="not an address",service="it""#.to_owned();
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    let (_folder, options) = knows(&server, &json!({"auth": RIGHT}));
    let failure = push(&registries(options).repository(server.repository()), &image).await.unwrap_err();
    assert!(failure.to_string().contains("which is no address"), "{failure}");
}

#[tokio::test]
async fn another_server_that_uploads_go_to_gets_no_secret() {
    let (server, image, _) = setting().await;
    let elsewhere = server.start_beside().await;
    demand_basic(&server);
    server.state().uploads_at = Some(elsewhere.address);
    let (_folder, options) = knows(&server, &json!({"auth": RIGHT}));
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
    assert_eq!(elsewhere.count("PUT /v2/site/blobs"), 2);
    assert_eq!(elsewhere.state().shown, [""; 0]);
    assert!(!server.state().shown.is_empty());
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_no_anonymous_access() {
    let (server, image, _) = setting().await;
    demand_basic(&server);
    let helper = json!({"credHelpers": {server.address.to_string(): "not-there-at-all"}});
    for configuration in [json!([]), helper] {
        let (_folder, options) = with_configuration(&configuration);
        let failure = push(&registries(options).repository(server.repository()), &image).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Configuration, "{failure}");
        assert!(failure.to_string().contains("cannot get the credentials"), "{failure}");
    }
}

#[tokio::test]
async fn a_missing_configuration_is_anonymous_access() {
    let (server, image, _) = setting().await;
    let options = RegistryOptions { docker_config: Some("/nonexistent/config.json".into()), ..options() };
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
}

#[tokio::test]
async fn a_token_that_runs_out_in_the_middle_of_a_push_is_replaced() {
    let (server, image, _) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    let repository = registries(options()).repository(server.repository());
    push(&repository, &image).await.unwrap();
    let before = server.count("GET /token");
    server.storage().blobs.clear();
    // It is good for the beginning of an upload, and no longer for its content.
    server.fault("PUT /v2/site/blobs", Fault::Status(401, ""));
    assert_eq!(push(&repository, &image).await.unwrap().blobs_sent, 2);
    assert_eq!((before, server.count("GET /token")), (2, 3));
}

#[tokio::test]
async fn a_registry_may_ask_only_when_it_comes_to_a_repository() {
    let (server, image, _) = setting().await;
    demand_basic(&server);
    server.state().greets_everybody = true;
    let (_folder, options) = knows(&server, &json!({"auth": RIGHT}));
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
}

#[tokio::test]
async fn a_repository_may_have_credentials_of_its_own() {
    let (server, image, _) = setting().await;
    demand_basic(&server);
    let host = server.address.to_string();
    let right = json!({"auth": RIGHT});
    for (key, is_right) in [(format!("{host}/site"), true), (format!("{host}/other"), false)] {
        let auths = json!({"auths": {key: right, host.clone(): {"auth": WRONG}}});
        let (_folder, options) = with_configuration(&auths);
        let pushed = push(&registries(options).repository(server.repository()), &image).await;
        assert_eq!(pushed.is_ok(), is_right);
    }
}

#[tokio::test]
async fn the_second_file_is_for_what_the_first_does_not_know() {
    let (server, image, _) = setting().await;
    demand_basic(&server);
    let (_podman, second) = knows(&server, &json!({"auth": RIGHT}));
    let (_docker, first) = with_configuration(&json!({"auths": {"other.example": {"auth": WRONG}}}));
    let options = RegistryOptions { podman_config: second.docker_config, ..first };
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
}

#[tokio::test]
async fn a_token_server_that_takes_forms_alone_gets_one() {
    let (server, image, _) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    let scopes = ["scope=repository%3Asite%3Apull", "scope=repository%3Asite%3Apull%2Cpush"];
    let grant = "client_id=plimsoll&grant_type=password&username=me&password=secret";
    let questions = scopes.map(|scope| format!("POST service=it&{scope}&{grant}")).to_vec();
    server.state().token = Some((questions, String::new()));
    server.fault("GET /token", Fault::Status(405, ""));
    server.fault("GET /token", Fault::Status(404, ""));
    let (_folder, options) = knows(&server, &json!({"auth": RIGHT}));
    push(&registries(options).repository(server.repository()), &image).await.unwrap();
}

#[tokio::test]
async fn a_token_server_that_sends_us_elsewhere_is_not_followed() {
    let (server, image, _) = setting().await;
    let realm = format!(r#"Bearer realm="http://{}/token",service="it""#, server.address);
    server.state().demanded = Some(("Bearer the-token".to_owned(), realm));
    let (_folder, options) = knows(&server, &json!({"identitytoken": "identity"}));
    server.fault("POST /token", Fault::Status(307, "Location: http://127.0.0.1:1/token\r\n"));
    let failure = push(&registries(options).repository(server.repository()), &image).await.unwrap_err();
    assert!(failure.to_string().contains("refuses a token"), "{failure}");
}

/// Runs the test below in a process of its own, for only there a helper can be put on the `PATH`.
#[test]
fn helpers_are_asked_and_not_waited_for_for_ever() {
    let folder = TempDir::new().unwrap();
    let answer =
        r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"me\",\"Secret\":\"secret\"}""#;
    let nothing = "read server; echo credentials not found in native keychain; exit 1";
    for (name, body) in
        [("good", answer), ("empty", nothing), ("slow", "exec sleep 3"), ("broken", "read server; exit 1")]
    {
        let program = folder.path().join(format!("docker-credential-{name}"));
        fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "credentials::with_helpers_on_the_path", "--ignored"])
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "the test above runs it"]
async fn with_helpers_on_the_path() {
    let (server, image, _) = setting().await;
    demand_basic(&server);
    let server = &server;
    let try_helper = async |name: &str| {
        let (_folder, options) = with_configuration(&json!({"credsStore": name}));
        let options = RegistryOptions { helper_timeout: Duration::from_millis(500), ..options };
        push(&registries(options).repository(server.repository()), &image)
            .await
            .map_err(|error| error.to_string())
    };
    try_helper("good").await.unwrap();
    assert!(try_helper("empty").await.unwrap_err().contains("none found through"));
    assert!(try_helper("broken").await.unwrap_err().contains("`docker-credential-broken get` failed"));
    assert!(try_helper("slow").await.unwrap_err().contains("did not answer in time"));
}
