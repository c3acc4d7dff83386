//! The arguments of the programs that make up a control plane: everything on loopback, nothing that is not needed.

use std::path::Path;

/// The addresses of services.
pub(super) const SERVICES: &str = "10.96.0.0/16";

/// Listens on sockets in its folder: no port to be taken by another, and nobody else gets in.
pub(super) fn etcd(folder: &Path) -> Vec<String> {
    let folder = folder.display();
    let (client, peer) = (format!("unix://{folder}/etcd.sock"), format!("unix://{folder}/peer.sock"));
    vec![
        format!("--data-dir={folder}/etcd"),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // What it keeps need not outlive the machine.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

pub(super) fn api_server(folder: &Path, port: u16) -> Vec<String> {
    let folder = folder.display();
    vec![
        format!("--etcd-servers=unix://{folder}/etcd.sock"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={folder}/server.crt"),
        format!("--tls-private-key-file={folder}/server.key"),
        format!("--client-ca-file={folder}/ca.crt"),
        format!("--service-account-key-file={folder}/accounts.pub"),
        format!("--service-account-signing-key-file={folder}/accounts.key"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        format!("--service-cluster-ip-range={SERVICES}"),
        // Nobody but us looks for the API server.
        "--endpoint-reconciler-type=none".to_owned(),
        // Its nodes are all named by their address alone.
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--kubelet-client-certificate={folder}/admin.crt"),
        format!("--kubelet-client-key={folder}/admin.key"),
        // It would mark new nodes as not ready until a controller has judged them, which is left out.
        "--disable-admission-plugins=TaintNodesByCondition".to_owned(),
        "--profiling=false".to_owned(),
        format!("--audit-policy-file={folder}/audit.json"),
        format!("--audit-log-path={folder}/audit.log"),
    ]
}

pub(super) fn controller_manager(folder: &Path) -> Vec<String> {
    let folder = folder.display();
    vec![
        format!("--kubeconfig={folder}/kubeconfig"),
        // Without a port, there is nothing to be taken by another.
        "--secure-port=0".to_owned(),
        "--leader-elect=false".to_owned(),
        format!("--root-ca-file={folder}/ca.crt"),
        format!("--service-account-private-key-file={folder}/accounts.key"),
        // Nodes are never given up, however busy the machine is.
        "--controllers=*,-node-lifecycle-controller,-taint-eviction-controller".to_owned(),
    ]
}

pub(super) fn scheduler(folder: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}/kubeconfig", folder.display()),
        "--secure-port=0".to_owned(),
        "--leader-elect=false".to_owned(),
    ]
}

pub(super) fn kwok(folder: &Path, port: u16) -> Vec<String> {
    let folder = folder.display();
    vec![
        format!("--kubeconfig={folder}/kubeconfig"),
        format!("--config={folder}/stages.yaml"),
        format!("--config={folder}/logs.yaml"),
        "--manage-all-nodes=true".to_owned(),
        "--node-lease-duration-seconds=0".to_owned(),
        "--cidr=10.64.0.0/16".to_owned(),
        "--node-ip=127.0.0.1".to_owned(),
        format!("--node-port={port}"),
        format!("--server-address=127.0.0.1:{port}"),
        format!("--tls-cert-file={folder}/server.crt"),
        format!("--tls-private-key-file={folder}/server.key"),
    ]
}
