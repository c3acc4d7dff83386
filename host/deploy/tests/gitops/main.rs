//! The GitOps target with real git, over the file system and over HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;

use std::{fs, path::PathBuf, time::Duration};

use plimsoll_core::{
    digest::Digest,
    names::ReleaseId,
    ports::{Aftermath, Deployed, Deployment, FailureClass, Observation, Previous, Silent, Target},
};
use plimsoll_deploy::{ClusterAccess, GitOpsError, GitOpsOptions, GitOpsTarget, GitOpsWait, GitOpsWrite};
use plimsoll_support::GitServer;

const POD: &str =
    "# The site\nkind: Pod\nspec:\n  containers:\n  - image: contoso/website:dev # ours\n    name: web\n";
const KUSTOMIZATION: &str =
    "resources: [web.yaml] # all\nimages:\n  - name: contoso/website\n    newTag: dev # ours\n";
const VALUES: &str =
    "# Site\nweb:\n  image:\n    repository: contoso/website\n    tag: dev # version\n    digest: ''\n";

fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

fn deployment(number: u8) -> Deployment {
    Deployment {
        release: ReleaseId::new(format!("r-{number:012x}")).unwrap(),
        repository: "contoso/website".parse().unwrap(),
        digest: digest(number),
        version: Some(format!("1.0.{number}")),
        previous: None,
    }
}

fn site() -> GitServer {
    GitServer::with(&[
        ("apps/site/web.yaml", POD),
        ("apps/site/service.yaml", "kind: Service\n"),
        ("apps/.hidden/no.yaml", POD),
        ("overlay/kustomization.yaml", KUSTOMIZATION),
        ("chart/values.yaml", VALUES),
        ("README.md", "no manifest"),
    ])
}

fn options(remote: &GitServer) -> GitOpsOptions {
    GitOpsOptions {
        environment: "production".parse().unwrap(),
        repository: remote.bare().display().to_string(),
        branch: "main".to_owned(),
        path: "apps".into(),
        write: GitOpsWrite::Manifests,
        pull_request: None,
        author: Some("Plimsoll <plimsoll@example.com>".to_owned()),
        checkout: remote.folder().join("checkout"),
        wait: None,
    }
}

async fn deploy(options: &GitOpsOptions, number: u8) -> Deployed {
    let deployed = GitOpsTarget::new(options.clone()).deploy(&deployment(number), &Silent).await;
    deployed.unwrap_or_else(|failure| panic!("{failure}"))
}

/// The error of a deployment that is refused, which nothing was changed by.
async fn refused(options: &GitOpsOptions) -> (GitOpsError, String) {
    let failure = GitOpsTarget::new(options.clone()).deploy(&deployment(1), &Silent).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::Unchanged);
    let text = failure.to_string();
    assert!(failure.failure.hint.is_some() && !text.contains(GitServer::PASSWORD), "{text}");
    (*failure.failure.error.downcast::<GitOpsError>().unwrap_or_else(|error| panic!("{error}")), text)
}

async fn observe(options: &GitOpsOptions, number: u8) -> Observation {
    GitOpsTarget::new(options.clone()).observe(&deployment(number)).await.unwrap()
}

#[tokio::test]
async fn manifests_get_the_digest_and_the_commit_says_why() {
    let remote = site();
    let deployed = deploy(&options(&remote), 1).await;
    assert!(deployed.healthy);
    let head = remote.git(&["rev-parse", "main"]);
    assert_eq!(
        deployed.location,
        format!("{}, branch main, commit {}", remote.bare().display(), &head[..12])
    );
    assert_eq!(remote.file("main", "apps/site/web.yaml"), POD.replace(":dev", &format!("@{}", digest(1))));
    assert_eq!(remote.file("main", "apps/.hidden/no.yaml"), POD);
    assert_eq!(remote.git(&["diff", "--name-only", "main~", "main"]), "apps/site/web.yaml\n");
    let message = remote.git(&["log", "-1", "--format=%an <%ae> %cn%n%s%n%(trailers)", "main"]);
    assert_eq!(
        message.trim(),
        format!(
            "Plimsoll <plimsoll@example.com> Plimsoll\nDeploy website 1.0.1 to production\nPlimsoll-Release: r-000000000001\n\
             Plimsoll-Environment: production\nPlimsoll-Version: 1.0.1\nPlimsoll-Digest: {}\nPlimsoll-Replaces: contoso/website:dev",
            digest(1)
        )
    );
}

#[tokio::test]
async fn a_kustomization_and_values_get_it_too() {
    let remote = site();
    let kustomization =
        GitOpsOptions { path: "overlay".into(), write: GitOpsWrite::Kustomization, ..options(&remote) };
    deploy(&kustomization, 1).await;
    let expected = KUSTOMIZATION.replace("newTag: dev", &format!("digest: {}", digest(1)));
    assert_eq!(remote.file("main", "overlay/kustomization.yaml"), expected);

    let write = GitOpsWrite::Values { path: "web.image".to_owned() };
    let values = GitOpsOptions { path: "./chart/values.yaml".into(), write, ..options(&remote) };
    deploy(&values, 1).await;
    let expected = VALUES.replace("tag: dev", "tag: \"1.0.1\"").replace("''", &format!("'{}'", digest(1)));
    assert_eq!(remote.file("main", "chart/values.yaml"), expected);
    assert_eq!(remote.commits("main"), 3);
}

#[tokio::test]
async fn a_host_that_died_after_its_push_finds_its_commit() {
    let remote = site();
    let first = deploy(&options(&remote), 1).await;
    assert_eq!(deploy(&options(&remote), 1).await, first);
    let elsewhere = GitOpsOptions { checkout: remote.folder().join("another"), ..options(&remote) };
    assert_eq!(deploy(&elsewhere, 1).await, first);
    assert_eq!(remote.commits("main"), 2);
}

#[tokio::test]
async fn who_is_faster_loses_nothing() {
    let remote = site();
    remote.compete(3);
    deploy(&options(&remote), 1).await;
    assert_eq!(remote.file("main", "apps/site/web.yaml"), POD.replace(":dev", &format!("@{}", digest(1))));
    for number in 1..=3 {
        assert_eq!(remote.file("main", &format!("other-{number}.txt")), "other\n");
    }
    assert_eq!(remote.commits("main"), 5);
}

#[tokio::test]
async fn two_hosts_at_once_both_get_through() {
    let remote = site();
    let write = GitOpsWrite::Values { path: "web.image".to_owned() };
    let values = GitOpsOptions { path: "chart/values.yaml".into(), write, ..options(&remote) };
    let elsewhere = GitOpsOptions { checkout: remote.folder().join("another"), ..options(&remote) };
    let same_folder =
        GitOpsOptions { path: "overlay".into(), write: GitOpsWrite::Kustomization, ..options(&remote) };
    tokio::join!(deploy(&values, 1), deploy(&elsewhere, 1), deploy(&same_folder, 1));
    assert_eq!(remote.commits("main"), 4);
}

#[tokio::test]
async fn the_last_deployment_wins_and_says_over_what() {
    let remote = site();
    deploy(&options(&remote), 1).await;
    deploy(&options(&remote), 2).await;
    let replaces = remote.git(&["log", "-1", "--format=%(trailers:key=Plimsoll-Replaces,valueonly)", "main"]);
    assert_eq!(replaces.trim(), format!("contoso/website@{}", digest(1)));
    assert_eq!(observe(&options(&remote), 2).await, Observation::default());
    let drift = format!("the branch main holds contoso/website@{}", digest(2));
    assert_eq!(observe(&options(&remote), 1).await, Observation { unhealthy: vec![], drift: vec![drift] });
}

#[tokio::test]
async fn a_preview_is_the_difference_and_changes_nothing() {
    let remote = site();
    let target = GitOpsTarget::new(options(&remote));
    let repository = "contoso/website".parse().unwrap();
    let shown = target.preview(&repository, Some(&digest(1))).await.unwrap();
    assert!(shown.contains("--- apps/site/web.yaml\n+++ apps/site/web.yaml\n"), "{shown}");
    assert!(shown.contains(&format!(
        "-  - image: contoso/website:dev # ours\n+  - image: contoso/website@{} # ours\n",
        digest(1)
    )));
    assert!(target.preview(&repository, None).await.unwrap().contains("known once the image is built"));
    assert_eq!(remote.commits("main"), 1);
    deploy(&options(&remote), 1).await;
    assert_eq!(target.preview(&repository, Some(&digest(1))).await.unwrap(), "");
}

#[tokio::test]
async fn a_pull_request_has_a_branch_of_its_own() {
    let remote = site();
    let options =
        GitOpsOptions { pull_request: Some("plimsoll/{environment}".to_owned()), ..options(&remote) };
    let first = deploy(&options, 1).await;
    assert!(
        !first.healthy && first.location.contains("branch plimsoll/production, commit "),
        "{}",
        first.location
    );
    assert_eq!(deploy(&options, 1).await, first, "it is there already");
    let seen = observe(&options, 1).await;
    let waits =
        "the branch main holds contoso/website:dev; the branch plimsoll/production waits to be merged";
    assert_eq!(seen, Observation { unhealthy: vec![waits.to_owned()], drift: vec![] });

    // The next release takes the branch over, one commit on top of its base.
    deploy(&options, 2).await;
    assert_eq!(remote.commits("plimsoll/production"), 2);
    assert_eq!(remote.commits("main"), 1);
    remote.git(&["update-ref", "refs/heads/main", "plimsoll/production"]);
    let merged = deploy(&options, 2).await;
    assert!(merged.healthy && merged.location.contains("branch main"), "{}", merged.location);
    deploy(&options, 3).await;
    assert_eq!(remote.commits("plimsoll/production"), 3);
}

#[tokio::test]
async fn what_others_did_on_a_pull_request_is_not_lost() {
    let remote = site();
    let options =
        GitOpsOptions { pull_request: Some("next/{version}/{release}".to_owned()), ..options(&remote) };
    remote.work(&["commit", "--quiet", "--allow-empty", "--message=Mine"]);
    remote.work(&["push", "--quiet", "origin", "HEAD:next/1.0.1/r-000000000001"]);
    let (error, text) = refused(&options).await;
    assert!(matches!(error, GitOpsError::ForeignBranch { .. }), "{text}");
}

#[tokio::test]
async fn a_server_is_used_with_credentials_that_nobody_sees() {
    let remote = site();
    let address = remote.serve();
    let at = |user: &str| GitOpsOptions {
        repository: format!("http://{user}{address}/deploy.git"),
        ..options(&remote)
    };
    let password = GitServer::PASSWORD;
    let good = at(&format!("plimsoll:{password}@"));
    remote.compete(1);
    let deployed = deploy(&good, 1).await;
    assert!(
        deployed.location.starts_with(&format!("http://***@{address}/deploy.git, branch main")),
        "{}",
        deployed.location
    );
    assert_eq!(remote.commits("main"), 3);

    for wrong in ["", "plimsoll:wr0ng@"] {
        let (error, text) = refused(&at(wrong)).await;
        assert!(matches!(error, GitOpsError::Authentication { .. }) && !text.contains("wr0ng"), "{text}");
    }
    let nowhere =
        GitOpsOptions { repository: good.repository.replace("deploy.git", "none.git"), ..good.clone() };
    let (error, text) = refused(&nowhere).await;
    assert!(matches!(error, GitOpsError::NoRepository { .. }), "{text}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = GitOpsOptions { repository: format!("http://a:{password}@{closed}/deploy.git"), ..good };
    let (error, text) = refused(&away).await;
    assert!(matches!(error, GitOpsError::Unreachable { .. }), "{text}");
}

#[tokio::test]
async fn the_server_says_why_it_refuses() {
    let remote = site();
    remote.on_push("echo 'No releases on Fridays.' >&2; exit 1");
    let (error, text) = refused(&options(&remote)).await;
    assert!(
        matches!(error, GitOpsError::Refused { .. }) && text.contains("No releases on Fridays."),
        "{text}"
    );
    remote.on_push("echo 'GH006: Protected branch update failed.' >&2; exit 1");
    let (error, text) = refused(&options(&remote)).await;
    assert!(matches!(error, GitOpsError::Protected { .. }), "{text}");
    assert_eq!(remote.commits("main"), 1);
}

#[tokio::test]
async fn mistakes_in_the_target_are_named() {
    let remote = site();
    let good = options(&remote);
    let cases = [
        (GitOpsOptions { branch: "nope".to_owned(), ..good.clone() }, "has no branch `nope`"),
        (GitOpsOptions { path: "nowhere".into(), ..good.clone() }, "has no Kubernetes manifest at `nowhere`"),
        (GitOpsOptions { path: PathBuf::from("../x"), ..good.clone() }, "has to lie in the repository"),
        (GitOpsOptions { author: Some("Plimsoll".to_owned()), ..good.clone() }, "a name and an address"),
        (
            GitOpsOptions { pull_request: Some("main".to_owned()), ..good.clone() },
            "the branch that is followed",
        ),
        (GitOpsOptions { pull_request: Some("a b".to_owned()), ..good.clone() }, "no branch of this name"),
        (
            GitOpsOptions { write: GitOpsWrite::Kustomization, ..good.clone() },
            "has no kustomization.yaml at `apps`",
        ),
        (GitOpsOptions { repository: "/nowhere/x.git".to_owned(), ..good.clone() }, "there is no repository"),
    ];
    for (options, expected) in cases {
        let (_, text) = refused(&options).await;
        assert!(text.contains(expected), "{text}");
    }
    let other = GitOpsOptions { path: "apps/site/service.yaml".into(), ..good };
    let failure = GitOpsTarget::new(other).deploy(&deployment(1), &Silent).await.unwrap_err();
    assert_eq!(failure.failure.class, FailureClass::User);
    assert!(failure.to_string().contains("no container"), "{failure}");
}

#[tokio::test]
async fn a_damaged_or_foreign_clone_is_made_anew() {
    let remote = site();
    let clone = remote.folder().join("checkout/clone.git");
    fs::create_dir_all(&clone).unwrap();
    fs::write(clone.join("config"), "foreign").unwrap();
    deploy(&options(&remote), 1).await;
    fs::remove_dir_all(clone.join("objects")).unwrap();
    deploy(&options(&remote), 2).await;
    // A host that was killed left a lock of git's.
    fs::write(clone.join("shallow.lock"), "").unwrap();
    deploy(&options(&remote), 3).await;
    let other = site();
    let moved = GitOpsOptions { repository: other.bare().display().to_string(), ..options(&remote) };
    deploy(&moved, 1).await;
    assert_eq!((remote.commits("main"), other.commits("main")), (4, 2));
}

/// The site with a cluster that follows it, in which the image of one number breaks.
fn followed(broken: u8, timeout: Duration) -> (GitServer, GitOpsOptions) {
    let remote = site();
    let kubeconfig = cluster::follow(&remote.bare(), remote.folder(), digest(broken).to_string());
    let access = ClusterAccess { kubeconfig: Some(kubeconfig), ..ClusterAccess::default() };
    let wait = Some(GitOpsWait { access, namespace: None, timeout });
    let options = GitOpsOptions { wait, ..options(&remote) };
    (remote, options)
}

#[tokio::test]
async fn what_the_cluster_gives_up_is_taken_back() {
    let (remote, options) = followed(2, Duration::from_secs(60));
    assert!(deploy(&options, 1).await.healthy);
    assert_eq!(observe(&options, 1).await, Observation::default());

    let previous = Some(Previous { release: deployment(1).release, digest: digest(1) });
    let second = Deployment { previous, ..deployment(2) };
    let failure = GitOpsTarget::new(options.clone()).deploy(&second, &Silent).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::RolledBack);
    assert!(failure.to_string().contains("Deployment web was given up: too slow"), "{failure}");
    assert_eq!(remote.file("main", "apps/site/web.yaml"), POD.replace(":dev", &format!("@{}", digest(1))));
    let subject = remote.git(&["log", "-1", "--format=%s", "main"]);
    assert_eq!(subject.trim(), "Roll back website in production: r-000000000002 did not become healthy");
}

#[tokio::test]
async fn without_anything_before_a_failure_is_left() {
    let (remote, options) = followed(1, Duration::from_secs(60));
    let failure = GitOpsTarget::new(options).deploy(&deployment(1), &Silent).await.unwrap_err();
    assert_eq!(failure.aftermath, Aftermath::Left);
    assert_eq!(remote.commits("main"), 2);
}

#[tokio::test]
async fn a_pull_request_that_nobody_merges_is_no_failure() {
    let (remote, options) = followed(9, Duration::ZERO);
    let options = GitOpsOptions { pull_request: Some("plimsoll/{environment}".to_owned()), ..options };
    assert!(!deploy(&options, 1).await.healthy);
    remote.git(&["update-ref", "refs/heads/main", "plimsoll/production"]);
    assert!(deploy(&options, 1).await.healthy);
}
