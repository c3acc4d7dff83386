//! Which files ADD would unpack: archives are known by their content, never by their name.

use std::io::Read;

/// As much of a file's beginning as is needed to tell, bytes: a tar header, compressed.
pub(crate) const ENOUGH: u64 = 1 << 16;

/// Whether a file that begins so is a tar archive, plain or compressed.
pub(crate) fn is_archive(beginning: &[u8]) -> bool {
    if beginning.starts_with(&[0x1f, 0x8b]) {
        return is_tar(flate2::read::MultiGzDecoder::new(beginning));
    }
    if beginning.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return zstd::Decoder::new(beginning).is_ok_and(is_tar);
    }
    // bzip2 and xz are not looked into: what has their mark is taken for an archive.
    beginning.starts_with(b"BZh") || beginning.starts_with(b"\xfd7zXZ\0") || is_tar(beginning)
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
    use std::io::Write as _;

    use super::*;

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
        assert!(is_archive(&plain));
        assert!(is_archive(&gzip(&plain)));
        assert!(is_archive(&zstd::encode_all(plain.as_slice(), 1).unwrap()));
        for other in [b"".as_slice(), b"text", &[0; 1024], &gzip(b"no tar"), &gzip(b"")] {
            assert!(!is_archive(other));
        }
    }
}
