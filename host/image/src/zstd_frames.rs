//! The zstd format (RFC 8878) made of segments that were compressed one by one: each is a frame of its own, and frames in a
//! row are one stream (section 3), always of the same bytes.

use std::io;

use zstd::bulk::Compressor;

/// The compression level; fixed, since it is part of what a digest depends on.
const LEVEL: i32 = 3;

/// Compresses segments.
pub(crate) struct Framer(Compressor<'static>);

impl Framer {
    pub(crate) fn new() -> io::Result<Self> {
        Compressor::new(LEVEL).map(Self)
    }

    /// A frame that states its size, and has no checksum: layers have their digests.
    pub(crate) fn segment(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        self.0.compress(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_make_one_stream_and_do_not_depend_on_those_before() {
        let segments = [b"a".repeat(1 << 20), Vec::new(), b"plimsoll ".repeat(70_000)];
        let mut framer = Framer::new().unwrap();
        let mut all = Vec::new();
        for segment in &segments {
            let frame = framer.segment(segment).unwrap();
            assert_eq!(frame, Framer::new().unwrap().segment(segment).unwrap());
            all.extend(frame);
        }
        assert_eq!(zstd::decode_all(all.as_slice()).unwrap(), segments.concat());
    }
}
