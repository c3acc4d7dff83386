//! The engine's API and its classic builder.

use plimsoll_engines::{DockerBuilder, DockerSettings};
use plimsoll_support::{DockerEngine, Requirement, require};

use crate::support::Workspace;

#[test]
fn a_dockerfile_that_runs_commands_is_built() {
    require!(Requirement::Registry, Requirement::NginxBase, Requirement::Skopeo, Requirement::Docker);
    let workspace =
        Workspace::new("FROM BASE\nARG GREETING=Ahoy\nRUN echo \"$GREETING\" > /greeting\nCOPY page /page\n");
    let settings = DockerSettings {
        host: Some(DockerEngine::shared().host().to_owned()),
        client: Some("/no/such/docker".into()),
        ..DockerSettings::default()
    };
    let outcome = workspace.build(&DockerBuilder::new(settings), &workspace.request());
    let image = outcome.image(&workspace);
    assert_eq!(image.file("greeting").as_deref(), Some("Moin, \"x\"\n"));
    assert_eq!(image.file("page").as_deref(), Some("Ahoy\n"));
    assert_eq!(image.config["config"]["Labels"]["org.opencontainers.image.version"], "1.2.3");
    assert_eq!(image.manifest["annotations"]["org.opencontainers.image.title"], "A site, small");
    assert!(outcome.lines.iter().any(|line| line.contains("RUN echo")), "{:?}", outcome.lines);
}
