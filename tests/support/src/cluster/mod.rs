//! A real Kubernetes control plane on loopback: etcd, the API server, its controllers and scheduler, with kwok in the place of
//! nodes. No container runs; pods become what their labels ask for.

mod arguments;
mod audit;
mod certificates;
mod kubeconfig;
mod servers;
mod tools;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    command::run,
    daemon::{Guard, guarded_folder},
    requirement::{located, program},
    text::write,
};
use servers::Servers;
pub(crate) use tools::TOOLS;
pub use tools::build_cluster_tools;

/// The variable that names the kubeconfig file of a control plane that runs already, for [`ControlPlane::shared`] to use.
pub const KUBECONFIG_VARIABLE: &str = "PLIMSOLL_TEST_KUBECONFIG";

/// How often a start is tried: the port of another may have been taken.
const ATTEMPTS: u32 = 3;

/// A Kubernetes cluster for tests, and its administrator's rights. What this process started ends on drop, and in any case
/// when this process ends.
///
/// Pods become ready at once, and those of Jobs complete. The label or annotation `plimsoll.test/fail` of a pod asks for
/// something else: `image-pull` (`ErrImagePull`, then `ImagePullBackOff`), `crash-loop` (`CrashLoopBackOff` after exit code
/// 1), `never-ready` (runs and is not ready) or `job-failed` (ends with exit code 1). All pods have the same logs:
/// [`ControlPlane::LOGS`].
#[derive(Debug)]
pub struct ControlPlane {
    servers: Option<Servers>,
    kubeconfig: PathBuf,
    address: String,
    authority: PathBuf,
    folder: PathBuf,
    // Last, so that it goes when all else is gone.
    _guard: Guard,
}

impl ControlPlane {
    /// What every container has written.
    pub const LOGS: &str =
        "starting\nconnecting to the database\nfatal: the database refused the connection\n";

    /// The cluster of this test process, started by the first call; or the one that [`KUBECONFIG_VARIABLE`] names. Tests that
    /// share it keep to a [namespace](Self::namespace) of their own.
    ///
    /// # Panics
    /// It did not start, or does not answer.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| {
            let named = env::var_os(KUBECONFIG_VARIABLE).filter(|path| !path.is_empty());
            named.map_or_else(Self::start, |path| Self::named(Path::new(&path)))
        })
    }

    /// Starts a cluster of one's own, for tests that stop its API server.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let (folder, guard) = guarded_folder("cluster");
        certificates::make(&folder);
        write(&folder.join("stages.yaml"), include_str!("stages.yaml"));
        write(&folder.join("nodes.yaml"), include_str!("nodes.yaml"));
        write(&folder.join("audit.json"), audit::POLICY);
        write_logs(&folder);
        let mut failures = String::new();
        for _ in 0..ATTEMPTS {
            match Servers::start(&folder) {
                Ok(servers) => {
                    return Self {
                        kubeconfig: folder.join("kubeconfig"),
                        address: servers.address(),
                        authority: folder.join("ca.crt"),
                        servers: Some(servers),
                        folder,
                        _guard: guard,
                    };
                }
                Err(message) => failures = message,
            }
        }
        panic!("no control plane started; the last lines of the program that did not:\n{failures}");
    }

    /// A cluster that somebody else started, and ends.
    #[track_caller]
    fn named(kubeconfig: &Path) -> Self {
        let (folder, guard) = guarded_folder("cluster");
        let view = |template: &str| {
            let output = format!("--output=go-template={template}");
            let arguments = ["config", "view", "--raw", "--flatten", "--minify", &output];
            run(&mut client(kubeconfig, &arguments)).success().text()
        };
        let authority = "{{index (index .clusters 0).cluster \"certificate-authority-data\" | base64decode}}";
        write(&folder.join("ca.crt"), view(authority));
        Self {
            servers: None,
            kubeconfig: kubeconfig.to_owned(),
            address: view("{{(index .clusters 0).cluster.server}}"),
            authority: folder.join("ca.crt"),
            folder,
            _guard: guard,
        }
    }

    /// The administrator's kubeconfig file. For a cluster that we started, its context is called `plimsoll-tests`.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where its API server listens: `https://127.0.0.1:6443`.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.address
    }

    /// The certificate of the authority that vouches for its API server, a PEM file.
    #[must_use]
    pub fn certificate_authority(&self) -> &Path {
        &self.authority
    }

    /// Makes a namespace that no other test has, and answers with its name, which begins with the prefix. Pods can be
    /// made in it.
    ///
    /// # Panics
    /// The cluster refused.
    #[must_use]
    #[track_caller]
    pub fn namespace(&self, prefix: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Another process may use the same cluster.
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let name = format!("{prefix}-{time:x}-{count}");
        self.kubectl(&["create", "namespace", &name]);
        // A controller makes it, and no pod is let in before.
        self.kubectl(&[
            "wait",
            "--for=create",
            "serviceaccount/default",
            "--namespace",
            &name,
            "--timeout=100s",
        ]);
        name
    }

    /// Runs `kubectl` as the administrator, and answers with what it wrote to standard output, without the white space around
    /// it. It is somebody else's program, and so a witness.
    ///
    /// # Panics
    /// It failed, or did not end in time.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        run(&mut client(&self.kubeconfig, arguments)).success().text()
    }

    /// Applies objects in YAML.
    ///
    /// # Panics
    /// The cluster refused.
    #[track_caller]
    pub fn kubectl_apply(&self, yaml: &str) {
        let file = self.unused_folder().join("objects.yaml");
        write(&file, yaml);
        self.kubectl(&["apply", "--filename", &file.display().to_string()]);
    }

    /// Makes a kubeconfig file with a token of a service account, which is there already. Its commands are about the
    /// account's namespace unless they name another.
    ///
    /// # Panics
    /// There is no such account.
    #[must_use]
    #[track_caller]
    pub fn kubeconfig_for(&self, namespace: &str, service_account: &str) -> PathBuf {
        let token = self.kubectl(&["create", "token", service_account, "--namespace", namespace]);
        let file = self.unused_folder().join("kubeconfig");
        write(&file, kubeconfig::holder(&self.authority, &self.address, namespace, &token));
        file
    }

    /// The requests of a service account that the API server has answered so far, as its audit log has them: a verb and a path
    /// each, such as `patch /api/v1/...`.
    ///
    /// # Panics
    /// The cluster is not ours.
    #[must_use]
    #[track_caller]
    pub fn requests_of(&self, namespace: &str, service_account: &str) -> Vec<String> {
        audit::requests(&self.folder, &format!("system:serviceaccount:{namespace}:{service_account}"))
    }

    /// Stops the API server and starts it again at the same address, with the same objects.
    ///
    /// # Panics
    /// It is not ours, or did not start.
    #[track_caller]
    pub fn restart_api_server(&mut self) {
        self.stop_api_server();
        self.start_api_server();
    }

    /// Kills the API server; its objects stay.
    ///
    /// # Panics
    /// It is not ours.
    #[track_caller]
    pub fn stop_api_server(&mut self) {
        self.servers().stop_api_server();
    }

    /// Starts the API server again at the same address, with the same objects, and waits until it is ready.
    ///
    /// # Panics
    /// It is not ours, or did not start.
    #[track_caller]
    pub fn start_api_server(&mut self) {
        self.servers().start_api_server();
    }

    #[track_caller]
    fn servers(&mut self) -> &mut Servers {
        match &mut self.servers {
            Some(servers) => servers,
            None => panic!("{} is not ours to stop: use ControlPlane::start", self.address),
        }
    }

    /// A folder that nothing was written to.
    fn unused_folder(&self) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        self.folder.join("files").join(COUNT.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

/// Why no control plane can be had; nothing when one can.
pub(crate) fn obstacle() -> Option<String> {
    if env::var_os(KUBECONFIG_VARIABLE).is_some_and(|path| !path.is_empty()) {
        return program("kubectl");
    }
    TOOLS.programs.iter().copied().filter(|program| *program != "helm").chain(["openssl"]).find_map(program)
}

/// Where a program of a cluster is, such as `kubectl` or `helm`. Its name has to do where it is missing, for the message of
/// whoever wants to run it.
#[must_use]
pub fn cluster_tool(name: &str) -> PathBuf {
    located(name)
}

/// `kubectl` with a kubeconfig file. It keeps what it knows of the cluster beside it, not in the home folder.
fn client(kubeconfig: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(cluster_tool("kubectl"));
    command
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .arg("--cache-dir")
        .arg(kubeconfig.with_extension("cache"))
        .args(arguments)
        .env_remove("KUBECONFIG");
    command
}

/// What containers wrote, in the format of container runtimes, and kwok's word that it is everybody's.
#[track_caller]
fn write_logs(folder: &Path) {
    let mut log = String::new();
    for line in ControlPlane::LOGS.lines() {
        log.push_str("2026-01-01T00:00:00.000000000Z stdout F ");
        log.push_str(line);
        log.push('\n');
    }
    let file = folder.join("container.log");
    write(&file, log);
    let logs = serde_json::json!({
        "kind": "ClusterLogs",
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "metadata": { "name": "all" },
        "spec": { "logs": [{ "logsFile": file, "previousLogsFile": file, "follow": false }] },
    });
    write(&folder.join("logs.yaml"), logs.to_string());
}
