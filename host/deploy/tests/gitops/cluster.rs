//! What a cluster with an agent would report: one Deployment that names what the branch `main` names.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use plimsoll_support::GitRepository;
use serde_json::{Value, json};

/// Starts a cluster that rolls out whatever the repository's `apps/site/web.yaml` names, but for one image, with which its
/// controller gives up. The answer is a kubeconfig.
pub(crate) fn follow(bare: &Path, folder: &Path, broken: String) -> PathBuf {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let kubeconfig = kubeconfig(folder, listener.local_addr().unwrap());
    let bare = bare.to_owned();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no fault of the server.
            drop(answer(stream, &bare, &broken));
        }
    });
    kubeconfig
}

fn kubeconfig(folder: &Path, address: SocketAddr) -> PathBuf {
    let text = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "prod",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "website"}}],
    });
    let path = folder.join("kubeconfig");
    fs::write(&path, text.to_string()).unwrap();
    path
}

fn answer(mut stream: TcpStream, bare: &Path, broken: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut items = Vec::new();
    if first.starts_with("GET /apis/apps/v1/namespaces/website/deployments") {
        items.push(deployment(bare, broken));
    }
    let body = json!({"apiVersion": "apps/v1", "kind": "List", "metadata": {}, "items": items}).to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes())
}

fn deployment(bare: &Path, broken: &str) -> Value {
    let text = GitRepository::at(bare).git(&["show", "main:apps/site/web.yaml"]);
    let image = text.lines().find_map(|line| line.trim().strip_prefix("- image: ")).unwrap();
    let image = image.split(' ').next().unwrap();
    let (available, conditions) = if image.ends_with(broken) {
        let gave_up = json!({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"});
        (0, vec![gave_up])
    } else {
        (1, vec![])
    };
    json!({
        "metadata": {"name": "web", "generation": 1},
        "spec": {"replicas": 1, "selector": {}, "template": {"spec": {"containers": [{"name": "a", "image": image}]}}},
        "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available,
            "conditions": conditions,
        },
    })
}
