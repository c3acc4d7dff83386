//! What Plimsoll built runs in a real Docker engine and serves the site, byte for byte: built by the embedded builder,
//! and built by the engine itself where a Dockerfile needs RUN.

use plimsoll_support::{Application, DebianRegistry, DockerEngine, NginxBase, Requirement, require, skopeo};

/// What skopeo reads of a tag in the application's image layout.
fn inspect_layout(application: &Application, tag: &str) -> serde_json::Value {
    let layout = application.git.path().join(".plimsoll/images/website");
    let inspected = skopeo(&["inspect", &format!("oci:{}:{tag}", layout.display())]).success();
    serde_json::from_slice(&inspected.stdout).expect("skopeo prints JSON")
}

#[test]
fn the_embedded_builders_image_serves_the_site() {
    require!(Requirement::Git, Requirement::Registry, Requirement::NginxBase, Requirement::Docker);
    let registry = DebianRegistry::start();
    let base = NginxBase::get().push(&registry);
    let website = registry.reference("contoso/website");
    let application = Application::create(&base, &website);
    let report = application.release();

    // As a cluster would: by the digest that was released.
    let digest = report["digest"].as_str().expect("it was built");
    let engine = DockerEngine::shared();
    let image = format!("{website}@{digest}");
    engine.pull(&image);
    let container = engine.serve(&image, 80);
    for page in ["index.html", "pages/07.html", "pictures/03.svg", "font.bin"] {
        let answer = container.get(&format!("/{page}"));
        assert_eq!(answer.status, 200, "{page}: {}", container.logs());
        assert_eq!(answer.body, application.site.file(page), "{page} is not what the repository holds");
    }
}

#[test]
fn a_dockerfile_with_run_is_built_by_the_engine_and_released_all_the_same() {
    require!(
        Requirement::Git,
        Requirement::Registry,
        Requirement::NginxBase,
        Requirement::Docker,
        Requirement::Skopeo
    );
    let registry = DebianRegistry::start();
    let base = NginxBase::get().push(&registry);
    let engine = DockerEngine::shared();
    let application = Application::self_contained();
    let rules = application.read("plimsoll.toml");
    application.git.write("plimsoll.toml", rules.replacen("[image]", "[image]\nbuilder = \"docker\"", 1));
    // The lesson's own way: a stage installs tools and generates the site, and nginx serves what came out.
    application.git.write(
        "Dockerfile",
        format!(
            "FROM {base} AS generator\n\
             ARG GREETING=Ahoy\n\
             WORKDIR /generator\n\
             COPY site/ site/\n\
             RUN mkdir generated && echo \"<h1>$GREETING</h1>\" > generated/index.html && cp -r site/pictures generated/\n\
             FROM {base}\n\
             COPY --from=generator /generator/generated/ /usr/share/nginx/html/\n\
             EXPOSE 80\n"
        ),
    );
    application.git.commit("Generate the site");
    application.git.tag("v1.0.0");
    let plimsoll = &application
        .plimsoll
        .command(&["release", "--format", "json"])
        .env("DOCKER_HOST", engine.host())
        .output();
    let output = plimsoll.as_ref().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");

    // Everything after the build is the same: tags, digest, both environments.
    let inspected = inspect_layout(&application, "v1.0.0");
    assert_eq!(inspected["Digest"], report["digest"]);
    assert_eq!(inspected["Labels"]["org.opencontainers.image.version"], "1.0.0");
    assert_eq!(application.running("production").as_deref(), report["digest"].as_str());

    let layout = application.git.path().join(".plimsoll/images/website");
    engine.load(&layout, "v1.0.0", "generated:test");
    let container = engine.serve("generated:test", 80);
    assert_eq!(container.get("/index.html").body, b"<h1>Ahoy</h1>\n");
    assert_eq!(container.get("/pictures/03.svg").body, application.site.file("pictures/03.svg"));
}
