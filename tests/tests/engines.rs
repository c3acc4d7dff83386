//! Releases that others build: with a BuildKit through buildx, and with buildah. Whoever builds, everything after that is the same,
//! and a secret of the build is nowhere but in the build.

use std::{fs, path::Path, process::Command};

use plimsoll_support::{
    Application, Buildx, DebianRegistry, LAYOUT, NginxBase, Ran, Requirement, require, run, skopeo,
};

/// What nobody may see.
const SECRET: &str = "S3CR3T-hunter2-0451";

/// An application with a Dockerfile that uses a secret and shows it.
fn application(base: &str, rules: &str) -> Application {
    let image = "[image]\nsecrets = { npm = { environment = \"NPM_TOKEN\" } }\n";
    let application = Application::create(base, LAYOUT);
    application.replace("plimsoll.toml", "[image]\n", &format!("{image}{rules}"));
    dockerfile(&application, base, "sha256sum < /run/secrets/npm | cut -c 1-8 > /usr/share/nginx/html/proof");
    application.git.commit("Let somebody else build");
    application.git.tag("v1.0.0");
    application
}

fn dockerfile(application: &Application, base: &str, command: &str) {
    let run = format!("RUN --mount=type=secret,id=npm cat /run/secrets/npm && {command}");
    application.git.write("Dockerfile", format!("FROM {base}\n{run}\nCOPY site/ /usr/share/nginx/html/\n"));
}

/// Releases, and then fails to: the secret gets out nowhere.
fn release_and_fail(application: &Application, base: &str) {
    let release = application.run(&["release", "--format", "json"]).code(0);
    let report = release.json();
    let layout = application.git.path().join(".plimsoll/images/website");
    let inspected = skopeo(&["inspect", &format!("oci:{}:v1.0.0", layout.display())]).text();
    assert!(inspected.contains(report["digest"].as_str().expect("it was built")), "{inspected}");
    assert_eq!(application.running("production").as_deref(), report["digest"].as_str());
    assert!(release.stderr.contains("***"), "the command's output is shown, without it: {}", release.stderr);

    dockerfile(application, base, "echo \"denied: $(cat /run/secrets/npm)\" >&2 && exit 7");
    application.git.commit("Break the build");
    let failed = application.run(&["release"]).code(2);
    assert!(failed.stderr.contains("denied: ***"), "{}", failed.stderr);

    let exported = application.run(&["journal", "export"]).code(0);
    assert!(exported.stdout.contains("denied: ***"), "the failure is in the journal: {}", exported.stdout);
    for Ran { stdout, stderr, .. } in [&release, &failed, &exported] {
        assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "{stdout}{stderr}");
    }
    search(application.git.path());
}

/// No file has the secret: not the journal, not the layouts, not what was deployed, not the repository, not buildah's storage.
fn search(folder: &Path) {
    let mut grep = Command::new("grep");
    grep.args(["--recursive", "--text", "--fixed-strings", "--files-with-matches", SECRET]).arg(folder);
    let found = run(&mut grep);
    // 1 says that nothing was found (grep(1), EXIT STATUS).
    assert_eq!(found.status.code(), Some(1), "{found}");
}

#[test]
fn a_release_is_built_by_a_builder_that_buildx_knows() {
    require!(
        Requirement::Git,
        Requirement::Registry,
        Requirement::NginxBase,
        Requirement::Skopeo,
        Requirement::Buildx
    );
    let registry = DebianRegistry::start();
    let base = NginxBase::get().push(&registry);
    let rules = format!("builder = \"docker\"\ndocker = {{ builder = \"{}\" }}\n", Buildx::BUILDER);
    let mut application = application(&base, &rules);
    application.plimsoll = application
        .plimsoll
        .environment("DOCKER_CONFIG", Buildx::shared().docker_config())
        .environment("NPM_TOKEN", SECRET);
    release_and_fail(&application, &base);
}

#[test]
fn a_release_is_built_by_buildah() {
    require!(
        Requirement::Git,
        Requirement::Registry,
        Requirement::NginxBase,
        Requirement::Skopeo,
        Requirement::Buildah
    );
    let registry = DebianRegistry::start();
    let base = NginxBase::get().push(&registry);
    let rules = "builder = \"buildah\"\n\
        buildah = { isolation = \"chroot\", storage = \".plimsoll/storage\", storage-driver = \"vfs\" }\n";
    let mut application = application(&base, rules);
    // The user's own way to say which registries speak plain HTTP.
    let registries = application.plimsoll.home().join("registries.conf");
    let insecure = format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", registry.host());
    fs::write(&registries, insecure).expect("there is room");
    application.plimsoll = application
        .plimsoll
        .environment("CONTAINERS_REGISTRIES_CONF", registries)
        .environment("NPM_TOKEN", SECRET);
    release_and_fail(&application, &base);
}

#[test]
fn a_secret_that_is_not_set_is_named_before_anything_is_built() {
    require!(Requirement::Git);
    let application = application("scratch", "builder = \"buildah\"\n");
    let ran = application.run(&["release"]).code(2);
    assert!(ran.stdout.contains("build failed: the environment variable `NPM_TOKEN`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("hint: Set the variable"), "{}", ran.stdout);
}
