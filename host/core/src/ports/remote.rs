//! What a Dockerfile's ADD reads that is neither in the context nor in an image.

use std::{io::Write, path::Path};

use async_trait::async_trait;

use super::{PortFailure, Progress};

/// Where sources of ADD come from that are elsewhere.
#[async_trait]
pub trait RemoteSources: Send + Sync {
    /// Writes the file at an address, `http` or `https`, as it comes: whoever asked checks it.
    ///
    /// # Errors
    /// There is no such file, it is too large, or it could not be fetched.
    async fn file(
        &self,
        url: &str,
        into: &mut (dyn Write + Send),
        progress: &dyn Progress,
    ) -> Result<(), PortFailure>;

    /// Writes a state of a git repository into an empty folder: files 0644 or, when they can be executed, 0755, folders
    /// 0755. Answers the commit.
    ///
    /// # Errors
    /// There is no such repository or state, or it could not be fetched.
    async fn repository(
        &self,
        source: &GitSource,
        into: &Path,
        progress: &dyn Progress,
    ) -> Result<String, PortFailure>;
}

/// A state of a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitSource {
    /// The repository's address, as git understands it.
    pub url: String,
    /// A branch, a tag or a commit; the repository's own choice when absent.
    pub reference: Option<String>,
    /// Whether `.git` is wanted too.
    pub with_history: bool,
}
