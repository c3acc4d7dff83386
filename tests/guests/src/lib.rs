//! The test guests: small components, good and hostile. Each program's own documentation says what it does and what
//! the host must answer; those that are no program are `lean`, spoilt: `core-module` before it became a component,
//! `truncated` to its first half, and `contract-VERSION` with another version of the contract in every name.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// A guest's binary; `None` when there is no guest of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static [u8]> {
    GUESTS.iter().find(|(guest, _)| *guest == name).map(|(_, bytes)| *bytes)
}

/// A guest's binary.
///
/// # Panics
/// There is no guest of this name: the test that asks is wrong.
#[must_use]
pub fn component(name: &str) -> &'static [u8] {
    find(name).unwrap_or_else(|| panic!("there is no guest `{name}`, only {:?}", names().collect::<Vec<_>>()))
}

/// The names of all guests, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    GUESTS.iter().map(|(name, _)| *name)
}
