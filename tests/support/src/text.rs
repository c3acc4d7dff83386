//! Small helpers on texts and files.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A temporary folder that goes with its value.
#[track_caller]
pub(crate) fn temporary_folder(purpose: &str) -> TempDir {
    match tempfile::Builder::new().prefix(&format!("plimsoll-{purpose}-")).tempdir() {
        Ok(folder) => folder,
        Err(error) => panic!("no temporary folder could be made: {error}"),
    }
}

/// Writes a file, and the folders that it is in.
#[track_caller]
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    let parent = path.parent().unwrap_or(Path::new("."));
    if let Err(error) = fs::create_dir_all(parent).and_then(|()| fs::write(path, content)) {
        panic!("{} could not be written: {error}", path.display());
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base 64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).expect("six bits fit");
            text.push(if place <= group.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    text
}

/// The folder for what is costly to make and can be made again.
#[track_caller]
pub(crate) fn shared_cache() -> PathBuf {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let folder = base.unwrap_or_else(env::temp_dir).join("plimsoll-tests");
    if let Err(error) = fs::create_dir_all(&folder) {
        panic!("{} could not be made: {error}", folder.display());
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_the_standard_one() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
