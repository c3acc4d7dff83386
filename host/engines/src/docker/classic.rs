//! The API of a Docker engine: the context is sent to its classic builder, and the image comes back as an archive and becomes an
//! image of the layout like any other.

use std::{
    collections::{HashMap, VecDeque},
    io,
};

use bollard::{API_DEFAULT_VERSION, Docker, body_try_stream, query_parameters::BuildImageOptionsBuilder};
use bytes::{Buf as _, Bytes};
use futures_util::{StreamExt as _, stream};
use plimsoll_core::ports::{Activity, BuildRequest, BuiltImage, FailureClass, PortFailure, Progress};
use plimsoll_image::{ContextArchive, ImageError};
use plimsoll_layout::Layout;
use tokio::sync::mpsc;

use super::saved;
use crate::{
    blocking,
    error::shown,
    stream::{CHUNKS, Chunks, Received},
};

/// Where the engine listens unless another place is given.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// How long one request may take, seconds: builds that take a day are no builds.
const TIMEOUT: u64 = 24 * 60 * 60;
/// How many of the engine's last lines an error shows.
const LAST_LINES: usize = 20;

/// Why a Docker engine built nothing.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// Nothing answers there.
    #[error("no Docker engine answers at {host}")]
    Unreachable {
        /// Where it was looked for.
        host: String,
        /// What happened.
        source: bollard::errors::Error,
    },
    /// The address is of a kind that is not known here.
    #[error("`{0}` is no address of a Docker engine: expected `unix://...`, `tcp://...` or `http://...`")]
    Address(String),
    /// The engine could not build.
    #[error("the Docker engine could not build: {message}{}", shown(lines))]
    Build {
        /// What the engine says.
        message: String,
        /// The last lines of its output.
        lines: Vec<String>,
    },
    /// The engine failed otherwise.
    #[error("the Docker engine failed while it was to {action}")]
    Engine {
        /// What it was to do.
        action: &'static str,
        /// What it says.
        source: bollard::errors::Error,
    },
    /// The context or the result is wrong.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl From<DockerError> for PortFailure {
    fn from(error: DockerError) -> Self {
        use FailureClass::{Configuration, Outside, User};
        let (class, hint) = match error {
            DockerError::Image(error) => return error.into(),
            DockerError::Unreachable { .. } => (
                Outside,
                "Start the engine, or set DOCKER_HOST to where it listens; a Dockerfile without RUN also builds with `builder = \"embedded\"`.",
            ),
            DockerError::Address(_) => (Configuration, "Correct DOCKER_HOST."),
            DockerError::Build { .. } => (User, "Correct the Dockerfile, then run it again."),
            DockerError::Engine { .. } => (Outside, "Look into the engine's log, then run it again."),
        };
        Self::new(class, error).hint(hint)
    }
}

/// Builds with the engine at `host`, which is written as `DOCKER_HOST` is; the default socket when absent.
pub(super) async fn build(
    host: Option<&str>,
    request: &BuildRequest,
    progress: &dyn Progress,
) -> Result<BuiltImage, DockerError> {
    let docker = connect(host.unwrap_or(DEFAULT_HOST)).await?;
    let image = send(&docker, request, progress).await?;
    export(&docker, &image, request).await
}

async fn connect(host: &str) -> Result<Docker, DockerError> {
    let unreachable = |source| DockerError::Unreachable { host: host.to_owned(), source };
    let (scheme, _) = host.split_once("://").unwrap_or(("", ""));
    let docker = match scheme {
        "unix" => Docker::connect_with_unix(host, TIMEOUT, API_DEFAULT_VERSION),
        "tcp" | "http" => Docker::connect_with_http(host, TIMEOUT, API_DEFAULT_VERSION),
        _ => return Err(DockerError::Address(host.to_owned())),
    };
    docker.map_err(unreachable)?.negotiate_version().await.map_err(unreachable)
}

/// Sends the context and follows the build; answers the image's id.
async fn send(
    docker: &Docker,
    request: &BuildRequest,
    progress: &dyn Progress,
) -> Result<String, DockerError> {
    let owned = request.clone();
    let archive = blocking(move || ContextArchive::new(&owned)).await?;
    let options = options(docker, request, archive.dockerfile()).await?;
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(CHUNKS);
    let sending = tokio::spawn(blocking(move || {
        let sent = archive.write(Chunks::new(&sender));
        if let Err(error) = &sent {
            // Nobody listens when it is the engine that gave up; then its own error is shown.
            let _ = sender.blocking_send(Err(io::Error::other(error.to_string())));
        }
        sent
    }));
    let body = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let outcome = follow(docker.build_image(options, None, Some(body_try_stream(body))), progress).await;
    match (sending.await, outcome) {
        // A file that cannot be read is the cause, the engine's complaint about the broken context its effect.
        (Ok(Err(error)), Err(_)) if !is_broken_pipe(&error) => Err(error.into()),
        (_, outcome) => outcome,
    }
}

fn is_broken_pipe(error: &ImageError) -> bool {
    matches!(error, ImageError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
}

async fn options(
    docker: &Docker,
    request: &BuildRequest,
    dockerfile: &str,
) -> Result<bollard::query_parameters::BuildImageOptions, DockerError> {
    let map = |map: &std::collections::BTreeMap<String, String>| -> HashMap<String, String> {
        map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let mut options = BuildImageOptionsBuilder::default()
        .dockerfile(dockerfile)
        .buildargs(&map(&request.build_arguments))
        .labels(&map(&request.labels))
        .rm(true)
        .forcerm(true);
    if let Some(target) = &request.target {
        options = options.target(target);
    }
    // Engines of their own platform need not be told; old ones even refuse to be.
    let version = docker.version().await;
    let version = version.map_err(|source| DockerError::Engine { action: "say its version", source })?;
    // There is only one: for more, this builder is not asked.
    for platform in request.platforms.as_slice() {
        let own = version.os.as_deref() == Some(platform.os())
            && version.arch.as_deref() == Some(platform.architecture())
            && platform.variant().is_none();
        if !own {
            options = options.platform(&platform.to_string());
        }
    }
    Ok(options.build())
}

/// Passes the engine's output on; answers the image's id.
async fn follow(
    output: impl futures_util::Stream<Item = Result<bollard::models::BuildInfo, bollard::errors::Error>>,
    progress: &dyn Progress,
) -> Result<String, DockerError> {
    let mut output = std::pin::pin!(output);
    let mut last: VecDeque<String> = VecDeque::new();
    let mut image = None;
    while let Some(info) = output.next().await {
        let info = info.map_err(|error| failed_build(error, &last))?;
        if let Some(id) = info.aux.and_then(|aux| aux.id) {
            image = Some(id);
        }
        for line in info.stream.iter().flat_map(|text| text.lines()).map(str::trim_end) {
            if line.is_empty() {
                continue;
            }
            progress.activity(Activity::Line(line));
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line.to_owned());
        }
    }
    image.ok_or_else(|| DockerError::Build {
        message: "it ended without an image".to_owned(),
        lines: last.into(),
    })
}

fn failed_build(error: bollard::errors::Error, last: &VecDeque<String>) -> DockerError {
    use bollard::errors::Error::{DockerResponseServerError, DockerStreamError};
    let lines = last.iter().cloned().collect();
    match error {
        DockerStreamError { error } => DockerError::Build { message: error, lines },
        DockerResponseServerError { message, .. } => DockerError::Build { message, lines },
        source => DockerError::Engine { action: "build", source },
    }
}

/// Fetches the image and writes it into the layout.
async fn export(docker: &Docker, image: &str, request: &BuildRequest) -> Result<BuiltImage, DockerError> {
    let (sender, received) = Received::new();
    let owned = request.clone();
    let converting = tokio::spawn(blocking(move || {
        let layout = Layout::open_or_create(&owned.layout)?;
        saved::convert(received, &layout, &owned)
    }));
    let mut archive = std::pin::pin!(docker.export_image(image));
    let mut failure = None;
    while let Some(chunk) = archive.next().await {
        let chunk = chunk.map_err(|source| {
            let told = io::Error::other(source.to_string());
            failure.get_or_insert(source);
            told
        });
        if chunk.as_ref().is_ok_and(|chunk| !chunk.has_remaining()) {
            continue;
        }
        if sender.send(chunk).await.is_err() {
            break;
        }
    }
    drop(sender);
    let built = converting.await.map_err(ImageError::Interrupted)?;
    match failure {
        Some(source) => Err(DockerError::Engine { action: "export the image", source }),
        None => Ok(built?),
    }
}
