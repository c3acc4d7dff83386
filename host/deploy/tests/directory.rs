//! The directory target on a real file system.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use plimsoll_core::{
    digest::Digest,
    names::ReleaseId,
    ports::{Deployment, FailureClass, PortFailure, Silent, Target},
};
use plimsoll_deploy::{DeployError, DirectoryOptions, DirectoryTarget};
use tempfile::TempDir;

const POD: &str = "# The site\nkind: Pod\nspec:\n  containers:\n  - image: contoso/website:dev\n";

/// An application with one manifest and a target.
struct Application {
    folder: TempDir,
    target: DirectoryTarget,
}

impl Application {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("k8s")).unwrap();
        fs::write(folder.path().join("k8s/web.yaml"), POD).unwrap();
        Self { target: target_in(folder.path()), folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn output(&self, below: &str) -> PathBuf {
        self.path("deploy/staging").join(below)
    }

    async fn deploy(&self, number: u8) -> Result<(), PortFailure> {
        let deployed = self.target.deploy(&deployment(number), &Silent).await;
        let deployed = deployed.map_err(|failure| failure.failure)?;
        assert!(deployed.healthy);
        assert_eq!(deployed.location, self.output("current").display().to_string());
        Ok(())
    }

    async fn refused(&self) -> String {
        let failure = self.deploy(1).await.unwrap_err();
        assert!(failure.error.downcast_ref::<DeployError>().is_some());
        assert!(failure.hint.is_some());
        failure.to_string()
    }
}

fn target_in(folder: &Path) -> DirectoryTarget {
    let options = DirectoryOptions { manifests: folder.join("k8s"), output: folder.join("deploy/staging") };
    DirectoryTarget::new(options)
}

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

/// The site's manifest as it is after a deployment.
fn web(number: u8) -> String {
    POD.replace(":dev", &format!("@{}", digest(number)))
}

/// Everything below a folder: paths with what links lead to, what files hold, and when they were written.
fn snapshot(folder: &Path) -> Vec<String> {
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        seen.push(format!(
            "{} {:?} {:?}",
            path.display(),
            fs::read_link(&path).ok(),
            metadata.modified().unwrap()
        ));
        if metadata.is_dir() {
            seen.extend(snapshot(&path));
        }
    }
    seen.sort();
    seen
}

#[tokio::test]
async fn readers_find_the_manifests_and_what_they_are() {
    let application = Application::new();
    fs::create_dir_all(application.path("k8s/more")).unwrap();
    fs::write(application.path("k8s/more/service.yml"), "kind: Service\n").unwrap();
    fs::write(application.path("k8s/more/map.json"), "{\"kind\": \"ConfigMap\"}").unwrap();
    fs::write(application.path("k8s/README.md"), "no manifest").unwrap();
    application.deploy(1).await.unwrap();
    let manifests = application.output("current/manifests");
    assert_eq!(fs::read_to_string(manifests.join("web.yaml")).unwrap(), web(1));
    assert_eq!(fs::read_to_string(manifests.join("more/service.yml")).unwrap(), "kind: Service\n");
    assert!(manifests.join("more/map.json").exists());
    assert!(!manifests.join("README.md").exists());
    let release: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(application.output("current/release.json")).unwrap())
            .unwrap();
    let expected = serde_json::json!({
        "release": "r-000000000001",
        "version": "1.0.1",
        "repository": "docker.io/contoso/website",
        "digest": digest(1).to_string(),
    });
    assert_eq!(release, expected);
}

#[tokio::test]
async fn the_same_deployment_again_changes_nothing() {
    let application = Application::new();
    application.deploy(1).await.unwrap();
    application.deploy(2).await.unwrap();
    let before = snapshot(&application.output(""));
    application.deploy(2).await.unwrap();
    assert_eq!(snapshot(&application.output("")), before);
}

#[tokio::test]
async fn the_one_before_is_kept_and_older_ones_are_removed() {
    let application = Application::new();
    for number in 1..=3 {
        application.deploy(number).await.unwrap();
    }
    let read = |link: &str| fs::read_to_string(application.output(link).join("manifests/web.yaml")).unwrap();
    assert_eq!((read("current"), read("previous")), (web(3), web(2)));
    assert_eq!(fs::read_dir(application.output("releases")).unwrap().count(), 2);
    // Back to the one before.
    application.deploy(2).await.unwrap();
    assert_eq!((read("current"), read("previous")), (web(2), web(3)));
}

#[tokio::test]
async fn what_a_killed_host_left_behind_is_removed() {
    let application = Application::new();
    application.deploy(1).await.unwrap();
    let unfinished = application.output("releases/.unfinished-abc/manifests");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("web.yaml"), "half").unwrap();
    symlink("releases/nowhere", application.output(".unfinished-current")).unwrap();
    // Killed after writing the new set, and after the first of both links.
    fs::create_dir_all(application.output("releases/r-000000000002-never")).unwrap();
    let current = fs::read_link(application.output("current")).unwrap();
    symlink(current, application.output("previous")).unwrap();
    application.deploy(2).await.unwrap();
    let read = |link: &str| fs::read_to_string(application.output(link).join("manifests/web.yaml")).unwrap();
    assert_eq!((read("current"), read("previous")), (web(2), web(1)));
    assert_eq!(fs::read_dir(application.output("releases")).unwrap().count(), 2);
    let mut names: Vec<_> =
        fs::read_dir(application.output("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["current", "previous", "releases"]);
}

#[tokio::test]
async fn what_others_put_beside_the_releases_stays_and_fails_nothing() {
    let application = Application::new();
    application.deploy(1).await.unwrap();
    let releases = application.output("releases");
    fs::write(releases.join(".DS_Store"), "").unwrap();
    fs::write(releases.join("r-00000000000a-file"), "").unwrap();
    fs::create_dir_all(releases.join("r-elsewhere")).unwrap();
    symlink(application.path("k8s"), releases.join("r-00000000000b-link")).unwrap();
    for number in 2..=4 {
        application.deploy(number).await.unwrap();
    }
    for name in [".DS_Store", "r-00000000000a-file", "r-elsewhere", "r-00000000000b-link"] {
        assert!(fs::symlink_metadata(releases.join(name)).is_ok(), "{name}");
    }
    assert_eq!(fs::read_dir(&releases).unwrap().count(), 4 + 2);
    assert!(application.path("k8s/web.yaml").is_file());
}

#[tokio::test]
async fn a_set_that_somebody_changed_is_put_right() {
    let application = Application::new();
    application.deploy(1).await.unwrap();
    let file = application.output("current/manifests/web.yaml");
    fs::write(&file, "kind: Pod\n").unwrap();
    application.deploy(1).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), web(1));
}

#[tokio::test]
async fn a_failure_leaves_what_was_current() {
    let application = Application::new();
    application.deploy(1).await.unwrap();
    let before = snapshot(&application.output(""));
    fs::write(application.path("k8s/broken.yaml"), "a: [").unwrap();
    let failure = application.deploy(2).await.unwrap_err();
    assert!(failure.to_string().contains("broken.yaml:"), "{failure}");
    assert_eq!(snapshot(&application.output("")), before);
}

#[tokio::test]
async fn manifests_that_do_not_name_the_repository_are_refused() {
    let application = Application::new();
    let pod = "kind: Pod\nspec: {containers: [{image: nginx:1}, {image: contoso/site}]}";
    fs::write(application.path("k8s/web.yaml"), pod).unwrap();
    let message = application.refused().await;
    assert!(message.contains("docker.io/contoso/website; what they run: contoso/site, nginx"), "{message}");
    fs::write(application.path("k8s/web.yaml"), "kind: Service").unwrap();
    assert!(application.refused().await.contains("there are no containers"));
    fs::remove_file(application.path("k8s/web.yaml")).unwrap();
    assert!(application.refused().await.contains("there are no manifests"));
    fs::remove_dir(application.path("k8s")).unwrap();
    assert!(application.refused().await.contains("cannot be read"));
}

#[tokio::test]
async fn links_do_not_lead_out_of_the_manifests() {
    let application = Application::new();
    fs::write(application.path("secret.yaml"), "kind: Secret").unwrap();
    symlink("web.yaml", application.path("k8s/alias.yaml")).unwrap();
    symlink(".", application.path("k8s/round")).unwrap();
    application.deploy(1).await.unwrap();
    assert_eq!(fs::read_to_string(application.output("current/manifests/alias.yaml")).unwrap(), web(1));
    assert!(!application.output("current/manifests/round").exists());
    for (link, target) in [("file.yaml", "../secret.yaml"), ("folder", "..")] {
        let link = application.path("k8s").join(link);
        symlink(target, &link).unwrap();
        let message = application.refused().await;
        assert!(message.contains("leads out"), "{message}");
        fs::remove_file(link).unwrap();
    }
}

#[tokio::test]
async fn something_else_in_the_way_is_left_alone() {
    let application = Application::new();
    fs::create_dir_all(application.output("current")).unwrap();
    let failure = application.deploy(1).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Configuration);
    assert!(failure.to_string().contains("in the way"), "{failure}");
    assert!(application.output("current").is_dir());
}

#[tokio::test]
async fn the_output_may_lie_inside_the_manifests() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("web.yaml"), POD).unwrap();
    let options = DirectoryOptions { manifests: folder.path().to_owned(), output: folder.path().join("out") };
    let target = DirectoryTarget::new(options);
    for number in [1, 2] {
        target.deploy(&deployment(number), &Silent).await.unwrap();
    }
    assert_eq!(fs::read_dir(folder.path().join("out/current/manifests")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_preview_shows_the_lines_that_change() {
    let application = Application::new();
    let preview = async |digest: Option<&Digest>| {
        application.target.preview(&deployment(1).repository, digest).await.unwrap()
    };
    let first = preview(Some(&digest(1))).await;
    assert!(first.contains("--- /dev/null\n+++ manifests/web.yaml\n"), "{first}");
    assert!(!application.output("").exists(), "a preview writes nothing");
    application.deploy(1).await.unwrap();
    assert_eq!(preview(Some(&digest(1))).await, "");
    let change = preview(Some(&digest(2))).await;
    let lines = [
        format!("-  - image: contoso/website@{}", digest(1)),
        format!("+  - image: contoso/website@{}", digest(2)),
    ];
    for line in lines {
        assert!(change.lines().any(|found| found == line), "{change}");
    }
    assert!(
        preview(None).await.contains("+  - image: contoso/website@sha256:<known once the image is built>")
    );
}

/// Tells the child which application to deploy.
const APPLICATION: &str = "DEPLOY_TEST_APPLICATION";

/// The other process: this test program again. It deploys until it is killed.
#[tokio::test]
#[ignore = "started by another test as a process of its own"]
async fn child() {
    let folder = env::var(APPLICATION).expect("this is no test by itself: it needs an application");
    let target = target_in(Path::new(&folder));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        for number in 1..=9 {
            target.deploy(&deployment(number), &Silent).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_host_killed_at_any_moment_leaves_one_whole_set() {
    let application = Application::new();
    application.deploy(1).await.unwrap();
    for round in 0..12 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored"])
            .env(APPLICATION, application.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(40) + Duration::from_micros(1700 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let current = application.output("current");
        let description = fs::read_to_string(current.join("release.json")).unwrap();
        // On a busy machine it may not have come to its first deployment.
        let whole = (1..=10).any(|number| {
            description.contains(&digest(number).to_string())
                && fs::read_to_string(current.join("manifests/web.yaml")).unwrap() == web(number)
        });
        assert!(whole, "{description}");
        application.deploy(10).await.unwrap();
        assert_eq!(fs::read_to_string(current.join("manifests/web.yaml")).unwrap(), web(10));
        assert_eq!(fs::read_dir(application.output("releases")).unwrap().count(), 2);
    }
}
