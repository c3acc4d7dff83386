//! Ways into a cluster.

use std::{fs, os::unix::fs::PermissionsExt as _};

use plimsoll_deploy::Impersonation;
use plimsoll_support::{Requirement, require};

use crate::site::{Site, image};

#[tokio::test]
async fn somebody_else_is_acted_as() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("as");
    site.options.access.impersonate =
        Some(Impersonation { user: "nobody".to_owned(), groups: vec!["guests".to_owned()] });
    let error = site.refused(1, None).await;
    assert!(error.contains("User \"nobody\""), "{error}");
    site.cluster.kubectl(&[
        "create",
        "rolebinding",
        "guests",
        "--clusterrole=admin",
        "--group=guests",
        "--namespace",
        &site.namespace,
    ]);
    site.deploy(1, None).await;
    assert_eq!(site.image(), image(1));
}

/// A kubeconfig whose user is asked for by a program, and that program.
fn with_program(site: &mut Site, script: &str) {
    let program = site.path("login.sh");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let kubeconfig = format!(
        "apiVersion: v1
kind: Config
current-context: programmed
clusters: [{{name: c, cluster: {{server: '{}', certificate-authority: '{}'}}}}]
contexts: [{{name: programmed, context: {{cluster: c, user: u, namespace: '{}'}}}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: '{}'
      args: [get-token]
      interactiveMode: Never
",
        site.cluster.server(),
        site.cluster.certificate_authority().display(),
        site.namespace,
        program.display(),
    );
    let path = site.path("kubeconfig");
    fs::write(&path, kubeconfig).unwrap();
    site.options.access.kubeconfig = Some(path);
    site.options.namespace = None;
}

#[tokio::test]
async fn a_program_gives_the_credentials() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("program");
    site.kubectl(&["create", "serviceaccount", "deployer"]);
    site.kubectl(&[
        "create",
        "rolebinding",
        "deployer",
        "--clusterrole=admin",
        &format!("--serviceaccount={}:deployer", site.namespace),
    ]);
    let token = site.kubectl(&["create", "token", "deployer"]);
    let token = token.trim();
    with_program(
        &mut site,
        &format!(
            "#!/bin/sh\n[ \"$1\" = get-token ] && echo '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {{\"token\": \"{token}\"}}}}'\n"
        ),
    );
    // Its namespace is the context's.
    site.deploy(1, None).await;
    assert_eq!(site.image(), image(1));

    with_program(&mut site, "#!/bin/sh\necho 'please log in first' >&2\nexit 3\n");
    let error = site.refused(1, None).await;
    assert!(
        error.contains("please log in first")
            && error.contains("login.sh")
            && error.contains("exit status: 3"),
        "{error}"
    );
    with_program(
        &mut site,
        "#!/bin/sh\necho '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {\"token\": \"wrong\"}}'\n",
    );
    let error = site.refused(1, None).await;
    assert!(
        error.contains("does not accept the credentials")
            && error.contains(site.cluster.server().trim_end_matches('/')),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_the_way_in_is_said() {
    require!(Requirement::Cluster);
    let mut site = Site::with_web("way");
    site.options.access.context = Some("no-such-context".to_owned());
    let error = site.refused(1, None).await;
    assert!(error.contains("no-such-context") && error.contains("get-contexts"), "{error}");
    site.options.access.context = None;
    site.options.access.kubeconfig = Some(site.path("missing"));
    let error = site.refused(1, None).await;
    assert!(error.contains("missing"), "{error}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{{name: a, cluster: {{server: 'http://{address}'}}}}]\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\nusers: [{{name: a, user: {{}}}}]\n"
    );
    fs::write(site.path("kubeconfig"), kubeconfig).unwrap();
    site.options.access.kubeconfig = Some(site.path("kubeconfig"));
    let error = site.refused(1, None).await;
    assert!(error.contains("cannot be reached") && error.contains(&address.to_string()), "{error}");
}
