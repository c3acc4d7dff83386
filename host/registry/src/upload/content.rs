//! What is sent: a blob of a layout, read from the disk piece by piece, and hashed on the way.

use std::{
    io::{self, Seek as _, SeekFrom},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use plimsoll_core::digest::Digest;
use plimsoll_layout::{Layout, LayoutError, manifest::Blob};
use reqwest::Body;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::{error::RegistryError, waiting::Meter};

/// Bytes read from a file at a time. Together with the number of transfers it bounds the memory that a push takes.
const PIECE: usize = 128 << 10;

/// A blob of a layout. The last bytes of one that is not what its digest says are never handed out, so that nobody gets it whole.
pub(super) struct Content<'a> {
    layout: &'a Layout,
    pub(super) blob: &'a Blob,
    check: Arc<Mutex<Check>>,
}

/// What was seen of the content so far.
struct Check {
    hash: Sha256,
    seen: u64,
    blob: Blob,
    /// What it has turned out to be instead.
    wrong: Option<Digest>,
}

impl<'a> Content<'a> {
    pub(super) fn new(layout: &'a Layout, blob: &'a Blob) -> Self {
        let check = Check { hash: Sha256::new(), seen: 0, blob: blob.clone(), wrong: None };
        Self { layout, blob, check: Arc::new(Mutex::new(check)) }
    }

    /// How much of it was handed out, from its beginning.
    pub(super) fn seen(&self) -> u64 {
        self.check().seen
    }

    /// A part of it as the body of a request. The meter counts what was taken.
    pub(super) fn part(&self, start: u64, length: u64, meter: &Meter) -> Result<Body, RegistryError> {
        let mut file = self.layout.open_blob(&self.blob.digest)?;
        let unreadable = |source| LayoutError::Io {
            action: "read",
            path: self.layout.blob_path(&self.blob.digest),
            source,
        };
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        let file = tokio::fs::File::from_std(file).take(length);
        let (check, meter, mut at) = (Arc::clone(&self.check), meter.clone(), start);
        let pieces = ReaderStream::with_capacity(file, PIECE).and_then(move |piece: Bytes| {
            let known = check.lock().unwrap_or_else(PoisonError::into_inner).see(at, &piece);
            at += piece.len() as u64;
            meter.add(piece.len());
            std::future::ready(known.map(|()| piece))
        });
        Ok(Body::wrap_stream(pieces))
    }

    /// Fails when the content is not what it should be.
    pub(super) fn verify(&self) -> Result<(), RegistryError> {
        let Blob { digest, size } = *self.blob;
        if let Some(found) = self.check().wrong {
            return Err(LayoutError::WrongDigest { expected: digest, found }.into());
        }
        match self.layout.has_blob(&digest)? {
            Some(found) if found == size => Ok(()),
            Some(found) => Err(RegistryError::WrongSize { digest, expected: size, found }),
            None => Err(LayoutError::BlobMissing { digest, root: self.layout.root().to_owned() }.into()),
        }
    }

    fn check(&self) -> MutexGuard<'_, Check> {
        self.check.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Check {
    /// Takes note of a piece; what was seen before is not looked at again.
    fn see(&mut self, at: u64, piece: &[u8]) -> io::Result<()> {
        let known = usize::try_from(self.seen.saturating_sub(at)).unwrap_or(usize::MAX);
        if let Some(new) = piece.get(known..).filter(|_| at <= self.seen) {
            self.hash.update(new);
            self.seen += new.len() as u64;
            if self.seen == self.blob.size {
                let found = Digest::from_bytes(self.hash.clone().finalize().into());
                self.wrong = (found != self.blob.digest).then_some(found);
            }
        }
        let is_end = at + piece.len() as u64 == self.blob.size;
        if is_end && (self.wrong.is_some() || self.seen < self.blob.size) {
            Err(io::Error::other("the blob was changed"))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(digest: Digest, size: u64) -> Check {
        Check { hash: Sha256::new(), seen: 0, blob: Blob { digest, size }, wrong: None }
    }

    #[test]
    fn the_end_of_changed_content_is_kept_back() {
        let mut right = check(Digest::of(b"abcdef"), 6);
        for (at, piece, _) in [(0, "abc", ()), (2, "cd", ()), (4, "ef", ())] {
            right.see(at, piece.as_bytes()).unwrap();
        }
        let mut changed = check(Digest::of(b"abcdef"), 6);
        changed.see(0, b"abX").unwrap();
        changed.see(3, b"def").unwrap_err();
        changed.see(3, b"def").unwrap_err();
    }

    proptest! {
        /// However often parts of it are sent, content is hashed once, in its order.
        #[test]
        fn content_is_known_after_any_order_of_resumptions(starts in proptest::collection::vec(0_u64..100, 0..20)) {
            let content: Vec<u8> = (0..100).collect();
            let mut check = check(Digest::of(&content), 100);
            for start in starts.into_iter().chain([0]) {
                let start = start.min(check.seen);
                for (number, piece) in content[usize::try_from(start).unwrap()..].chunks(7).enumerate() {
                    prop_assert!(check.see(start + 7 * number as u64, piece).is_ok());
                }
            }
            prop_assert_eq!((check.seen, check.wrong), (100, None));
        }
    }
}
