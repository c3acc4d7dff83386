//! The blobs of the registry in memory, and the uploads that are to become some (OCI distribution specification 1.1, "Pushing
//! blobs"): strict about the order of pieces.

use std::collections::HashMap;

use plimsoll_core::digest::Digest;

use crate::server::{Answer, Request};

/// What several servers may share.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// Blobs by digest.
    pub(crate) blobs: HashMap<String, Vec<u8>>,
    /// The least that is taken in one piece, but for the last.
    pub(crate) least: Option<u64>,
    /// Pieces are not taken.
    pub(crate) whole_only: bool,
    /// Locations say what follows the host only.
    pub(crate) relative: bool,
    /// Blobs are only given whole.
    pub(crate) no_parts: bool,
    /// Bytes of content that were taken in.
    pub(crate) taken: usize,
    /// What is there of each upload.
    uploads: HashMap<u64, Vec<u8>>,
    last: u64,
}

impl Storage {
    /// Forgets every upload, as a registry does that is started anew.
    pub(crate) fn forget_uploads(&mut self) {
        self.uploads.clear();
    }

    /// Answers what is asked of the blobs; `None` for what makes no sense.
    pub(crate) fn answer(&mut self, request: &Request, name: &str, host: &str) -> Option<Answer> {
        let upload = name.strip_prefix("uploads/");
        Some(match (request.method.as_str(), upload) {
            ("POST", Some("")) => self.begin(host),
            (method, Some(number)) => {
                let number = number.parse().ok()?;
                if !self.uploads.contains_key(&number) {
                    return Some(Answer::error(404, "BLOB_UPLOAD_UNKNOWN"));
                }
                match method {
                    "GET" => self.status(204, number, host),
                    "PATCH" => self.append(request, number, host),
                    "PUT" => self.close(request, number)?,
                    _ => return None,
                }
            }
            ("GET" | "HEAD", None) => self.fetch(request, name),
            _ => return None,
        })
    }

    fn begin(&mut self, host: &str) -> Answer {
        self.last += 1;
        self.uploads.insert(self.last, Vec::new());
        let mut answer = self.status(202, self.last, host);
        if let Some(least) = self.least {
            answer.headers += &format!("OCI-Chunk-Min-Length: {least}\r\n");
        }
        answer
    }

    fn status(&self, status: u16, number: u64, host: &str) -> Answer {
        let end = self.uploads[&number].len().saturating_sub(1);
        let host = if self.relative { String::new() } else { format!("http://{host}") };
        // The location changes with every request.
        let location = format!("{host}/v2/site/blobs/uploads/{number}?state={end}");
        Answer::new(status, format!("Location: {location}\r\nRange: 0-{end}\r\n"), b"")
    }

    fn append(&mut self, request: &Request, number: u64, host: &str) -> Answer {
        let upload = self.uploads.entry(number).or_default();
        let range = request.headers.get("content-range").and_then(|range| range.split_once('-'));
        let start = range.and_then(|(start, _)| start.parse().ok());
        if self.whole_only {
            return Answer::error(405, "UNSUPPORTED");
        }
        if start != Some(upload.len()) {
            return self.status(416, number, host);
        }
        // Also a piece that broke off: it stays as far as it came.
        upload.extend_from_slice(&request.body);
        self.taken += request.body.len();
        self.status(202, number, host)
    }

    fn close(&mut self, request: &Request, number: u64) -> Option<Answer> {
        let claimed = request.parameter("digest")?;
        let mut content = self.uploads.remove(&number)?;
        content.extend_from_slice(&request.body);
        self.taken += request.body.len();
        if request.is_broken || claimed != Digest::of(&content).to_string() {
            return Some(Answer::error(400, "DIGEST_INVALID"));
        }
        let headers = format!("Location: /x\r\nDocker-Content-Digest: {claimed}\r\n");
        self.blobs.insert(claimed, content);
        Some(Answer::new(201, headers, b""))
    }

    fn fetch(&self, request: &Request, digest: &str) -> Answer {
        let Some(blob) = self.blobs.get(digest) else { return Answer::error(404, "BLOB_UNKNOWN") };
        let headers = format!("Docker-Content-Digest: {digest}\r\n");
        let range =
            request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        match range.and_then(|start| start.parse::<usize>().ok()) {
            Some(start) if start < blob.len() && !self.no_parts => {
                let range = format!("Content-Range: bytes {start}-{}/{}\r\n", blob.len() - 1, blob.len());
                Answer::new(206, headers + &range, &blob[start..])
            }
            _ => Answer::new(200, headers, blob),
        }
    }
}
