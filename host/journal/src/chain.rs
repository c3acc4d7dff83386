//! The hash chain.
//!
//! The hash of an entry is the SHA-256 sum of, in this order:
//!
//! 1. the hash of the entry before it, 32 bytes; all zero for the first entry,
//! 2. its sequence, 8 bytes, big-endian,
//! 3. its time in Unix seconds, 8 bytes, big-endian two's complement,
//! 4. the length of the release's id in bytes, 8 bytes, big-endian, and the id,
//! 5. the length of the fact's JSON text in bytes, 8 bytes, big-endian, and the text exactly as stored, in UTF-8.
//!
//! Every part has a fixed size or is preceded by its length, so no two entries have the same bytes before hashing.

use plimsoll_core::digest::Digest;

/// What stands before the first entry.
pub(crate) const GENESIS: Digest = Digest::from_bytes([0; 32]);

/// The parts of an entry that its hash covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'a> {
    /// Its place.
    pub(crate) sequence: u64,
    /// Its time, Unix seconds.
    pub(crate) at: i64,
    /// The release's id.
    pub(crate) release: &'a str,
    /// The fact as stored.
    pub(crate) json: &'a str,
}

impl Link<'_> {
    /// The hash of this entry behind that one.
    pub(crate) fn hash(&self, previous: &Digest) -> Digest {
        let mut bytes = Vec::with_capacity(64 + self.release.len() + self.json.len());
        bytes.extend_from_slice(previous.as_bytes());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.at.to_be_bytes());
        for text in [self.release, self.json] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Digest::of(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_moves_between_two_parts_changes_the_hash() {
        let one = Link { sequence: 1, at: 0, release: "ab", json: "c" };
        let other = Link { sequence: 1, at: 0, release: "a", json: "bc" };
        assert_ne!(one.hash(&GENESIS), other.hash(&GENESIS));
    }

    /// The framing is a promise to whoever checks an export with a program of their own: it may not change unnoticed.
    #[test]
    fn the_framing_is_as_documented() {
        let link = Link { sequence: 258, at: -1, release: "r", json: "{}" };
        let mut bytes = vec![0; 32];
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 2]);
        bytes.extend([0xff; 8]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1, b'r']);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 2, b'{', b'}']);
        assert_eq!(link.hash(&GENESIS), Digest::of(&bytes));
    }
}
