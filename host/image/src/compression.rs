//! Reading what may be compressed. Which way is known by its first bytes, never by a name.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

/// The most memory that a file may ask for to be decompressed, KiB: eight times what the strongest usual setting needs.
const MOST_MEMORY: u32 = 512 << 10;

/// The content of a file, decompressed when it is gzip, bzip2, xz or zstd.
pub(crate) fn decompressed(file: File) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::with_capacity(1 << 18, file);
    let beginning = file.fill_buf()?;
    Ok(if beginning.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(file))
    } else if beginning.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(zstd::Decoder::with_buffer(file)?)
    } else if beginning.starts_with(b"BZh") {
        Box::new(MultiBzDecoder::new(file))
    } else if beginning.starts_with(b"\xfd7zXZ\0") {
        Box::new(XzReader::new_mem_limit(file, true, MOST_MEMORY))
    } else {
        Box::new(file)
    })
}
