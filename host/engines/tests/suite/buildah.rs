//! buildah, with a storage of its own in a folder and without containers.

use std::fs;

use plimsoll_core::ports::{Compression, FailureClass};
use plimsoll_engines::{BuildSecret, BuildSettings, BuildahBuilder, BuildahSettings, Isolation};
use plimsoll_support::{Requirement, require};

use crate::support::{FAILS_WITH_SECRET, SECRET, USES_SECRET, Workspace, secret, secret_file, two_platforms};

/// The settings of a test. The registry on loopback speaks plain HTTP, which buildah has to be told by its own configuration; so
/// the base image is put into its storage before.
fn settings(workspace: &Workspace, secrets: Vec<BuildSecret>) -> BuildahSettings {
    let storage = workspace.path("storage");
    fs::create_dir_all(&storage).unwrap();
    workspace.pull_base(&storage);
    BuildahSettings {
        isolation: Some(Isolation::Chroot),
        storage: Some(storage),
        storage_driver: Some("vfs".to_owned()),
        build: BuildSettings { secrets, ..BuildSettings::default() },
    }
}

#[test]
fn buildah_builds_everything_that_was_asked_for() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildah);
    let workspace = Workspace::new(USES_SECRET);
    let builder = BuildahBuilder::new(settings(&workspace, vec![secret()]));
    let outcome = workspace.build(&builder, &workspace.request());
    let image = outcome.image(&workspace);
    assert_eq!(image.file("greeting").as_deref(), Some("Moin, \"x\"\n"));
    assert_eq!(image.file("page").as_deref(), Some("Ahoy\n"));
    assert_eq!(image.config["config"]["Labels"]["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(image.manifest["annotations"]["org.opencontainers.image.title"], "A site, small");
    assert_eq!(image.config["created"], "2024-01-01T00:00:00Z");
    assert!(outcome.lines.iter().any(|line| line.contains("RUN echo")), "{:?}", outcome.lines);

    // The secret was there, and is nowhere else.
    assert!(image.file("proof").is_some_and(|proof| proof.trim().len() == 64));
    assert!(outcome.lines.iter().any(|line| line.contains("***")), "{:?}", outcome.lines);
    assert!(!outcome.told().contains(SECRET), "{}", outcome.told());
    assert!(!image.holds(SECRET));

    // What was made already is used again.
    let again = workspace.build(&builder, &workspace.request());
    assert_eq!(again.built.unwrap(), outcome.built.unwrap());
}

#[test]
fn a_failure_shows_the_last_lines_without_the_secret() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildah);
    let workspace = Workspace::new(FAILS_WITH_SECRET);
    let secret = secret_file(&workspace);
    let builder = BuildahBuilder::new(settings(&workspace, vec![secret]));
    let outcome = workspace.build(&builder, &workspace.request());
    let failure = outcome.failure();
    assert_eq!(failure.class, FailureClass::User);
    let text = failure.to_string();
    assert!(text.contains("token: ***") && text.contains("exit status 7"), "{text}");
    assert!(!outcome.told().contains(SECRET), "{}", outcome.told());
}

#[test]
fn several_platforms_make_an_index() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Buildah);
    let workspace = Workspace::new("FROM scratch\nCOPY page /page\n");
    let settings = settings(&workspace, Vec::new());
    let mut request = workspace.request();
    request.platforms = two_platforms();
    let outcome = workspace.build(&BuildahBuilder::new(settings.clone()), &request);
    let image = outcome.image(&workspace);
    let images = image.manifest["manifests"].as_array().unwrap();
    let mut architectures: Vec<_> =
        images.iter().filter_map(|image| image["platform"]["architecture"].as_str()).collect();
    architectures.sort_unstable();
    assert_eq!(architectures, ["amd64", "arm64"]);
    assert_eq!(workspace.buildah_lists(settings.storage.as_deref().unwrap()), "");

    request.compression = Compression::Zstd;
    let outcome = workspace.build(&BuildahBuilder::new(settings), &request);
    assert_eq!(outcome.failure().class, FailureClass::Configuration);
}
