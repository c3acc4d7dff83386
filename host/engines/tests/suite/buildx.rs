//! buildx with a BuildKit of its own, and with the builder within a Docker engine.

use plimsoll_core::ports::FailureClass;
use plimsoll_engines::{BuildSecret, BuildSettings, DockerBuilder, DockerSettings};
use plimsoll_support::{Buildx, DockerEngine, Requirement, require};

use crate::support::{
    FAILS_WITH_SECRET, SECRET, TIMESTAMP, USES_SECRET, Workspace, secret, secret_file, two_platforms,
};

/// The builder beside the engine: a BuildKit that buildx knows by name.
fn remote(secrets: Vec<BuildSecret>) -> DockerSettings {
    DockerSettings {
        config: Some(Buildx::shared().docker_config()),
        builder: Some(Buildx::BUILDER.to_owned()),
        build: BuildSettings { secrets, ..BuildSettings::default() },
        ..DockerSettings::default()
    }
}

#[test]
fn a_remote_builder_builds_everything_that_was_asked_for() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildx);
    let workspace = Workspace::new(USES_SECRET);
    let builder = DockerBuilder::new(remote(vec![secret()]));
    let outcome = workspace.build(&builder, &workspace.request());
    let image = outcome.image(&workspace);
    assert_eq!(image.file("greeting").as_deref(), Some("Moin, \"x\"\n"));
    assert_eq!(image.file("page").as_deref(), Some("Ahoy\n"));
    assert_eq!(image.config["config"]["Labels"]["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(image.manifest["annotations"]["org.opencontainers.image.title"], "A site, small");
    assert_eq!(image.config["created"], "2024-01-01T00:00:00Z", "{TIMESTAMP}");
    assert!(outcome.lines.iter().any(|line| line.contains("RUN echo")), "{:?}", outcome.lines);

    // The secret was there, and is nowhere else.
    assert!(image.file("proof").is_some_and(|proof| proof.trim().len() == 64));
    assert!(outcome.lines.contains(&"***".to_owned()), "{:?}", outcome.lines);
    assert!(!outcome.told().contains(SECRET), "{}", outcome.told());
    assert!(!image.holds(SECRET));

    // The same again is the same image, whatever is cached.
    let again = workspace.build(&builder, &workspace.request());
    assert_eq!(again.built.unwrap(), outcome.built.unwrap());
}

#[test]
fn a_failure_shows_the_last_lines_without_the_secret() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildx);
    let workspace = Workspace::new(FAILS_WITH_SECRET);
    let secret = secret_file(&workspace);
    let outcome = workspace.build(&DockerBuilder::new(remote(vec![secret])), &workspace.request());
    let failure = outcome.failure();
    assert_eq!(failure.class, FailureClass::User);
    let text = failure.to_string();
    assert!(text.contains("token: ***") && text.contains("exit code: 7"), "{text}");
    assert!(!outcome.told().contains(SECRET), "{}", outcome.told());
}

#[test]
fn several_platforms_make_an_index() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildx);
    let workspace = Workspace::new("FROM scratch\nARG TARGETARCH\nCOPY page /page\nENV ARCH=$TARGETARCH\n");
    let mut request = workspace.request();
    request.platforms = two_platforms();
    let outcome = workspace.build(&DockerBuilder::new(remote(Vec::new())), &request);
    let image = outcome.image(&workspace);
    let images = image.manifest["manifests"].as_array().unwrap();
    let architectures: Vec<_> = images.iter().map(|image| &image["platform"]["architecture"]).collect();
    assert_eq!(architectures, ["amd64", "arm64"]);
    assert_eq!(image.manifest["annotations"]["org.opencontainers.image.title"], "A site, small");
}

#[test]
fn caches_go_where_they_are_told() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildx);
    let workspace = Workspace::new("FROM BASE\nRUN date +%N > /now\n");
    let place = format!("type=registry,ref={}", workspace.registry.reference("cache:site"));
    let build = BuildSettings {
        cache_from: vec![place.clone()],
        cache_to: vec![format!("{place},mode=max")],
        ..BuildSettings::default()
    };
    let settings = DockerSettings { build, ..remote(Vec::new()) };
    let outcome = workspace.build(&DockerBuilder::new(settings.clone()), &workspace.request());
    let first = outcome.image(&workspace).file("now");
    assert_eq!(workspace.registry.tags("cache"), ["site"]);

    // A builder that has never seen it takes the result of the command from there.
    let fresh = Buildx::start();
    let settings = DockerSettings { config: Some(fresh.docker_config()), ..settings };
    let outcome = workspace.build(&DockerBuilder::new(settings), &workspace.request());
    assert_eq!(outcome.image(&workspace).file("now"), first);
    assert!(outcome.transfers > 0, "the base image was fetched");
}

#[test]
fn a_builder_that_nobody_knows_is_told() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildx);
    let workspace = Workspace::new("FROM scratch\n");
    let settings = DockerSettings { builder: Some("nobody".to_owned()), ..remote(Vec::new()) };
    let outcome = workspace.build(&DockerBuilder::new(settings), &workspace.request());
    let failure = outcome.failure();
    assert_eq!(failure.class, FailureClass::Outside);
    assert!(failure.to_string().contains("could not use the builder `nobody`"), "{failure}");
}

#[test]
fn the_builder_within_an_engine_does_what_it_can_and_says_what_it_cannot() {
    require!(
        Requirement::Registry,
        Requirement::NginxBase,
        Requirement::Skopeo,
        Requirement::Buildx,
        Requirement::Docker
    );
    let workspace = Workspace::new(USES_SECRET);
    let settings = DockerSettings {
        host: Some(DockerEngine::shared().host().to_owned()),
        builder: Some("default".to_owned()),
        ..remote(vec![secret()])
    };
    let builder = DockerBuilder::new(settings);
    let outcome = workspace.build(&builder, &workspace.request());
    let image = outcome.image(&workspace);
    assert_eq!(image.file("greeting").as_deref(), Some("Moin, \"x\"\n"));
    assert!(image.file("proof").is_some_and(|proof| proof.trim().len() == 64));
    assert_eq!(image.config["config"]["Labels"]["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(image.manifest["annotations"]["org.opencontainers.image.title"], "A site, small");
    assert!(!outcome.told().contains(SECRET), "{}", outcome.told());
    assert!(!image.holds(SECRET));

    let mut request = workspace.request();
    request.platforms = two_platforms();
    let outcome = workspace.build(&builder, &request);
    let failure = outcome.failure();
    assert_eq!(failure.class, FailureClass::Configuration);
    assert!(failure.to_string().contains("part of a Docker engine"), "{failure}");
    assert!(failure.hint.as_ref().unwrap().contains("--driver docker-container"));
}
