//! The example site: its pages are whole, and it goes from a repository to a page that a server sends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use plimsoll_support::{
    DebianRegistry, DockerEngine, GitRepository, NginxBase, Plimsoll, Requirement, require,
};

/// The folder of the example.
fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/contoso-website")
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the checkout");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The values of `href` and `src` in a page.
fn links(page: &str) -> Vec<&str> {
    let after = |name| page.split(name).skip(1).filter_map(|rest: &str| rest.split('"').next());
    after(" href=\"").chain(after(" src=\"")).collect()
}

#[test]
fn every_link_of_the_site_leads_somewhere() {
    let site = example().join("site");
    let mut seen = 0;
    for page in files(&site).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "html")) {
        let text = fs::read_to_string(&page).expect("a page is text");
        assert!(text.contains("<html lang=\"en\">"), "{} names no language", page.display());
        for link in links(&text).into_iter().filter(|link| !link.starts_with('#')) {
            let target = site.join(link.trim_start_matches('/'));
            assert!(target.is_file(), "{}: nothing is at {link}", page.display());
            seen += 1;
        }
        for picture in text.split("<img ").skip(1) {
            let tag = picture.split('>').next().unwrap_or_default();
            assert!(tag.contains("alt="), "{}: a picture has no text: {tag}", page.display());
        }
    }
    assert!(seen > 50, "only {seen} links were found");
}

/// A copy of the example in a git repository, whose base image comes from somewhere else.
fn repository(base: &str) -> GitRepository {
    let repository = GitRepository::create();
    for file in files(&example()) {
        let name = file.strip_prefix(example()).expect("it is below the folder").display().to_string();
        repository.write(&name, fs::read(&file).expect("the file can be read"));
    }
    let rules = fs::read_to_string(example().join("plimsoll.toml")).expect("the rules are text");
    let mirrored =
        rules.replace("[image]\n", &format!("[image]\nbuild-arguments = {{ BASE = \"{base}\" }}\n"));
    assert_ne!(mirrored, rules);
    repository.write("plimsoll.toml", mirrored);
    let _ = repository.commit("Open the quay");
    repository
}

#[test]
fn the_example_is_released_and_serves_its_pages() {
    require!(
        Requirement::Git,
        Requirement::Registry,
        Requirement::Skopeo,
        Requirement::NginxBase,
        Requirement::Docker
    );
    let registry = DebianRegistry::start();
    let repository = repository(&NginxBase::get().push(&registry));
    repository.tag("v1.0.0");
    let plimsoll = Plimsoll::in_folder(repository.path());
    let report = plimsoll.run(&["release", "--format", "json"]).code(0).json();
    let environments = report["environments"].as_array().expect("a report lists its environments");
    let deployed: Vec<bool> = environments.iter().map(|row| row["deployed"] == true).collect();
    assert_eq!(deployed, [true, true], "{report:#}");

    let digest = report["digest"].as_str().expect("a release has a digest");
    for environment in ["staging", "production"] {
        let file = repository.path().join(format!("deploy/{environment}/current/manifests/deployment.yaml"));
        let manifest = fs::read_to_string(file).expect("the manifests were rendered");
        assert!(manifest.contains(digest), "{manifest}");
    }

    let engine = DockerEngine::shared();
    let name = "plimsoll-example:v1.0.0";
    engine.load(&repository.path().join(".plimsoll/images/website"), "v1.0.0", name);
    let container = engine.serve(name, 80);
    for page in ["index.html", "ships/petrel.html", "img/harbour.svg", "css/base.css"] {
        let sent = container.get(&format!("/{page}"));
        let written = fs::read(example().join("site").join(page)).expect("the file can be read");
        assert!(sent.status == 200 && sent.body == written, "{page} is not what was written");
    }
    assert_eq!(container.get("/healthz").body, b"sailing\n");
    let missing = container.get("/no-such-page");
    assert_eq!(missing.status, 404);
    assert!(String::from_utf8_lossy(&missing.body).contains("Not on the chart"));
    drop(container);
    let _ = engine.docker(&["rmi", "--force", name]);
}
