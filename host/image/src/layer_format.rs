//! The formats that layers are compressed in. In each, a layer is a beginning, segments that were compressed one by one,
//! and an end.

use std::io;

use flate2::Crc;
use plimsoll_core::ports::Compression;

use crate::{
    gzip::{self, Deflater},
    zstd_frames::Framer,
};

/// Compresses segments in one of the formats.
pub(crate) enum Packer {
    Gzip(Deflater),
    Zstd(Framer),
}

impl Packer {
    pub(crate) fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::Gzip => Self::Gzip(Deflater::new()),
            Compression::Zstd => Self::Zstd(Framer::new()?),
        })
    }

    /// The segment, compressed: always to the same bytes.
    pub(crate) fn segment(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(deflater) => deflater.segment(data),
            Self::Zstd(framer) => framer.segment(data),
        }
    }
}

/// What comes before the first segment.
pub(crate) const fn beginning(compression: Compression) -> &'static [u8] {
    match compression {
        Compression::Gzip => &gzip::HEADER,
        Compression::Zstd => &[],
    }
}

/// What comes after the last segment. `sum` is that of all segments.
pub(crate) fn end(compression: Compression, sum: &Crc) -> Vec<u8> {
    match compression {
        Compression::Gzip => gzip::trailer(sum).to_vec(),
        Compression::Zstd => Vec::new(),
    }
}

/// The media type of a layer (OCI image specification 1.1, "Image Layer Filesystem Changeset").
pub(crate) const fn media_type(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
        Compression::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
    }
}
