//! A blob on its way from the registry: piece by piece, bounded, and taken up where it broke off (OCI distribution specification
//! 1.1, "Pulling blobs"). Whoever takes it in verifies its digest.

use bytes::Bytes;
use plimsoll_core::digest::Digest;
use reqwest::{
    Response, StatusCode, Url,
    header::{CONTENT_RANGE, HeaderMap, RANGE},
};

use crate::{error::RegistryError, repository::RegistryRepository, retries::Retries};

/// A blob that is being fetched.
pub(crate) struct Download<'a> {
    repository: &'a RegistryRepository,
    what: String,
    url: Url,
    limit: u64,
    /// What must come; absent when only the limit is known.
    size: Option<u64>,
    received: u64,
    retries: Retries<'a>,
    source: Option<Source>,
}

/// An answer that brings the content.
struct Source {
    answer: Response,
    /// How much of it was received before, from an answer that broke off.
    known: u64,
}

impl RegistryRepository {
    /// Prepares to fetch a blob of at most `limit` bytes.
    pub(crate) async fn download(&self, digest: &Digest, limit: u64) -> Result<Download<'_>, RegistryError> {
        let target = digest.to_string();
        Ok(Download {
            repository: self,
            what: self.call_blob(digest),
            url: self.connection.url(&format!("{}/blobs/{target}", self.name.path())).await?,
            limit,
            size: None,
            received: 0,
            retries: Retries::new(&self.connection),
            source: None,
        })
    }
}

impl Download<'_> {
    /// Expects exactly the limit.
    pub(crate) fn whole(self) -> Self {
        Self { size: Some(self.limit), ..self }
    }

    /// The next piece; `None` once everything came.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        loop {
            self.repository.connection.traffic.gate.pass().await;
            match self.try_next().await {
                Ok(piece) => {
                    if piece.is_some() {
                        self.retries.renew();
                    }
                    return Ok(piece);
                }
                Err(error) => {
                    self.source = None;
                    self.retries.after(error).await?;
                }
            }
        }
    }

    async fn try_next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let connection = &self.repository.connection;
        // The connection may break after the last byte: there is nothing left to ask for.
        if self.source.is_none() && self.received > 0 && self.size == Some(self.received) {
            return Ok(None);
        }
        loop {
            let source = match &mut self.source {
                Some(source) => source,
                none => none.insert(begin(self.repository, &self.what, &self.url, self.received).await?),
            };
            let piece = connection.in_time(source.answer.chunk()).await?;
            let Some(mut piece) = piece.map_err(|error| connection.transport(error))? else {
                return match self.size {
                    Some(size) if self.received < size => Err(connection.ended_early()),
                    _ => Ok(None),
                };
            };
            let known = source.known.min(piece.len() as u64);
            source.known -= known;
            // No more than the piece has.
            let _ = piece.split_to(usize::try_from(known).unwrap_or_default());
            if piece.is_empty() {
                continue;
            }
            self.received += piece.len() as u64;
            if self.received > self.limit {
                return Err(connection.nonsense(&self.what, format!("more than {} bytes", self.limit)));
            }
            return Ok(Some(piece));
        }
    }
}

/// Asks for the content after `start`. A registry that cannot give a part of it gives all.
async fn begin(
    repository: &RegistryRepository,
    what: &str,
    url: &Url,
    start: u64,
) -> Result<Source, RegistryError> {
    let connection = &repository.connection;
    let make = |http: &reqwest::Client| match start {
        0 => http.get(url.clone()),
        _ => http.get(url.clone()).header(RANGE, format!("bytes={start}-")),
    };
    let answer = connection.request(&repository.pulling(what), make).await?;
    match (answer.status(), first_byte(answer.headers())) {
        (StatusCode::PARTIAL_CONTENT, Some(first)) if first == start => Ok(Source { answer, known: 0 }),
        (StatusCode::PARTIAL_CONTENT, _) => {
            Err(connection.nonsense(what, "another part of it than was asked for".to_owned()))
        }
        _ => Ok(Source { answer, known: start }),
    }
}

/// Where a part of the content begins (RFC 9110, section 14.4).
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(value: &str) -> Option<u64> {
        first_byte(&HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_str(value).unwrap())]))
    }

    #[test]
    fn the_beginning_of_a_part_is_read() {
        assert_eq!(read("bytes 100-199/300"), Some(100));
        assert_eq!(read("bytes 0-1/*"), Some(0));
        assert_eq!(read("bytes */300"), None);
        assert_eq!(read("items 1-2/3"), None);
    }

    proptest! {
        #[test]
        fn any_part_is_read_without_panic(value in "[ -~]{0,40}") {
            let _ = read(&value);
            let _ = read(&format!("bytes {value}"));
        }
    }
}
