//! A component as it can be read without running, or even compiling, any of it.

use plimsoll_core::{contract::Description, digest::Digest};
use wasmparser::Validator;

use crate::{
    grants::Capability,
    inspect::{Answers, InspectError, Outline},
};

/// What reading a file tells of it, whether it is a policy or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its size, bytes.
    pub size: usize,
    /// Its digest.
    pub digest: Digest,
    /// The version of the contract that its exports name.
    pub contract: Option<String>,
    /// The questions that it answers.
    pub answers: Answers,
    /// The capabilities that it imports, in the order of the contract.
    pub wants: Vec<Capability>,
    /// All that it imports, by name.
    pub imports: Vec<String>,
    /// All that it exports, by name.
    pub exports: Vec<String>,
    /// The description that it carries, where it can be read. Loading the policy compares it with what the policy says.
    pub description: Option<Description>,
    /// Why it cannot be used as a policy, if that can be seen by reading.
    pub problem: Option<InspectError>,
}

impl Reading {
    /// Reads a file. Whatever it holds, this ends, and says what could be read.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        let (outline, ended) = Outline::read(file);
        let validated = || {
            let valid = Validator::new().validate_all(file);
            valid.map_err(|error| InspectError::Malformed { reason: error.to_string() })
        };
        Self {
            size: file.len(),
            digest: Digest::of(file),
            contract: outline.contract().map(str::to_owned),
            answers: outline.answers(),
            wants: outline.wants(),
            imports: outline.imports.clone(),
            exports: outline.exports.clone(),
            description: outline.description.clone().and_then(Result::ok),
            problem: ended.and_then(|()| outline.judge()).and_then(|_| validated()).err(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>, is_component: bool) {
            let header: &[u8] = if is_component { b"\0asm\x0d\0\x01\0" } else { b"" };
            let reading = Reading::of(&[header, bytes.as_slice()].concat());
            proptest::prop_assert!(reading.problem.is_some());
        }

        #[test]
        fn a_damaged_component_is_read_to_its_damage(position in 0_usize.., bytes: [u8; 4], cut in 0_usize..) {
            for name in ["lean", "caller", "foreign"] {
                let mut component = plimsoll_guests::component(name).to_vec();
                let position = position % component.len();
                let end = component.len().min(position + bytes.len());
                component[position..end].copy_from_slice(&bytes[..end - position]);
                component.truncate(component.len() - cut % component.len() / 2);
                let reading = Reading::of(&component);
                if reading.problem.is_none() {
                    proptest::prop_assert!(reading.answers.tagging || reading.answers.promotion);
                }
            }
        }
    }
}
