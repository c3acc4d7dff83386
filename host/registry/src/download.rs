//! A blob on its way from the registry: piece by piece, bounded, and verified by the client at its end.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use oci_client::{Reference, RegistryOperation, client::SizedStream};
use plimsoll_core::digest::Digest;

use crate::{
    connection::{Ask, Connection},
    error::RegistryError,
    repository::RegistryRepository,
};

/// A blob that is being fetched.
pub(crate) struct Download<'a> {
    connection: &'a Connection,
    what: String,
    digest: Digest,
    limit: u64,
    received: u64,
    stream: SizedStream,
}

impl RegistryRepository {
    /// Begins to fetch a blob of at most `limit` bytes.
    pub(crate) async fn download(&self, digest: &Digest, limit: u64) -> Result<Download<'_>, RegistryError> {
        let session = self.connection.session().await?;
        let (what, target) = (self.call_blob(digest), digest.to_string());
        let reference: Reference = self.reference(&target);
        let ask =
            Ask { reference: &reference, operation: RegistryOperation::Pull, source: None, what: &what };
        let begin = || session.client.pull_blob_stream(&reference, target.as_str());
        let stream = self.connection.ask(&ask, begin).await?;
        let connection = &self.connection;
        Ok(Download { connection, digest: *digest, limit, received: 0, stream, what })
    }
}

impl Download<'_> {
    /// The next piece; `None` once everything came and has the right digest.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let piece = self.connection.in_time(self.stream.try_next()).await?;
        let piece = piece.map_err(|error| self.connection.broken_off(&self.what, &self.digest, error))?;
        self.received += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if self.received > self.limit {
            let problem = format!("more than {} bytes", self.limit);
            return Err(self.connection.nonsense(&self.what, problem));
        }
        Ok(piece)
    }
}
