//! The Docker engine as builder, as far as it can be tested without one.

use plimsoll_core::ports::{FailureClass, ImageBuilder as _, Silent};
use plimsoll_image::DockerBuilder;

use crate::support::Workspace;

#[test]
fn an_engine_that_is_not_there_is_told() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nRUN x\n")]);
    let absent = format!("unix://{}", workspace.context().join("docker.sock").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (host, class, says, hint) in [
        (absent.as_str(), FailureClass::Outside, "no Docker engine answers at unix://", "Start the engine"),
        ("ssh://host", FailureClass::Configuration, "`ssh://host` is no address", "DOCKER_HOST"),
    ] {
        let builder = DockerBuilder::new(Some(host.to_owned()));
        let failure = runtime.block_on(builder.build(&workspace.request(), &Silent)).unwrap_err();
        assert_eq!(failure.class, class);
        assert!(failure.to_string().contains(says), "{failure}");
        assert!(failure.hint.unwrap().contains(hint));
    }
}
