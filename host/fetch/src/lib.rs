//! What a Dockerfile's ADD reads from elsewhere: files on the web, and git repositories through the program `git`.
//!
//! Times and redirects are bounded, and the sizes of files; nothing bounds the size of a repository but the disk. Whether
//! what came is what was wanted, the builder checks.

mod checkout;
mod error;
mod git;
mod history;
mod web;

pub use error::FetchError;

use std::{io::Write, path::Path};

use async_trait::async_trait;
use plimsoll_core::ports::{Activity, GitSource, PortFailure, Progress, RemoteSources};

use self::web::Web;

/// Fetches what it is asked for, with nobody's credentials but those in the address or in git's own care.
///
/// TLS is rustls with the provider that the process installed, and trusts what the system trusts; without a provider, the
/// first file that is fetched panics.
#[derive(Debug, Clone, Default)]
pub struct Fetcher {
    web: Web,
}

#[async_trait]
impl RemoteSources for Fetcher {
    async fn file(
        &self,
        url: &str,
        into: &mut (dyn Write + Send),
        progress: &dyn Progress,
    ) -> Result<(), PortFailure> {
        Ok(self.web.fetch(url, into, progress).await?)
    }

    async fn repository(
        &self,
        source: &GitSource,
        into: &Path,
        progress: &dyn Progress,
    ) -> Result<String, PortFailure> {
        progress.activity(Activity::Line(&format!("git fetch {}", web::shown(&source.url))));
        Ok(checkout::check_out(source, into).await?)
    }
}
