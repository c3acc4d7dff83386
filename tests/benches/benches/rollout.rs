//! A deployment to Kubernetes against `kubectl apply --server-side` and `kubectl rollout status` of the same manifests: the
//! first one to a namespace, and an update of every image in it. Requests are those in the API server's audit log.

use std::{
    cell::{Ref, RefCell},
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use plimsoll_benches::{
    report::Report,
    timing::{Pairs, process, time},
};
use plimsoll_core::{
    digest::Digest,
    names::{EnvironmentName, ReleaseId},
    ports::{Deployment, Previous, Silent, Target},
};
use plimsoll_deploy::{ClusterAccess, KubernetesOptions, KubernetesTarget, ManifestSource, OnFailure};
use plimsoll_support::{ControlPlane, Requirement, cluster_tool, missing};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Deployments of each size.
const TURNS: usize = 3;
/// The most that a deployment may take of what kubectl takes.
const GOAL: f64 = 1.05;
/// How many objects, how many of them are Deployments, and the most requests that may be made of those that kubectl makes.
/// Some twenty are made however many objects there are: for the kinds, for the record, and to see why something fails.
const SIZES: [(usize, usize, f64); 2] = [(5, 2, 3.0), (500, 20, 1.1)];
/// Where the image is said to be.
const REPOSITORY: &str = "registry.example/contoso/website";
/// The account that everything is asked for by.
const ACCOUNT: &str = "deployer";

fn main() {
    let mut report = Report::new("rollout");
    if let Some(skip) = missing(&[Requirement::Cluster]) {
        report.absent("rollout", &skip.reason);
        return report.finish();
    }
    // The one program that there is has chosen its cryptography before it reaches a cluster.
    drop(rustls::crypto::ring::default_provider().install_default());
    let bench = Bench {
        cluster: ControlPlane::start(),
        runtime: Runtime::new().expect("there is room for threads"),
        folder: tempfile::tempdir().expect("there is room for a folder"),
    };
    for (objects, workloads, requests) in SIZES {
        bench.compare(objects, workloads, requests, &mut report);
    }
    report.finish();
}

struct Bench {
    cluster: ControlPlane,
    runtime: Runtime,
    folder: TempDir,
}

/// A namespace, and the account that deploys to it.
struct Place {
    namespace: String,
    kubeconfig: PathBuf,
}

impl Bench {
    /// Measures both deployments, programs in turns, each turn in namespaces of its own.
    fn compare(&self, objects: usize, workloads: usize, most: f64, report: &mut Report) {
        let folder = self.folder.path().join(objects.to_string());
        for release in [1, 2] {
            write(&folder.join(release.to_string()), objects, workloads, release);
        }
        let (ours, theirs) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        for (release, what) in [(1, "first deployment"), (2, "new images")] {
            let manifests = folder.join(release.to_string());
            let (mut our_turn, mut their_turn) = (0, 0);
            let pairs = Pairs::measure(
                TURNS,
                || {
                    let took = self.ours(&self.place(&ours, our_turn), &manifests, release);
                    our_turn += 1;
                    took
                },
                || {
                    let took = self.theirs(&self.place(&theirs, their_turn), &manifests);
                    their_turn += 1;
                    took
                },
            );
            report.times(&format!("{objects} objects, {what}: plimsoll / kubectl"), &pairs, GOAL);
        }
        // A watch is noted when it has ended.
        thread::sleep(Duration::from_secs(1));
        let requests = |places: &RefCell<Vec<Place>>| self.requests(&places.borrow());
        report.counts(
            &format!("{objects} objects, both: requests"),
            requests(&ours),
            requests(&theirs),
            most,
        );
    }

    /// The place of a turn, made by the first deployment to it.
    fn place<'a>(&self, places: &'a RefCell<Vec<Place>>, turn: usize) -> Ref<'a, Place> {
        if places.borrow().len() == turn {
            let namespace = self.cluster.namespace("rollout");
            let within = ["--namespace", &namespace];
            self.cluster.kubectl(&[&within[..], &["create", "serviceaccount", ACCOUNT]].concat());
            let subject = format!("--serviceaccount={namespace}:{ACCOUNT}");
            let binding = ["create", "rolebinding", ACCOUNT, "--clusterrole=cluster-admin", &subject];
            self.cluster.kubectl(&[&within[..], &binding].concat());
            let kubeconfig = self.cluster.kubeconfig_for(&namespace, ACCOUNT);
            places.borrow_mut().push(Place { namespace, kubeconfig });
        }
        Ref::map(places.borrow(), |places| &places[turn])
    }

    fn ours(&self, place: &Place, manifests: &Path, release: u8) -> Duration {
        let target = KubernetesTarget::new(KubernetesOptions {
            environment: EnvironmentName::new("production").expect("it is a name"),
            access: ClusterAccess { kubeconfig: Some(place.kubeconfig.clone()), ..ClusterAccess::default() },
            namespace: Some(place.namespace.clone()),
            manifests: ManifestSource::Folder(manifests.to_owned()),
            image_paths: Vec::new(),
            ready_when: Vec::new(),
            rollout_timeout: Duration::from_secs(300),
            on_failure: OnFailure::Keep,
            prune: true,
            force_conflicts: false,
        });
        let id = |number: u8| ReleaseId::new(format!("r-{number:012x}")).expect("it is an identifier");
        let deployment = Deployment {
            release: id(release),
            repository: REPOSITORY.parse().expect("it is a repository"),
            digest: digest(release),
            version: Some(format!("1.0.{release}")),
            previous: (release > 1)
                .then(|| Previous { release: id(release - 1), digest: digest(release - 1) }),
        };
        time(|| {
            let deployed = self.runtime.block_on(target.deploy(&deployment, &Silent));
            assert!(deployed.is_ok_and(|deployed| deployed.healthy), "the deployment failed");
        })
    }

    /// One `kubectl` that applies, and one that waits for all workloads.
    fn theirs(&self, place: &Place, manifests: &Path) -> Duration {
        let kubectl = |words: &[&str], path: &Path| {
            let mut command = Command::new(cluster_tool("kubectl"));
            let cache = self.folder.path().join("cache");
            command.arg("--kubeconfig").arg(&place.kubeconfig).arg("--cache-dir").arg(cache);
            command.args(words).arg("--filename").arg(path).env_remove("KUBECONFIG");
            process(&mut command)
        };
        kubectl(&["apply", "--server-side"], manifests)
            + kubectl(&["rollout", "status", "--timeout=300s"], &manifests.join("workloads.yaml"))
    }

    /// How many requests the accounts of some namespaces have made. With `PLIMSOLL_BENCH_REQUESTS` it is told which.
    #[expect(clippy::print_stderr, reason = "a benchmark is a command for people")]
    fn requests(&self, places: &[Place]) -> u64 {
        let mut kinds = BTreeMap::<String, u64>::new();
        for place in places {
            for request in self.cluster.requests_of(&place.namespace, ACCOUNT) {
                let request = request.replace(&place.namespace, "*");
                let (path, query) = request.split_once('?').unwrap_or((&request, ""));
                let dry = if query.contains("dryRun") { " (dry run)" } else { "" };
                let path = path.trim_end_matches(|char: char| char.is_ascii_digit());
                *kinds.entry(format!("{path}{dry}")).or_default() += 1;
            }
        }
        if env::var_os("PLIMSOLL_BENCH_REQUESTS").is_some() {
            eprintln!("{kinds:#?}");
        }
        kinds.values().sum::<u64>()
    }
}

fn digest(release: u8) -> Digest {
    Digest::of(&[release])
}

/// Writes the manifests of a release: Deployments, and as many ConfigMaps as Services for the rest.
fn write(folder: &Path, objects: usize, workloads: usize, release: u8) {
    let workload = |number: usize| {
        format!(
            "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web-{number}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web-{number}}}}}
  template:
    metadata: {{labels: {{app: web-{number}}}}}
    spec: {{containers: [{{name: web, image: '{REPOSITORY}@{}'}}]}}
",
            digest(release)
        )
    };
    let other = |number: usize| {
        let metadata = format!("metadata: {{name: part-{number}}}");
        if number.is_multiple_of(2) {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\n{metadata}\ndata: {{number: '{number}', text: hello}}\n"
            )
        } else {
            format!(
                "---\napiVersion: v1\nkind: Service\n{metadata}\nspec: {{selector: {{app: web-{number}}}, ports: [{{port: 80}}]}}\n"
            )
        }
    };
    let files = [
        ("parts.yaml", (workloads..objects).map(other).collect::<String>()),
        ("workloads.yaml", (0..workloads).map(workload).collect()),
    ];
    fs::create_dir_all(folder).expect("there is room for a folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("there is room for the manifests");
    }
}
