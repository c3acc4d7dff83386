//! Builders that let an engine build, for Dockerfiles that run commands.
//!
//! [`DockerBuilder`] asks a Docker engine, or any builder that the client's plugin buildx knows; [`BuildahBuilder`] runs
//! buildah. Both leave what the embedded builder leaves: an image in an OCI layout, every blob verified.

mod buildah;
mod buildx;
mod console;
mod docker;
mod error;
mod import;
mod program;
mod secrets;
mod settings;
mod stream;

pub use buildah::BuildahBuilder;
pub use docker::{DockerBuilder, DockerError};
pub use error::EngineError;
pub use settings::{BuildSecret, BuildSettings, BuildahSettings, DockerSettings, Isolation, SecretSource};

use std::path::Path;

use plimsoll_image::ImageError;
use plimsoll_layout::Layout;
use tempfile::TempDir;

/// How the names of the folders begin that builds work in.
const WORK: &str = ".engine-";

/// Does work that blocks where it may block.
async fn blocking<T: Send + 'static, E: From<ImageError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(ImageError::Interrupted(error).into()),
        },
    }
}

/// The layout that an image goes into.
async fn open_layout(root: &Path) -> Result<Layout, EngineError> {
    let root = root.to_owned();
    blocking(move || Layout::open_or_create(&root).map_err(EngineError::from)).await
}

/// A folder for what a program writes, on the disk that the image goes to.
fn work_folder(layout: &Layout) -> Result<TempDir, EngineError> {
    let made = tempfile::Builder::new().prefix(WORK).tempdir_in(layout.root());
    made.map_err(|source| EngineError::Io { action: "write into", path: layout.root().to_owned(), source })
}
