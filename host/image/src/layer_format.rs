//! The formats that layers are compressed in. In each, a layer is made of segments that were compressed one by one.

use std::io;

use plimsoll_core::ports::Compression;

use crate::{gzip::Deflater, zstd_frames::Framer};

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

/// The media type of a layer (OCI image specification 1.1, "Image Layer Filesystem Changeset").
pub(crate) const fn media_type(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
        Compression::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
    }
}
