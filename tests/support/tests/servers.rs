//! The fixtures, tried for real.

use plimsoll_support::{
    Access, Buildx, DebianRegistry, DockerEngine, GitRepository, NginxBase, PASSWORD, Requirement, Site,
    USER, buildah, get, request, require, run, skopeo,
};

#[test]
fn a_registry_keeps_an_image_over_a_restart_and_can_delete_it() {
    require!(Requirement::Registry, Requirement::Skopeo, Requirement::NginxBase);
    let mut registry = DebianRegistry::start();
    let image = NginxBase::get().push(&registry);
    assert_eq!(image, registry.reference("nginx:1.22"));
    let digest = registry.digest("nginx", "1.22").expect("it was pushed");

    let address = registry.address();
    registry.stop();
    assert!(get(address, "/v2/").is_err(), "nothing listens");
    registry.restart();
    assert_eq!(registry.address(), address);
    assert_eq!(registry.digest("nginx", "1.22"), Some(digest.clone()));
    assert_eq!(registry.tags("nginx"), ["1.22"]);
    let seen =
        skopeo(&["inspect", "--tls-verify=false", "--format={{.Digest}}", &format!("docker://{image}")]);
    assert_eq!(seen.text(), digest);

    registry.delete("nginx", &digest);
    assert_eq!(registry.digest("nginx", "1.22"), None);
}

#[test]
fn a_registry_with_tls_and_password_lets_in_whom_it_should() {
    require!(Requirement::Registry, Requirement::Skopeo, Requirement::Openssl, Requirement::NginxBase);
    let registry = DebianRegistry::with_access(Access::Password);
    let base = NginxBase::get();
    let authority = registry.certificate_authority().expect("it speaks TLS");
    let certificates = authority.parent().expect("a file is in a folder").display().to_string();
    let source = format!("oci:{}:{}", base.layout().display(), NginxBase::TAG);
    let destination = format!("docker://{}", registry.reference("nginx:1.22"));
    let credentials = format!("{USER}:{PASSWORD}");
    let _ = skopeo(&[
        "copy",
        "--dest-cert-dir",
        &certificates,
        "--dest-creds",
        &credentials,
        &source,
        &destination,
    ]);

    let inspect = |credentials: &str| {
        let mut command = std::process::Command::new("skopeo");
        command.args(["inspect", "--cert-dir", &certificates, "--creds", credentials, "--raw", &destination]);
        run(&mut command).status.success()
    };
    assert!(inspect(&credentials));
    assert!(!inspect(&format!("{USER}:wrong")));
    let plain = request(registry.address(), "GET", "/v2/", &[]).expect("it answers all the same");
    assert_eq!(plain.status, 400, "plain HTTP is refused");
}

#[test]
fn an_engine_runs_nginx_and_serves_the_page_that_was_copied_in() {
    require!(Requirement::Docker, Requirement::Registry, Requirement::Skopeo, Requirement::NginxBase);
    let engine = DockerEngine::shared();
    let registry = DebianRegistry::start();
    let base = NginxBase::get().push(&registry);
    engine.pull(&base);
    let folder = tempfile::tempdir().expect("there is room");
    let site = Site::write(folder.path(), &base, "registry.invalid/website");
    let name = registry.reference("website:trial");
    let _ = engine.build(folder.path(), &name);
    let container = engine.serve(&name, 80);
    let response = container.get("/pages/07.html");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert!(response.body == site.file("pages/07.html"), "the page is another one");
    assert!(container.logs().contains("GET /pages/07.html"), "{}", container.logs());
    drop(container);
    let _ = engine.docker(&["rmi", "--force", &name, &base]);
}

#[test]
fn an_engine_takes_an_image_from_a_layout() {
    require!(Requirement::Docker, Requirement::Skopeo, Requirement::NginxBase);
    let engine = DockerEngine::shared();
    let base = NginxBase::get();
    engine.load(base.layout(), NginxBase::TAG, "plimsoll-loaded:trial");
    let container = engine.serve("plimsoll-loaded:trial", 80);
    assert_eq!(container.get("/no-such-page").status, 404);
    drop(container);
    let _ = engine.docker(&["rmi", "--force", "plimsoll-loaded:trial"]);
}

#[test]
fn a_buildkit_builds_the_site_through_buildx() {
    require!(Requirement::Buildx, Requirement::Registry, Requirement::Skopeo, Requirement::NginxBase);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room");
    let _ = Site::write(folder.path(), &NginxBase::get().push(&registry), "registry.invalid/website");
    let archive = folder.path().join("website.tar");
    let mut docker = Buildx::shared().docker();
    docker.args(["buildx", "build", "--builder", Buildx::BUILDER, "--output"]);
    docker.arg(format!("type=oci,dest={}", archive.display())).arg(folder.path());
    let _ = run(&mut docker).success();
    let inspected = skopeo(&["inspect", &format!("oci-archive:{}", archive.display())]);
    assert!(inspected.text().contains("sha256:"), "{inspected}");
}

#[test]
fn buildah_builds_the_site() {
    require!(Requirement::Buildah, Requirement::Registry, Requirement::Skopeo, Requirement::NginxBase);
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room");
    let _ = Site::write(folder.path(), &NginxBase::get().push(&registry), "registry.invalid/website");
    let storage = tempfile::tempdir().expect("there is room");
    let context = folder.path().display().to_string();
    let _ = buildah(storage.path(), &["bud", "--tls-verify=false", "--tag=website", &context]);
    let images = buildah(storage.path(), &["images", "--format={{.Name}}"]);
    assert!(images.text().contains("website"), "{images}");
}

#[test]
fn a_git_repository_is_the_same_everywhere() {
    require!(Requirement::Git);
    let make = || {
        let repository = GitRepository::create();
        repository.write("site/index.html", "<h1>one</h1>");
        let first = repository.commit("First");
        repository.tag("v1.0.0");
        repository.branch("feature/sails");
        repository.write("site/index.html", "<h1>two</h1>");
        let second = repository.commit("Second");
        repository.annotated_tag("v1.1.0-rc.1", "A candidate");
        repository.checkout("main");
        (repository, first, second)
    };
    let (repository, first, second) = make();
    let (again, ..) = make();
    assert_eq!(repository.git(&["rev-parse", "v1.1.0-rc.1"]), again.git(&["rev-parse", "v1.1.0-rc.1"]));
    assert_eq!(repository.head(), first);
    assert_eq!(repository.git(&["log", "-1", "--format=%at"]), "1704067200");
    repository.detach(&second);
    assert_eq!(repository.git(&["branch", "--show-current"]), "");
    repository.checkout("feature/sails");
    let clone = repository.shallow_clone();
    assert_eq!(clone.head(), second);
    assert_eq!(clone.git(&["rev-parse", "--is-shallow-repository"]), "true");
    clone.remote("upstream", "https://git.invalid/website.git");
    assert_eq!(clone.git(&["remote", "get-url", "upstream"]), "https://git.invalid/website.git");
}
