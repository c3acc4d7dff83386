//! An API server that goes away in the middle of a deployment.

use std::sync::Mutex;

use plimsoll_core::ports::{Activity, Progress, Target as _};
use plimsoll_support::{ControlPlane, Requirement, require};
use tokio::sync::oneshot;

use crate::site::{Site, deployment, web};

/// Says once that something was applied.
struct AtFirst(Mutex<Option<oneshot::Sender<()>>>);

impl Progress for AtFirst {
    fn activity(&self, _activity: Activity<'_>) {
        if let Some(sender) = self.0.lock().unwrap().take() {
            let _ = sender.send(());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_api_server_is_survived() {
    require!(Requirement::Cluster);
    let mut site = Site::new("outage");
    let mut own = ControlPlane::start();
    site.options.access.kubeconfig = Some(own.kubeconfig().to_owned());
    let namespace = own.namespace("outage");
    site.options.namespace = Some(namespace.clone());
    site.write("account.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: first}\n");
    let of = |number: usize| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\n");
    site.write("many.yaml", &(0..300).map(of).collect::<String>());
    site.write("web.yaml", &web(""));
    let (sender, begun) = oneshot::channel();
    let restarting = tokio::task::spawn_blocking(move || {
        begun.blocking_recv().unwrap();
        own.restart_api_server();
        own
    });
    let deployed = site.target().deploy(&deployment(1, None), &AtFirst(Mutex::new(Some(sender)))).await;
    let own = restarting.await.unwrap();
    assert!(deployed.is_ok_and(|deployed| deployed.healthy));
    let there = own.kubectl(&["get", "configmaps", "--namespace", &namespace, "--output=name"]);
    assert!(there.lines().count() >= 300, "{there}");
}
