//! The story of a web site, from the first push to a version in production, on a real registry with a real nginx base
//! image. Read it as documentation: these are the rules that the stock policies keep.

use plimsoll_support::{Application, DebianRegistry, NginxBase, Requirement, environment, require, skopeo};

#[test]
fn a_web_site_goes_its_way() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Skopeo, Requirement::NginxBase);
    let registry = DebianRegistry::start();
    let base = NginxBase::get().push(&registry);
    let website = registry.reference("contoso/website");
    let application = Application::create(&base, &website);
    let digest_of = |tag: &str| registry.digest("contoso/website", tag);

    // A push to main builds the image, moves `latest` to it and deploys it to staging. Production stays empty.
    let first = application.release();
    assert_eq!(first["tags"], serde_json::json!([format!("{website}:latest")]));
    assert_eq!(first["version"], serde_json::Value::Null);
    assert_eq!(environment(&first, "staging")["verdict"], "allow");
    assert_eq!(environment(&first, "production")["verdict"], "deny");
    assert_eq!(application.running("staging").as_deref(), first["digest"].as_str());
    assert_eq!(application.running("production"), None);

    // Another implementation sees what we say: the registry's own API, and skopeo.
    assert_eq!(digest_of("latest").as_deref(), first["digest"].as_str());
    let inspected =
        skopeo(&["inspect", "--tls-verify=false", &format!("docker://{website}:latest")]).success();
    let inspected: serde_json::Value = serde_json::from_slice(&inspected.stdout).expect("skopeo prints JSON");
    assert_eq!(inspected["Digest"], first["digest"]);
    assert_eq!(inspected["Labels"]["org.opencontainers.image.revision"], application.git.head());

    // A push that carries `v1.0.0` gives the image that tag too, and the very digest that staging runs goes to production.
    application.change("Version one");
    application.git.tag("v1.0.0");
    let second = application.release();
    assert_eq!(second["version"], "1.0.0");
    assert_ne!(second["digest"], first["digest"]);
    for place in [
        digest_of("v1.0.0"),
        digest_of("latest"),
        application.running("staging"),
        application.running("production"),
    ] {
        assert_eq!(place.as_deref(), second["digest"].as_str());
    }

    // `v*` matches a pre-release too, but the policy demands strict semantic versioning without one: staging only.
    application.change("A candidate");
    application.git.tag("v1.1.0-rc.1");
    let third = application.release();
    assert_eq!(environment(&third, "staging")["deployed"], true);
    assert_eq!(environment(&third, "production")["verdict"], "deny");
    assert_eq!(application.running("production").as_deref(), second["digest"].as_str());

    // So does a tag that only looks like a version: it never becomes an image tag.
    application.change("Not a version");
    application.git.tag("v1.2.3.4");
    let fourth = application.release();
    assert_eq!(fourth["version"], serde_json::Value::Null);
    assert_eq!(digest_of("v1.2.3.4"), None);
    assert_eq!(environment(&fourth, "production")["deployed"], false);

    // The next version takes both environments along, and the journal holds all of it.
    application.change("Version one point one");
    application.git.tag("v1.1.0");
    let fifth = application.release();
    assert_eq!(application.running("staging"), application.running("production"));
    assert_eq!(application.running("production").as_deref(), fifth["digest"].as_str());
    assert_eq!(digest_of("v1.0.0").as_deref(), second["digest"].as_str(), "a version tag never moves");
    let _ = application.run(&["journal", "verify"]).code(0);
}

#[test]
fn swapping_a_policy_changes_the_rules_without_touching_the_host() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let rules = application.read("plimsoll.toml");
    let anyone = rules.replace(r#""stock:version-gate", settings = { pattern = "v*" }"#, r#""stock:always""#);
    assert_ne!(rules, anyone);
    application.git.write("plimsoll.toml", anyone);
    application.git.commit("Let everything into production");
    let report = application.release();
    assert_eq!(environment(&report, "production")["deployed"], true);
    assert_eq!(application.running("production").as_deref(), report["digest"].as_str());
}

#[test]
fn a_version_tag_is_never_moved_to_another_image() {
    require!(Requirement::Git, Requirement::Registry);
    let registry = DebianRegistry::start();
    let website = registry.reference("contoso/website");
    let application = Application::create("scratch", &website);
    application.git.tag("v1.0.0");
    let first = application.release();
    let before = registry.digest("contoso/website", "v1.0.0");
    assert_eq!(before.as_deref(), first["digest"].as_str());

    // Somebody moves the git tag to another commit.
    application.change("Something else");
    let _ = application.git.git(&["tag", "--force", "v1.0.0"]);
    let second = application.run(&["release", "--format", "json"]).code(2).json();
    assert_eq!(second["standing"], "failed");
    assert!(second["failure"]["message"].as_str().is_some_and(|text| text.contains("v1.0.0")), "{second}");
    assert_eq!(registry.digest("contoso/website", "v1.0.0"), before);
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());
}

#[test]
fn an_older_commit_released_late_goes_nowhere() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let old = application.git.head();
    application.change("Newer");
    let newer = application.release();
    application.git.detach(&old);
    let late = application.run(&["release", "--format", "json", "--ref", "refs/heads/main"]).code(0).json();
    assert_eq!(environment(&late, "staging")["deployed"], false);
    assert_eq!(environment(&late, "staging")["findings"][0]["rule"], "host:order");
    assert_eq!(application.running("staging").as_deref(), newer["digest"].as_str());
}

#[test]
fn a_version_that_was_overtaken_in_staging_is_over() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let old = application.git.head();
    application.git.tag("v1.0.0");
    application.change("Newer");
    let newer = application.release();
    application.git.detach(&old);
    let late = application.run(&["release", "--format", "json", "--ref", "refs/heads/main"]).code(0).json();
    assert_eq!(late["standing"], "done");
    assert_eq!(environment(&late, "production")["verdict"], "deny");
    assert_eq!(environment(&late, "production")["findings"][0]["rule"], "host:after");
    assert_eq!(application.running("staging").as_deref(), newer["digest"].as_str());
}
