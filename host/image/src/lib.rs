//! From a Dockerfile and its context to an image in an OCI image layout.
//!
//! [`EmbeddedBuilder`] does it in this process, for Dockerfiles that run no commands. [`ContextArchive`] and
//! [`compress_layer`] are for builders that let an engine do it.

mod archive;
mod base_layer;
mod cache;
mod compression;
mod config;
mod context;
mod context_archive;
mod copy;
pub mod dockerfile;
mod dockerignore;
mod embedded;
mod error;
mod files;
mod glob;
mod gzip;
mod layer;
mod layer_format;
mod mode;
mod owner;
mod parts;
mod pipeline;
mod segment;
mod segment_cache;
mod shelf;
mod survey;
mod tar_writer;
mod tree;
mod walk;
mod zstd_frames;

pub use context_archive::ContextArchive;
pub use dockerignore::{Ignore, InvalidRule, Verdict};
pub use embedded::EmbeddedBuilder;
pub use error::ImageError;
pub use glob::InvalidPattern;
pub use layer::compress_layer;

use std::{fs::File, io::Read as _, path::Path};

/// The largest Dockerfile that is read, bytes.
const LARGEST_DOCKERFILE: u64 = 4 << 20;

/// Does work that blocks where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, ImageError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(ImageError::Interrupted(error)),
        },
    }
}

/// Reads a text file that people wrote, up to a size in bytes.
fn read_text(path: &Path, largest: u64) -> Result<String, ImageError> {
    let not_a_text = |problem: String| ImageError::NotAText { path: path.to_owned(), problem };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(largest + 1).read_to_end(&mut bytes))
        .map_err(ImageError::io("read", path))?;
    if bytes.len() as u64 > largest {
        return Err(not_a_text(format!("is larger than {largest} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        not_a_text(format!("is not UTF-8, on line {line}"))
    })
}
