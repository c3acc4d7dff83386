//! buildx, the plugin of the Docker client: it knows the builders that a team has, wherever they are.

mod arguments;
mod client;
mod progress;

use std::{fs, path::Path};

use plimsoll_core::{
    digest::Digest,
    ports::{BuildRequest, BuiltImage, Progress},
};
use plimsoll_image::ImageError;
use plimsoll_layout::{Layout, Manifest};
use serde::Deserialize;
use tokio::{process::ChildStdout, task::spawn_blocking};

pub(crate) use self::client::{Found, docker, find};
use self::{arguments::Delivery, progress::Report};
use crate::{
    console::Console,
    docker::saved,
    error::EngineError,
    import, open_layout,
    program::Program,
    secrets::Secrets,
    settings::DockerSettings,
    stream::{Received, pass_on},
    work_folder,
};

/// The driver of builders that are part of a Docker engine.
const ENGINE: &str = "docker";

/// Builds with buildx.
pub(crate) async fn build(
    settings: &DockerSettings,
    request: &BuildRequest,
    secrets: &Secrets,
    progress: &dyn Progress,
) -> Result<BuiltImage, EngineError> {
    let is_part_of_engine = client::driver(settings).await? == ENGINE;
    let beyond = arguments::beyond_engine(request);
    if is_part_of_engine && !beyond.is_empty() {
        let builder = settings.builder.clone().unwrap_or_else(|| "default".to_owned());
        return Err(EngineError::PartOfEngine { builder, wanted: beyond });
    }
    let layout = open_layout(&request.layout).await?;
    let folder = work_folder(&layout)?;
    let console = Console::new(progress, secrets);
    if is_part_of_engine {
        let id_file = folder.path().join("id");
        let program = arguments::program(settings, request, secrets, &Delivery::Engine { id_file: &id_file });
        follow(program, &console, |stdout| pass_lines(stdout, &console)).await?;
        let id = read(&id_file)?;
        save(settings, id.trim(), request, &layout, &console).await
    } else {
        let facts = folder.path().join("facts");
        let program = arguments::program(settings, request, secrets, &Delivery::Archive { facts: &facts });
        let (sender, received) = Received::new();
        let (target, platforms) = (layout.clone(), request.platforms.clone());
        let taking = spawn_blocking(move || import::archive(received, &target, platforms.as_slice()));
        let ran = follow(program, &console, |stdout| pass_on(stdout, sender)).await;
        let taken = taking.await.map_err(ImageError::Interrupted)?;
        // A build that failed is the cause, an archive that is not there its effect.
        ran?;
        let built = taken?;
        compare(&facts, &built, &layout)?;
        Ok(built)
    }
}

/// Runs buildx to the end of a build, and shows what it says.
async fn follow<F: Future<Output = ()>>(
    program: Program,
    console: &Console<'_>,
    output: impl FnOnce(ChildStdout) -> F,
) -> Result<(), EngineError> {
    let mut report = Report::new(console);
    let (status, ()) = program.follow(|bytes| report.push(bytes), output).await?;
    report.end();
    if status.success() {
        return Ok(());
    }
    Err(EngineError::Failed { program: "docker", status, lines: console.last_lines() })
}

async fn pass_lines(mut stdout: ChildStdout, console: &Console<'_>) {
    let mut lines = console.lines();
    crate::program::each(&mut stdout, |bytes| lines.push(bytes, |line| console.line(line))).await;
    lines.end(|line| console.line(line));
}

/// Fetches an image out of the engine that built it.
async fn save(
    settings: &DockerSettings,
    id: &str,
    request: &BuildRequest,
    layout: &Layout,
    console: &Console<'_>,
) -> Result<BuiltImage, EngineError> {
    let mut program = docker(settings);
    program.arguments(["save", id]);
    let (sender, received) = Received::new();
    let (target, request) = (layout.clone(), request.clone());
    let taking = spawn_blocking(move || saved::convert(received, &target, &request));
    let mut complaint = console.lines();
    let said = |bytes: &[u8]| complaint.push(bytes, |line| console.line(line));
    let (status, ()) = program.follow(said, |stdout| pass_on(stdout, sender)).await?;
    let taken = taking.await.map_err(ImageError::Interrupted)?;
    if !status.success() {
        return Err(EngineError::Failed { program: "docker", status, lines: console.last_lines() });
    }
    Ok(taken?)
}

/// What buildx tells of a build (docker-buildx-build(1), `--metadata-file`).
#[derive(Deserialize)]
struct Facts {
    #[serde(rename = "containerimage.digest")]
    digest: Option<Digest>,
}

/// Looks whether buildx built what came. What it calls the image may also be an index with attestations around it.
fn compare(facts: &Path, built: &BuiltImage, layout: &Layout) -> Result<(), EngineError> {
    let facts: Facts = serde_json::from_str(&read(facts)?)
        .map_err(|error| EngineError::Unusable(format!("what buildx tells of it: {error}")))?;
    let Some(said) = facts.digest.filter(|said| *said != built.digest) else { return Ok(()) };
    match layout.read_manifest(&said) {
        Ok(Manifest::Index(_)) => Ok(()),
        _ => Err(EngineError::AnotherImage { said, found: built.digest }),
    }
}

fn read(path: &Path) -> Result<String, EngineError> {
    let failed = |source| EngineError::Io { action: "read", path: path.to_owned(), source };
    fs::read_to_string(path).map_err(failed)
}
