//! The story of a web site whose clusters follow a repository: Plimsoll commits the digest there, over HTTP, while others push
//! too, and an agent brings it to the cluster.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use plimsoll_support::{Application, ControlPlane, GitServer, Requirement, environment, require};
use serde_json::{Value, json};

const KUSTOMIZATION: &str =
    "resources: [../base] # all\nimages:\n  - name: website # ours\n    newTag: dev\n";

/// The site with these targets.
fn site(staging: &str, production: &str) -> Application {
    let application = Application::self_contained();
    for (name, target) in [("staging", staging), ("production", production)] {
        let directory = format!("{{ kind = \"directory\", path = \"deploy/{name}\", manifests = \"k8s/\" }}");
        application.rule(&directory, target);
    }
    application
}

/// Commits the changes as a version and releases it.
fn version(application: &Application, version: &str) -> Value {
    application.change(version);
    application.git.tag(version);
    application.release()
}

fn digest(report: &Value) -> &str {
    report["digest"].as_str().expect("it was built")
}

/// Lets git have the server's password from a credential helper: that is git's own business.
fn give_password(application: &Application, address: SocketAddr) {
    let home = application.plimsoll.home();
    let password = GitServer::PASSWORD;
    let files = [
        (".gitconfig", "[credential]\n\thelper = store\n".to_owned()),
        (".git-credentials", format!("http://plimsoll:{password}@{address}\n")),
    ];
    for (name, text) in files {
        std::fs::write(home.join(name), text).expect("the home folder is there");
    }
}

/// Somebody else writes a file of the repository.
fn write_by_hand(server: &GitServer, path: &str, text: &str) {
    server.work(&["pull", "--quiet", "origin", "main"]);
    std::fs::write(server.folder().join("work").join(path), text).expect("the clone is there");
    server.work(&["commit", "--quiet", "--all", "--message=By hand"]);
    server.work(&["push", "--quiet", "origin", "HEAD:main"]);
}

/// What is not in staging as it was deployed.
fn drift(application: &Application) -> String {
    let status = application.run(&["status", "--format", "json"]).code(0).json();
    environment(&status, "staging")["drift"].to_string()
}

#[test]
fn a_web_site_goes_its_way_through_a_repository() {
    require!(Requirement::Git);
    let manifest = "kind: Pod\nspec:\n  containers:\n  - image: website:dev # ours\n    name: web\n";
    let server =
        GitServer::with(&[("staging/web.yaml", manifest), ("production/kustomization.yaml", KUSTOMIZATION)]);
    let address = server.serve();
    let common = format!(
        "kind = \"gitops\", repository = \"http://{address}/deploy.git\", author = \"Plimsoll <plimsoll@example.com>\""
    );
    let application = site(
        &format!("{{ {common}, path = \"staging\" }}"),
        &format!("{{ {common}, path = \"production\", write = \"kustomization\" }}"),
    );
    give_password(&application, address);

    // Somebody else pushes at the same moment, twice: nobody's work is lost.
    server.compete(2);
    let first = application.release();
    let staged = manifest.replace(":dev", &format!("@{}", digest(&first)));
    assert_eq!(server.file("main", "staging/web.yaml"), staged);
    assert_eq!(server.file("main", "production/kustomization.yaml"), KUSTOMIZATION);
    assert_eq!(server.file("main", "other-1.txt") + &server.file("main", "other-2.txt"), "other\nother\n");
    assert_eq!(server.commits("main"), 4);

    // A plan shows what would be committed, and commits nothing.
    application.change("Version one");
    application.git.tag("v1.0.0");
    let plan = application.run(&["plan"]).code(0).stdout;
    for line in [
        format!("-  - image: website@{} # ours", digest(&first)),
        "+  - image: website@sha256:<known once the image is built> # ours".to_owned(),
        "-    newTag: dev".to_owned(),
    ] {
        assert!(plan.lines().any(|shown| shown.trim() == line), "{line}:\n{plan}");
    }
    assert_eq!(server.commits("main"), 4);

    // A version goes to both, with the same digest, and each commit says why.
    let second = application.release();
    assert!(server.file("main", "staging/web.yaml").contains(digest(&second)));
    let production = format!("    digest: {}", digest(&second));
    assert!(server.file("main", "production/kustomization.yaml").lines().any(|line| line == production));
    let message = server.git(&["log", "-1", "--format=%an%n%s%n%(trailers)", "main"]);
    for line in [
        "Plimsoll",
        "Deploy website 1.0.0 to production",
        &format!("Plimsoll-Release: {}", second["release"].as_str().expect("it has an id")),
        "Plimsoll-Version: 1.0.0",
        &format!("Plimsoll-Digest: {}", digest(&second)),
    ] {
        assert!(message.lines().any(|said| said == line), "{line}: {message}");
    }
    // Released again, nothing is committed again.
    let commits = server.commits("main");
    let _ = application.release();
    assert_eq!(server.commits("main"), commits);

    // The way back is a commit, too.
    let third = version(&application, "v1.1.0");
    assert!(server.file("main", "production/kustomization.yaml").contains(digest(&third)));
    let _ = application.run(&["rollback", "production", "--reason", "slow", "--by", "ann"]).code(0);
    assert!(server.file("main", "production/kustomization.yaml").contains(digest(&second)));
    assert!(server.file("main", "staging/web.yaml").contains(digest(&third)));
    assert_eq!(drift(&application), "[]");

    write_by_hand(&server, "staging/web.yaml", manifest);
    let drift = drift(&application);
    assert!(drift.contains("website:dev"), "{drift}");

    let journal = application.run(&["journal", "export"]).code(0).stdout;
    assert!(!journal.contains(GitServer::PASSWORD));
    let _ = application.run(&["journal", "verify"]).code(0);
}

/// Plays the agent in the cluster until it is told to end: applies what the branch holds, as Argo CD does. Of the images
/// that come by, the third does not start.
fn follow(server: &GitServer, cluster: &ControlPlane, end: &AtomicBool) {
    let mut images: Vec<String> = Vec::new();
    let mut applied = String::new();
    while !end.load(Ordering::Relaxed) {
        let head = server.git(&["rev-parse", "main"]);
        if head != applied {
            let mut manifest = server.file("main", "website/deployment.yaml");
            let image =
                manifest.lines().find(|line| line.contains("image: ")).expect("it has one").to_owned();
            let known = images.iter().position(|known| *known == image);
            let number = known.unwrap_or_else(|| {
                images.push(image);
                images.len() - 1
            });
            if number == 2 {
                let labels = "      labels: { app: website";
                manifest = manifest.replace(labels, &format!("{labels}, plimsoll.test/fail: never-ready"));
            }
            cluster.kubectl_apply(&manifest);
            applied = head;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_release_waits_for_the_cluster_that_follows() {
    require!(Requirement::Git, Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = cluster.namespace("followed");
    let manifest = Application::self_contained().read("k8s/deployment.yaml").replace(
        "  name: website\nspec:\n",
        &format!("  name: website\n  namespace: {namespace}\nspec:\n  progressDeadlineSeconds: 5\n"),
    );
    let server = GitServer::with(&[("website/deployment.yaml", &manifest)]);
    let application = site(
        &format!(
            "{{ kind = \"gitops\", repository = \"{}\", path = \"website\", author = \"Plimsoll <plimsoll@example.com>\", wait = {{ kubeconfig = \"{}\", namespace = \"{namespace}\", timeout = \"90s\" }} }}",
            server.bare().display(),
            cluster.kubeconfig().display()
        ),
        "{ kind = \"directory\", path = \"deploy/production\", manifests = \"k8s/\" }",
    );
    let end = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| follow(&server, cluster, &end));
        let _ends = Ends(&end);

        // The release is done when the cluster runs it, and only then goes on.
        let first = version(&application, "v1.0.0");
        assert_eq!(cluster.running(&namespace).as_deref(), Some(digest(&first)));
        assert_eq!(application.running("production").as_deref(), Some(digest(&first)));

        // What does not come up is taken back, and goes no further.
        application.change("Broken");
        application.git.tag("v1.1.0");
        let failed = application.run(&["release", "--format", "json"]).code(2).json();
        let staging = environment(&failed, "staging");
        assert_eq!(staging["aftermath"], "rolled-back", "{failed}");
        let said = staging["error"].as_str().expect("it says why");
        assert!(said.contains("Deployment website was given up"), "{said}");
        let subject = server.git(&["log", "-1", "--format=%s", "main"]);
        assert!(subject.starts_with("Roll back website in staging"), "{subject}");
        assert_eq!(cluster.running(&namespace).as_deref(), Some(digest(&first)));
        assert_eq!(application.running("production").as_deref(), Some(digest(&first)));
        let status = application.run(&["status", "--format", "json"]).code(0).json();
        let now = environment(&status, "staging");
        assert_eq!((&now["release"], &now["drift"]), (&first["release"], &json!([])), "{now}");
    });
}

/// Ends the agent with the test, however it ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
