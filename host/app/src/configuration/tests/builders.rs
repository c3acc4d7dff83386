//! What the table `[image]` says of builders.

use super::{
    super::{BuildahIsolation, Builder, Secret, SecretPlace},
    FULL, MINIMAL,
    broken::assert_cases,
    lines, parse,
};

/// What the full file cannot have, since its builder is another one.
pub(super) const BUILDAH: &str = "builder = \"buildah\"\ncache-to = [\"ghcr.io/contoso/cache\"]\n\
    buildah = { isolation = \"chroot\", storage = \"images\", storage-driver = \"vfs\" }\n";

fn builder(lines: &str) -> Builder {
    parse(&format!("{MINIMAL}{lines}")).unwrap_or_else(|error| panic!("{:#?}", error.lines())).image.builder
}

#[test]
fn docker_is_told_everything() {
    let Builder::Docker { builder, build } = parse(FULL).unwrap().image.builder else { panic!("docker") };
    assert_eq!(builder.as_deref(), Some("farm"));
    let secret = |name: &str, place| Secret { name: name.to_owned(), place };
    let mut secrets = build.secrets;
    secrets.sort_by(|one, other| one.name.cmp(&other.name));
    assert_eq!(
        secrets,
        [
            secret("key", SecretPlace::File("secrets/key".into())),
            secret("npm", SecretPlace::Environment("NPM_TOKEN".to_owned())),
        ]
    );
    assert_eq!(build.cache_from, ["type=registry,ref=ghcr.io/contoso/cache"]);
    assert_eq!(build.cache_to, ["type=inline"]);
}

#[test]
fn buildah_is_told_everything() {
    let Builder::Buildah { isolation, storage, storage_driver, build } = builder(BUILDAH) else {
        panic!("buildah")
    };
    assert_eq!(isolation, Some(BuildahIsolation::Chroot));
    assert_eq!((storage, storage_driver.as_deref()), (Some("images".into()), Some("vfs")));
    assert_eq!(build.cache_to, ["ghcr.io/contoso/cache"]);
    let Builder::Buildah { isolation: None, storage: None, .. } = builder("builder = \"buildah\"\n") else {
        panic!("buildah decides")
    };
}

#[test]
fn what_a_builder_does_not_honour_is_a_mistake() {
    let image = |lines: &str| format!("{MINIMAL}{lines}\n");
    assert_cases([
        (
            image("secrets = { npm = { environment = \"T\" } }"),
            "3:1: the builder `embedded` does not honour `image.secrets`; it goes with `builder = \"docker\"` or `builder = \"buildah\"`",
        ),
        (
            image("cache-to = [\"x\"]"),
            "3:1: the builder `embedded` does not honour `image.cache-to`; it goes with `builder = \"docker\"` or `builder = \"buildah\"`",
        ),
        (
            image("builder = \"docker\"\n[image.buildah]\nisolation = \"chroot\""),
            "4:8: the builder `docker` does not honour `image.buildah`; it goes with `builder = \"buildah\"`",
        ),
        (
            image("builder = \"buildah\"\n[image.docker]\nbuilder = \"farm\""),
            "4:8: the builder `buildah` does not honour `image.docker`; it goes with `builder = \"docker\"`",
        ),
        (
            image("builder = \"buildah\"\ncache-from = [\"type=inline\"]"),
            "4:15: `type=inline` is no repository; buildah keeps caches in repositories: `registry.example/website/cache`",
        ),
        (
            image("builder = \"buildah\"\nbuildah = { isolation = \"jail\" }"),
            "4:25: there is no isolation `jail`; there is `oci`, `rootless`, `chroot`",
        ),
    ]);
}

#[test]
fn mistakes_in_secrets_are_told() {
    let secrets = |lines: &str| format!("{MINIMAL}builder = \"docker\"\n[image.secrets]\n{lines}\n");
    assert_cases([
        (secrets("\"a,b\" = { file = \"x\" }"), "5:1: `a,b` is no name for a secret: `A-Z a-z 0-9 _ . -`"),
        (
            secrets("npm = { environment = \"T\", file = \"x\" }"),
            "5:28: name exactly one of `environment`, `file`; `environment` is there already: take `file` or `environment` out",
        ),
        (
            secrets("npm = {}"),
            "5:7: name exactly one of `environment`, `file`; `image.secrets.npm` has none of them",
        ),
        (secrets("npm = \"hunter2\""), "5:7: `image.secrets.npm` must be a table, not a string"),
        (
            secrets("npm = { environment = \"T=x\" }"),
            "5:23: `T=x` is no name of an environment variable; the secret itself does not belong here",
        ),
    ]);
    let told = lines(&secrets("npm = { value = \"hunter2\" }")).join("\n");
    assert!(told.contains("`image.secrets.npm.value` is no key that Plimsoll knows"), "{told}");
}
