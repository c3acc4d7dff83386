use std::path::Path;

use plimsoll_core::{digest::Digest, names::ReleaseId};
use plimsoll_support::{ControlPlane, Requirement, require};

use super::*;
use crate::kubernetes::{
    rollout::tests::objects::{JOBS, PODS, job, pod},
    test_server::Server,
};

fn deployment() -> Deployment {
    Deployment {
        release: "r-0123456789ab".parse::<ReleaseId>().unwrap(),
        repository: "ghcr.io/contoso/website".parse().unwrap(),
        digest: Digest::of(b"image"),
        version: None,
        previous: None,
    }
}

fn prepared(text: &str) -> Result<Job, JobCheckError> {
    let (check, environment, deployment) =
        ("smoke".parse().unwrap(), "staging".parse().unwrap(), deployment());
    let purpose = Purpose { check: &check, environment: &environment, deployment: &deployment };
    prepare(Path::new("checks/job.yaml"), text, &purpose, Duration::from_secs(30))
}

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: smoke}\nspec:\n  template:\n    spec:\n      \
                   containers:\n      - {name: a, image: 'ghcr.io/contoso/website:v1'}\n      - {name: b, image: curl}\n";

#[test]
fn a_job_gets_the_image_a_name_of_its_own_and_an_end() {
    let job = prepared(JOB).unwrap();
    assert_eq!((job.metadata.name.as_deref(), job.metadata.generate_name.as_deref()), (None, Some("smoke-")));
    let spec = job.spec.unwrap();
    assert_eq!((spec.active_deadline_seconds, spec.ttl_seconds_after_finished), (Some(90), Some(600)));
    let images: Vec<_> =
        spec.template.spec.unwrap().containers.into_iter().map(|one| one.image.unwrap()).collect();
    assert_eq!(images, [format!("ghcr.io/contoso/website@{}", Digest::of(b"image")), "curl".to_owned()]);
    let own =
        prepared(&JOB.replace("spec:\n  template", "spec:\n  activeDeadlineSeconds: 5\n  template")).unwrap();
    assert_eq!(own.spec.unwrap().active_deadline_seconds, Some(5));
    let generated = prepared(&JOB.replace("name: smoke", "generateName: smoke-")).unwrap();
    assert_eq!(generated.metadata.generate_name.as_deref(), Some("smoke-"));
}

#[test]
fn what_is_no_job_says_where() {
    for text in [
        "",
        "kind: Job\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
        &JOB.replace("name: smoke", "labels: {}"),
        &format!("{JOB}---\n{JOB}"),
        "a: [",
    ] {
        let error = prepared(text).unwrap_err().to_string();
        assert!(error.contains("checks/job.yaml"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_unknown() {
    let check = JobCheck::new(JobCheckOptions {
        name: "smoke".parse().unwrap(),
        required: true,
        manifest: "not/there.yaml".into(),
        access: ClusterAccess::default(),
        namespace: None,
        timeout: Duration::from_secs(1),
    });
    let checked = check.run(&"staging".parse().unwrap(), &deployment(), &plimsoll_core::ports::Silent).await;
    assert_eq!(checked.outcome, EvidenceOutcome::Unknown);
    assert!(checked.value.unwrap().contains("not/there.yaml cannot be read"));
    assert!(check.required() && check.name().to_string() == "smoke");
}

/// Runs the check on a server on which the job ends with a condition; what it said then.
async fn ended(condition: &str, log: Option<&str>, timeout: Duration) -> Checked {
    let server = Server::start().await;
    let check = JobCheck::new(JobCheckOptions {
        name: "smoke".parse().unwrap(),
        required: true,
        manifest: "checks/job.yaml".into(),
        access: ClusterAccess::default(),
        namespace: None,
        timeout,
    });
    let mut manifest = prepared(JOB).unwrap();
    manifest.metadata.namespace = Some("website".to_owned());
    let client = server.client();
    let run = check.run_job(&client, "website", &manifest, &plimsoll_core::ports::Silent);
    let drive = async {
        server.until_watched(JOBS, 1).await;
        let [name] = server.names(JOBS).try_into().unwrap();
        assert!(name.starts_with("smoke-") && name.len() > "smoke-".len());
        let mut pod = pod("smoke-pod", &name, "", 0);
        pod["spec"] = serde_json::json!({"containers": [{"name": "web"}]});
        server.put(PODS, pod);
        if let Some(log) = log {
            server.log("smoke-pod", log);
        }
        server.put(JOBS, job(&name, condition));
    };
    let (checked, ()) = tokio::join!(run, drive);
    assert_eq!(server.names(JOBS), Vec::<String>::new(), "it is deleted afterwards");
    checked.unwrap()
}

#[tokio::test]
async fn how_a_job_ends_is_the_outcome() {
    let time = Duration::from_secs(30);
    let passed = ended("Complete", Some("a\nb\nc\n\u{1b}[32m12 pages are well\n"), time).await;
    let expected =
        Checked { outcome: EvidenceOutcome::Passed, value: Some("b | c | 12 pages are well".to_owned()) };
    assert_eq!(passed, expected);
    let failed = ended("Failed", Some("no title\n"), time).await;
    assert_eq!(failed, Checked { outcome: EvidenceOutcome::Failed, value: Some("no title".to_owned()) });
    let mute = ended("Failed", None, time).await;
    assert_eq!(mute.outcome, EvidenceOutcome::Failed);
    assert!(mute.value.unwrap().contains("BackoffLimitExceeded"));
    let endless = ended("Suspended", None, Duration::from_secs(1)).await;
    assert_eq!(endless.outcome, EvidenceOutcome::Unknown);
    assert!(endless.value.unwrap().contains("not done within 1 seconds"));
}

#[tokio::test]
async fn a_job_on_a_real_cluster_passes_or_fails() {
    require!(Requirement::Cluster);
    let cluster = ControlPlane::shared();
    let namespace = cluster.namespace("check");
    let folder = tempfile::tempdir().unwrap();
    for (fail, outcome) in [("none", EvidenceOutcome::Passed), ("job-failed", EvidenceOutcome::Failed)] {
        let manifest = folder.path().join(format!("{fail}.yaml"));
        let label = if fail == "none" { String::new() } else { format!("plimsoll.test/fail: {fail}") };
        let pod = format!(
            "  backoffLimit: 0\n  template:\n    metadata: {{labels: {{{label}}}}}\n    spec:\n      restartPolicy: Never\n"
        );
        std::fs::write(&manifest, JOB.replace("  template:\n    spec:\n", &pod)).unwrap();
        let check = JobCheck::new(JobCheckOptions {
            name: "smoke".parse().unwrap(),
            required: true,
            manifest,
            access: ClusterAccess {
                kubeconfig: Some(cluster.kubeconfig().to_owned()),
                ..ClusterAccess::default()
            },
            namespace: Some(namespace.clone()),
            timeout: Duration::from_secs(60),
        });
        let environment = "staging".parse().unwrap();
        let checked = check.run(&environment, &deployment(), &plimsoll_core::ports::Silent).await;
        assert_eq!(checked.outcome, outcome, "{checked:?}");
        assert!(checked.value.unwrap().ends_with("fatal: the database refused the connection"));
        let left = cluster.kubectl(&["get", "jobs", "--output=name", "--namespace", &namespace]);
        assert_eq!(left, "", "it is deleted afterwards");
    }
}
