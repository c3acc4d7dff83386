//! The gzip format (RFC 1952) made of segments that were compressed one by one: each is a member of its own, and members in
//! a row are one file (section 2.2), always of the same bytes. Layers that are read piece by piece, as eStargz has them, are
//! made the same way.

use std::io;

use libdeflater::{CompressionLvl, Compressor};

/// The compression level; fixed, since it is part of what a digest depends on. What higher ones save, a few parts in a
/// hundred, takes half as long again and more.
const LEVEL: i32 = 1;

/// Compresses segments.
pub(crate) struct Deflater(Compressor);

impl Deflater {
    pub(crate) fn new() -> Self {
        let level = CompressionLvl::new(LEVEL).expect("libdeflate has the levels 0 to 12");
        Self(Compressor::new(level))
    }

    /// A member that says nothing about time, name or system.
    pub(crate) fn segment(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        let mut member = vec![0; self.0.gzip_compress_bound(data.len())];
        let length = self.0.gzip_compress(data, &mut member).map_err(io::Error::other)?;
        member.truncate(length);
        member.shrink_to_fit();
        Ok(member)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn members_make_one_file_and_do_not_depend_on_those_before() {
        let segments = [b"a".repeat(1 << 20), Vec::new(), b"plimsoll ".repeat(70_000)];
        let mut deflater = Deflater::new();
        let mut all = Vec::new();
        for segment in &segments {
            let member = deflater.segment(segment).unwrap();
            assert_eq!(member, Deflater::new().segment(segment).unwrap());
            assert_eq!(member[..4], [0x1f, 0x8b, 8, 0], "no name, no comment");
            assert_eq!(member[4..8], [0; 4], "no time");
            all.extend(member);
        }
        let mut back = Vec::new();
        flate2::read::MultiGzDecoder::new(all.as_slice()).read_to_end(&mut back).unwrap();
        assert_eq!(back, segments.concat());
    }
}
