//! The command line of a build.

use std::{ffi::OsString, path::Path};

use plimsoll_core::ports::{BuildRequest, Compression};

use super::client::docker;
use crate::{program::Program, secrets::Secrets, settings::DockerSettings};

/// How the image comes to us.
pub(super) enum Delivery<'a> {
    /// As an OCI layout on standard output; what buildx tells of it goes into a file.
    Archive { facts: &'a Path },
    /// Into the engine; its id goes into a file.
    Engine { id_file: &'a Path },
}

/// What is asked for that a builder within an engine cannot do.
pub(super) fn beyond_engine(request: &BuildRequest) -> Vec<&'static str> {
    let several = request.platforms.single().is_none().then_some("several platforms");
    let zstd = (request.compression == Compression::Zstd).then_some("layers with zstd");
    several.into_iter().chain(zstd).collect()
}

/// buildx with everything that a build needs to know.
pub(super) fn program(
    settings: &DockerSettings,
    request: &BuildRequest,
    secrets: &Secrets,
    delivery: &Delivery<'_>,
) -> Program {
    let mut program = docker(settings);
    program.arguments(["buildx", "build", "--progress", "rawjson"]);
    if let Some(builder) = &settings.builder {
        program.arguments(["--builder", builder]);
    }
    program.arguments(["--file".as_ref(), request.dockerfile.as_os_str()]);
    let platforms = request.platforms.as_slice().iter().map(ToString::to_string);
    program.arguments(["--platform", &platforms.collect::<Vec<_>>().join(",")]);
    if let Some(target) = &request.target {
        program.arguments(["--target", target]);
    }
    for (name, value) in &request.build_arguments {
        program.build_argument(name, value);
    }
    for (name, value) in &request.labels {
        program.arguments(["--label", &format!("{name}={value}")]);
    }
    secrets.hand_to(&mut program);
    for (flag, places) in
        [("--cache-from", &settings.build.cache_from), ("--cache-to", &settings.build.cache_to)]
    {
        for place in places {
            program.arguments([flag, place]);
        }
    }
    // What is to be said about the image is said by us, once it is pushed.
    program.arguments(["--provenance=false", "--sbom=false"]);
    // buildx makes a build argument of it, which BuildKit heeds.
    program.variable("SOURCE_DATE_EPOCH", request.timestamp.to_string());
    deliver(&mut program, request, delivery);
    program.arguments([&request.context]);
    program
}

fn deliver(program: &mut Program, request: &BuildRequest, delivery: &Delivery<'_>) {
    match delivery {
        Delivery::Engine { id_file } => {
            program.arguments(["--load".as_ref(), "--iidfile".as_ref(), id_file.as_os_str()]);
        }
        Delivery::Archive { facts } => {
            // A manifest has them in any case, an index where there is one.
            let level = if request.platforms.single().is_some() { "manifest" } else { "index,manifest" };
            for (name, value) in &request.annotations {
                program.arguments(["--annotation", &format!("{level}:{name}={value}")]);
            }
            let mut output = "type=oci,dest=-,rewrite-timestamp=true".to_owned();
            if request.compression == Compression::Zstd {
                output.push_str(",compression=zstd");
            }
            program.arguments(["--output", &output]);
            program.arguments([OsString::from("--metadata-file"), facts.as_os_str().to_owned()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use plimsoll_core::ports::{Platform, Platforms};

    use super::*;
    use crate::settings::{BuildSecret, BuildSettings, SecretSource};

    #[test]
    fn everything_is_passed_on_and_no_secret_is_among_the_arguments() {
        let source = SecretSource::Variable { name: "TOKEN".to_owned(), value: Some("hunter2".into()) };
        let settings = DockerSettings {
            builder: Some("farm".to_owned()),
            build: BuildSettings {
                secrets: vec![BuildSecret { name: "npm".to_owned(), source }],
                cache_from: vec!["type=registry,ref=r.example/cache".to_owned()],
                cache_to: vec!["type=inline".to_owned()],
            },
            ..DockerSettings::default()
        };
        let text = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let platforms = ["linux/amd64", "linux/arm64"].map(|text| text.parse::<Platform>().unwrap());
        let request = BuildRequest {
            context: "site".into(),
            dockerfile: "site/Dockerfile".into(),
            build_arguments: text("VERSION", "1.2.3"),
            target: Some("web".to_owned()),
            platforms: Platforms::new(platforms.to_vec()).unwrap(),
            compression: Compression::Zstd,
            labels: text("a", "b=c"),
            annotations: text("d", "e,f"),
            timestamp: 7,
            layout: "layout".into(),
        };
        let secrets = Secrets::read(&settings.build.secrets).unwrap();
        let program =
            program(&settings, &request, &secrets, &Delivery::Archive { facts: Path::new("facts") });
        let line = program.listed().collect::<Vec<_>>().join(" ");
        assert_eq!(
            line,
            "buildx build --progress rawjson --builder farm --file site/Dockerfile \
             --platform linux/amd64,linux/arm64 --target web --build-arg VERSION --label a=b=c \
             --secret id=npm,env=PLIMSOLL_BUILD_SECRET_0 --cache-from type=registry,ref=r.example/cache \
             --cache-to type=inline --provenance=false --sbom=false --annotation index,manifest:d=e,f \
             --output type=oci,dest=-,rewrite-timestamp=true,compression=zstd --metadata-file facts site"
        );
    }
}
