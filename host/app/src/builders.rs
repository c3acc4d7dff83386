//! From what the configuration says of a builder to the builder.

use std::sync::Arc;

use plimsoll_core::ports::ImageBuilder;
use plimsoll_engines::{
    BuildSecret, BuildSettings, BuildahBuilder, BuildahSettings, DockerBuilder, DockerSettings, Isolation,
    SecretSource,
};

use crate::{
    configuration::{BuildahIsolation, Builder, EngineBuild, SecretPlace},
    variables::Variables,
};

/// The builder that lets an engine build; none when it is the embedded one.
pub(crate) fn with_engine(
    builder: &Builder,
    docker_host: Option<&String>,
    variables: &Variables,
) -> Option<Arc<dyn ImageBuilder>> {
    Some(match builder {
        Builder::Embedded => return None,
        Builder::Docker { builder, build } => Arc::new(DockerBuilder::new(DockerSettings {
            host: docker_host.cloned(),
            builder: builder.clone(),
            build: settings(build, variables),
            ..DockerSettings::default()
        })),
        Builder::Buildah { isolation, storage, storage_driver, build } => {
            Arc::new(BuildahBuilder::new(BuildahSettings {
                isolation: isolation.map(how),
                storage: storage.clone(),
                storage_driver: storage_driver.clone(),
                build: settings(build, variables),
            }))
        }
    })
}

fn settings(build: &EngineBuild, variables: &Variables) -> BuildSettings {
    let secrets = build.secrets.iter().map(|secret| {
        let source = match &secret.place {
            SecretPlace::Environment(name) => {
                SecretSource::Variable { name: name.clone(), value: variables.get(name) }
            }
            SecretPlace::File(path) => SecretSource::File(path.clone()),
        };
        BuildSecret { name: secret.name.clone(), source }
    });
    BuildSettings {
        secrets: secrets.collect(),
        cache_from: build.cache_from.clone(),
        cache_to: build.cache_to.clone(),
    }
}

const fn how(isolation: BuildahIsolation) -> Isolation {
    match isolation {
        BuildahIsolation::Oci => Isolation::Oci,
        BuildahIsolation::Rootless => Isolation::Rootless,
        BuildahIsolation::Chroot => Isolation::Chroot,
    }
}
