//! Whole releases to registries as users have them: what the surroundings say of credentials, certificates and proxies.

use std::{fs, path::Path};

use plimsoll_support::{
    Access, Application, AzureStandIn, Certificate, DebianRegistry, PASSWORD, Proxy, Ran, Requirement, USER,
    require,
};

/// The application with variables more, set one after the other.
fn with(mut application: Application, variables: &[(&str, &str)]) -> Application {
    for (name, value) in variables {
        application.plimsoll = application.plimsoll.environment(name, *value);
    }
    application
}

fn authority(path: &Path) -> String {
    format!("[registries]\ncertificate-authorities = [\"{}\"]\n", path.display())
}

#[track_caller]
fn shows_none_of(ran: &Ran, secrets: &[&str]) {
    for secret in secrets {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "`{secret}` was shown");
    }
}

#[test]
fn a_github_workflow_releases_to_azure_without_a_password() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Openssl);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (certificate, registry) = (Certificate::make(folder.path()), DebianRegistry::start());
    let azure = AzureStandIn::start(&certificate, registry.address());
    let more = format!(
        "{}\n[[registries.hosts]]\nhost = \"{}\"\nazure = {{ tenant = \"{}\" }}\n",
        authority(certificate.authority()),
        azure.host(),
        AzureStandIn::TENANT
    );
    let application = Application::with_rules("scratch", &format!("{}/contoso/website", azure.host()), &more);
    let refused = application.run(&["release"]).code(2);
    assert!(refused.stderr.contains("id-token: write"), "{}", refused.stderr);

    let (request_url, azure_authority) = (azure.request_url(), azure.authority());
    let application = with(
        application,
        &[
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &request_url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", AzureStandIn::REQUEST_TOKEN),
            ("AZURE_CLIENT_ID", AzureStandIn::CLIENT),
            ("AZURE_AUTHORITY_HOST", &azure_authority),
        ],
    );
    let released = application.run(&["resume"]).code(0);
    shows_none_of(&released, &["secret-", AzureStandIn::REQUEST_TOKEN]);
    assert!(application.running("staging").is_some());
    assert_eq!(
        registry.tags("contoso/website").len(),
        application.release()["tags"].as_array().map_or(0, Vec::len)
    );
}

#[test]
fn the_workflow_token_goes_to_no_other_registry() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Openssl);
    let registry = DebianRegistry::with_access(Access::Password);
    let path = registry.certificate_authority().expect("it speaks TLS");
    let application =
        Application::with_rules("scratch", &registry.reference("contoso/website"), &authority(path));
    // It would be right, were it asked for.
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", USER), ("GITHUB_TOKEN", PASSWORD)];
    let application = with(application, &variables);
    let refused = application.run(&["release"]).code(2);
    assert!(refused.stderr.contains("no Docker configuration file to look in"), "{}", refused.stderr);
    shows_none_of(&refused, &[PASSWORD]);
}

#[test]
fn podmans_file_is_looked_into() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Openssl);
    let registry = DebianRegistry::with_access(Access::Password);
    let path = registry.certificate_authority().expect("it speaks TLS");
    let application =
        Application::with_rules("scratch", &registry.reference("contoso/website"), &authority(path));
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("containers")).expect("writable");
    let file = folder.path().join("containers/auth.json");
    fs::write(file, registry.docker_configuration(USER, PASSWORD)).expect("writable");
    let application = with(application, &[("XDG_RUNTIME_DIR", &folder.path().display().to_string())]);
    let _ = application.run(&["release"]).code(0);
    assert!(application.running("staging").is_some());
}

#[test]
fn a_release_goes_through_the_proxy_that_the_surroundings_name() {
    require!(Requirement::Git, Requirement::Registry, Requirement::Openssl);
    let registry = DebianRegistry::with_access(Access::Tls);
    let proxy = Proxy::start(registry.address(), Some("me:through-the-wall"));
    let path = registry.certificate_authority().expect("it speaks TLS");
    let application =
        Application::with_rules("scratch", "registry.test:5443/contoso/website", &authority(path));
    let address = format!("http://me:through-the-wall@{}", proxy.address());
    let application = with(application, &[("HTTPS_PROXY", &address)]);
    let released = application.run(&["release"]).code(0);
    shows_none_of(&released, &["through-the-wall"]);
    let seen = proxy.seen();
    assert!(
        !seen.is_empty() && seen.iter().all(|line| line.starts_with("CONNECT registry.test:5443 ")),
        "{seen:?}"
    );
}
