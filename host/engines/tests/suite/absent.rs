//! What is told where something is missing.

use plimsoll_core::ports::FailureClass;
use plimsoll_engines::{
    BuildSecret, BuildSettings, BuildahBuilder, BuildahSettings, DockerBuilder, DockerSettings, SecretSource,
};
use plimsoll_support::{Requirement, require};

use crate::support::{Workspace, secret, two_platforms};

fn docker(host: &str) -> DockerSettings {
    let client = Some("/no/such/docker".into());
    DockerSettings { host: Some(host.to_owned()), client, ..DockerSettings::default() }
}

#[test]
fn an_engine_that_is_not_there_is_told() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo);
    let workspace = Workspace::new("FROM scratch\nRUN x\n");
    let absent = format!("unix://{}", workspace.path("docker.sock").display());
    for (host, class, says, hint) in [
        (absent.as_str(), FailureClass::Outside, "no Docker engine answers at unix://", "Start the engine"),
        ("ssh://host", FailureClass::Configuration, "`ssh://host` is no address", "DOCKER_HOST"),
    ] {
        let outcome = workspace.build(&DockerBuilder::new(docker(host)), &workspace.request());
        let failure = outcome.failure();
        assert_eq!(failure.class, class);
        assert!(failure.to_string().contains(says), "{failure}");
        assert!(failure.hint.as_ref().unwrap().contains(hint));
    }
}

#[test]
fn without_buildx_what_needs_it_is_refused_before_the_engine_is_asked() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo);
    let workspace = Workspace::new("FROM scratch\n");
    let mut settings = docker("unix:///no/such/docker.sock");
    settings.builder = Some("farm".to_owned());
    settings.build = BuildSettings {
        secrets: vec![secret()],
        cache_from: Vec::new(),
        cache_to: vec!["type=inline".to_owned()],
    };
    let mut request = workspace.request();
    request.platforms = two_platforms();
    let outcome = workspace.build(&DockerBuilder::new(settings), &request);
    let failure = outcome.failure();
    assert_eq!(failure.class, FailureClass::Configuration);
    let wanted = "asks for: a builder by name, secrets, cache-to, several platforms";
    assert!(failure.to_string().contains(wanted), "{failure}");
    assert!(failure.hint.as_ref().unwrap().contains("Install buildx"));
}

#[test]
fn a_secret_that_is_not_there_is_told_before_anything_is_built() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo);
    let workspace = Workspace::new("FROM scratch\n");
    let source = SecretSource::Variable { name: "NPM_TOKEN".to_owned(), value: None };
    let secrets = vec![BuildSecret { name: "npm".to_owned(), source }];
    let build = BuildSettings { secrets, ..BuildSettings::default() };
    let settings = BuildahSettings { build, ..BuildahSettings::default() };
    let outcome = workspace.build(&BuildahBuilder::new(settings), &workspace.request());
    let failure = outcome.failure();
    assert_eq!(failure.class, FailureClass::Configuration);
    assert!(failure.to_string().contains("`NPM_TOKEN`"), "{failure}");
    assert!(outcome.lines.is_empty(), "{:?}", outcome.lines);
}
