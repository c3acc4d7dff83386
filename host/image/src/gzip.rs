//! The gzip format (RFC 1952) made of segments that were compressed one by one: whatever order or place they were
//! compressed in, together they are one member, and always the same bytes.

use std::io;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// The compression level; fixed, since it is part of what a digest depends on.
const LEVEL: u32 = 4;
/// A header that says nothing about time, name or system (RFC 1952, section 2.3).
pub(crate) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block of raw deflate (RFC 1951, section 3.2.6).
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// Compresses segments.
pub(crate) struct Deflater(Compress);

impl Deflater {
    pub(crate) fn new() -> Self {
        Self(Compress::new(Compression::new(LEVEL), false))
    }

    /// Raw deflate (RFC 1951) without a last block, which ends at a whole byte and refers to nothing before it.
    pub(crate) fn segment(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        let deflate = &mut self.0;
        deflate.reset();
        let mut bytes = Vec::with_capacity(data.len() / 2 + 1024);
        loop {
            let consumed = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
            let status = deflate
                .compress_vec(&data[consumed..], &mut bytes, FlushCompress::Sync)
                .map_err(io::Error::other)?;
            // A flush is complete when it leaves room (zlib's manual, `deflate`).
            let done = deflate.total_in() == data.len() as u64 && bytes.len() < bytes.capacity();
            if done && matches!(status, Status::Ok | Status::BufError) {
                return Ok(bytes);
            }
            bytes.reserve(data.len() / 4 + 1024);
        }
    }
}

/// What comes after all segments, whose sums were combined.
pub(crate) fn trailer(sum: &Crc) -> [u8; 10] {
    let mut trailer = [0; 10];
    trailer[..2].copy_from_slice(&LAST_BLOCK);
    trailer[2..6].copy_from_slice(&sum.sum().to_le_bytes());
    trailer[6..].copy_from_slice(&sum.amount().to_le_bytes());
    trailer
}
