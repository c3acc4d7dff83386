//! Which files ADD unpacks: archives are known by their content, never by their name.

use std::{
    fs::File,
    io::{self, Read},
};

use crate::compression::decompressed;

/// Whether a file is a tar archive, plain or compressed. What cannot be decompressed is none, and is copied as it is.
pub(crate) fn is_archive(file: File) -> io::Result<bool> {
    Ok(is_tar(decompressed(file)?))
}

/// Whether a tar header comes first: 512 bytes whose checksum is right.
fn is_tar(mut reader: impl Read) -> bool {
    let mut block = [0; 512];
    if reader.read_exact(&mut block).is_err() || block == [0; 512] {
        return false;
    }
    let header = tar::Header::from_byte_slice(&block);
    // The checksum counts its own field as blanks.
    let sum: u32 =
        block.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum();
    header.cksum().is_ok_and(|expected| expected == sum)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use super::*;

    fn is_archive_of(content: &[u8]) -> bool {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        is_archive(file).unwrap()
    }

    #[test]
    fn archives_are_known_by_content() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        header.set_cksum();
        builder.append_data(&mut header, "a", b"x".as_slice()).unwrap();
        let plain = builder.into_inner().unwrap();
        let gzip = |data: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        };
        let bzip2 = |data: &[u8]| {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        };
        assert!(is_archive_of(&plain));
        assert!(is_archive_of(&gzip(&plain)));
        assert!(is_archive_of(&bzip2(&plain)));
        assert!(is_archive_of(&zstd::encode_all(plain.as_slice(), 1).unwrap()));
        for other in [
            b"".as_slice(),
            b"text",
            &[0; 1024],
            &gzip(b"no tar"),
            &gzip(b""),
            &gzip(&plain)[..20],
            b"BZh no bzip2",
            b"\xfd7zXZ\0 no xz",
        ] {
            assert!(!is_archive_of(other));
        }
    }
}
