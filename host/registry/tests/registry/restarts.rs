//! A registry that is killed and started again while something is pushed to it.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use plimsoll_core::ports::{ImageRepository as _, Silent};
use plimsoll_support::{Break, DebianRegistry, FaultProxy, Requirement, require};

use crate::{
    image::{image, in_pieces, registries},
    setting::tag,
};

/// Restarts the registry half-way through each request of a push, one push after the other; the data stay, and what was begun
/// of uploads stays with them or does not.
async fn restart_in_every_request(uploads_stay: bool) {
    let image = image();
    let registry = Arc::new(Mutex::new(DebianRegistry::start()));
    let proxy = FaultProxy::start(registry.lock().unwrap().address());
    for number in 0.. {
        let name = format!("site{number}");
        let (again, repository) = (Arc::clone(&registry), name.clone());
        let restart = move || {
            let mut registry = again.lock().unwrap();
            registry.stop();
            if !uploads_stay {
                let folder = format!("docker/registry/v2/repositories/{repository}/_uploads");
                // There may be none yet.
                let _ = fs::remove_dir_all(registry.data().join(folder));
            }
            registry.restart();
        };
        proxy.break_request(number, Break::Meanwhile(Box::new(restart)));
        let repository =
            registries(in_pieces()).repository(format!("{}/{name}", proxy.address()).parse().unwrap());
        repository.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
        repository.set_tag(&tag("v1"), &image.digest).await.unwrap();
        assert_eq!(registry.lock().unwrap().digest(&name, "v1"), Some(image.digest.to_string()));
        if proxy.mend() {
            assert!(number > 15);
            return;
        }
    }
}

#[tokio::test]
async fn a_registry_that_restarts_loses_nothing() {
    require!(Requirement::Registry);
    restart_in_every_request(true).await;
}

#[tokio::test]
async fn a_registry_that_restarts_without_its_uploads_gets_them_again() {
    require!(Requirement::Registry);
    restart_in_every_request(false).await;
}
