//! The programs of one control plane, together.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use super::{arguments, client, kubeconfig};
use crate::{
    command::{run, until},
    daemon::Process,
    text::write,
};

/// How long anything here may take to be ready. On an idle machine it is some seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// etcd, the API server, the controllers, the scheduler, and what stands in for the nodes. They end on drop, in the order
/// of the fields.
#[derive(Debug)]
pub(super) struct Servers {
    _clients: [Process; 3],
    api_server: Option<Process>,
    _etcd: Process,
    folder: PathBuf,
    port: u16,
}

impl Servers {
    /// Starts them in a folder with certificates, and waits until there are nodes to run pods on.
    ///
    /// # Errors
    /// One of them did not start, such as because somebody else took its port: what it wrote.
    pub(super) fn start(folder: &Path) -> Result<Self, String> {
        let (port, node_port) = (free_port()?, free_port()?);
        write(&folder.join("kubeconfig"), kubeconfig::administrator(folder, &address(port)));
        let etcd = Process::start(folder, "etcd", arguments::etcd(folder));
        let mut api_server = Process::start(folder, "kube-apiserver", arguments::api_server(folder, port));
        until_ready(folder, &mut api_server)?;
        let controllers = arguments::controller_manager(folder);
        let controller_manager = Process::start(folder, "kube-controller-manager", controllers);
        let scheduler = Process::start(folder, "kube-scheduler", arguments::scheduler(folder));
        let mut kwok = Process::start(folder, "kwok", arguments::kwok(folder, node_port));
        add_nodes(folder, &mut kwok, node_port)?;
        Ok(Self {
            _clients: [controller_manager, scheduler, kwok],
            api_server: Some(api_server),
            _etcd: etcd,
            folder: folder.to_owned(),
            port,
        })
    }

    /// Where the API server listens.
    pub(super) fn address(&self) -> String {
        address(self.port)
    }

    pub(super) fn stop_api_server(&mut self) {
        self.api_server = None;
    }

    #[track_caller]
    pub(super) fn start_api_server(&mut self) {
        self.stop_api_server();
        let arguments = arguments::api_server(&self.folder, self.port);
        let mut api_server = Process::start(&self.folder, "kube-apiserver", arguments);
        if let Err(message) = until_ready(&self.folder, &mut api_server) {
            panic!("{message}");
        }
        self.api_server = Some(api_server);
    }
}

fn address(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

/// Waits until the API server says that it is ready.
fn until_ready(folder: &Path, api_server: &mut Process) -> Result<(), String> {
    until_true(api_server, || {
        let arguments = ["get", "--raw=/readyz", "--request-timeout=5s"];
        run(&mut client(&folder.join("kubeconfig"), &arguments)).status.success()
    })
}

/// Makes the nodes, and waits until kwok has made them ready and shows the logs of their pods.
fn add_nodes(folder: &Path, kwok: &mut Process, port: u16) -> Result<(), String> {
    let kubeconfig = folder.join("kubeconfig");
    let nodes = folder.join("nodes.yaml").display().to_string();
    // What checks new objects may still be learning what there is.
    until_true(kwok, || run(&mut client(&kubeconfig, &["apply", "-f", &nodes])).status.success())?;
    let wait = ["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=5s"];
    until_true(kwok, || run(&mut client(&kubeconfig, &wait)).status.success())?;
    until_true(kwok, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
}

/// Tries until it succeeds, as long as a process runs, and for a bounded time.
fn until_true(process: &mut Process, mut attempt: impl FnMut() -> bool) -> Result<(), String> {
    let outcome = until(PATIENCE, || {
        if process.has_ended() {
            return Some(false);
        }
        attempt().then_some(true)
    });
    if outcome == Some(true) { Ok(()) } else { Err(process.last_lines()) }
}

/// A port that nobody listens on, below those that systems hand out by themselves: so nobody gets it by chance between now
/// and its use, or while the API server is stopped.
fn free_port() -> Result<u16, String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    // Processes begin at different places, so that those that start at the same time do not meet.
    let own = u16::try_from(process::id().wrapping_mul(97) % u32::from(COUNT)).unwrap_or_default();
    let candidates = (0..COUNT).map(|_| FIRST + (own + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT);
    let mut free = candidates.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().ok_or_else(|| "no port is free".to_owned())
}
