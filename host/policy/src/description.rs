//! What a policy says of itself: checked, and written into the component so that it can be read without running anything.

use std::collections::BTreeSet;

use plimsoll_core::{contract::Description, verdict::LONGEST_MESSAGE};
use wasm_encoder::{ComponentSection as _, CustomSection};

/// The custom section that holds the description: the answer of `about.describe` in the JSON form of the contract.
pub const DESCRIPTION_SECTION: &str = "plimsoll:about";
/// Sections in which tools for any component look for its version and what it is for: text, nothing else.
pub(crate) const COMMON_SECTIONS: [&str; 2] = ["version", "description"];
/// The longest description, bytes: an answer has 1 MiB at most, and JSON writes a byte as six at worst.
const LONGEST: usize = 8 << 20;
/// The longest name and version, bytes.
const LONGEST_NAME: usize = 64;

/// What is wrong with the description that a component carries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// There are several.
    #[error("it is there more than once")]
    Repeated,
    /// It is longer than any.
    #[error("it has {size} bytes, more than {LONGEST}")]
    TooLong {
        /// Its size, bytes.
        size: usize,
    },
    /// It is not in the form of the contract.
    #[error("it is not a description in the JSON form of the contract: {reason}")]
    Malformed {
        /// What the reader says.
        reason: String,
    },
    /// It says what no policy may say.
    #[error("{0}")]
    Refused(String),
}

/// Reads the description that a component carries.
pub(crate) fn read(section: &[u8]) -> Result<Description, DescriptionError> {
    if section.len() > LONGEST {
        return Err(DescriptionError::TooLong { size: section.len() });
    }
    let description: Description = serde_json::from_slice(section)
        .map_err(|error| DescriptionError::Malformed { reason: error.to_string() })?;
    check(description).map_err(DescriptionError::Refused)
}

/// Checks what a policy says of itself.
pub(crate) fn check(description: Description) -> Result<Description, String> {
    let Description { name, version, summary, settings_schema } = &description;
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(word) {
        return Err("its name is not 1 to 64 of `a-z 0-9 -`".to_owned());
    }
    if version.is_empty()
        || version.len() > LONGEST_NAME
        || !version.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err("its version is not 1 to 64 visible characters".to_owned());
    }
    if summary.len() > LONGEST_MESSAGE {
        return Err(format!("its summary is over {LONGEST_MESSAGE} bytes"));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(settings_schema) {
        Ok(_) => Ok(description),
        Err(error) => Err(format!("its settings schema is not JSON: {error}")),
    }
}

/// How a description that a component carries differs from what the component says when it is asked.
pub(crate) fn difference(carried: &Description, said: &Description) -> Option<String> {
    let fields = [
        ("name", &carried.name, &said.name),
        ("version", &carried.version, &said.version),
        ("summary", &carried.summary, &said.summary),
    ];
    for (field, carried, said) in fields {
        if carried != said {
            return Some(format!("it says that its {field} is `{said}`, and carries `{carried}`"));
        }
    }
    let differs = carried.settings_schema != said.settings_schema;
    differs.then(|| "it says another schema of its settings than it carries".to_owned())
}

/// Writes a description into a component that carries none. `there` are the common sections that it has already.
pub(crate) fn write(component: &[u8], description: &Description, there: &BTreeSet<String>) -> Vec<u8> {
    let mut described = component.to_vec();
    let mut section = |name: &str, text: &str| {
        let section = CustomSection { name: name.into(), data: text.as_bytes().into() };
        section.append_to_component(&mut described);
    };
    let json = serde_json::to_string(description).expect("a record of texts has a JSON form");
    section(DESCRIPTION_SECTION, &json);
    for (name, text) in COMMON_SECTIONS.into_iter().zip([&description.version, &description.summary]) {
        if !there.contains(name) {
            section(name, text);
        }
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        Description {
            name: "weekend".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Holds releases over the weekend.".to_owned(),
            settings_schema: "{}".to_owned(),
        }
    }

    #[test]
    fn what_is_carried_is_read_back() {
        let json = serde_json::to_vec(&description()).expect("it is plain data");
        assert_eq!(read(&json), Ok(description()));
        assert!(matches!(read(b"\xff"), Err(DescriptionError::Malformed { .. })));
        assert!(matches!(read(&vec![b' '; LONGEST + 1]), Err(DescriptionError::TooLong { .. })));
        let named = |name: &str| serde_json::to_vec(&Description { name: name.to_owned(), ..description() });
        let shouting = named("WEEKEND").expect("it is plain data");
        assert!(matches!(read(&shouting), Err(DescriptionError::Refused(_))));
    }

    #[test]
    fn every_field_is_compared() {
        assert_eq!(difference(&description(), &description()), None);
        let others = [
            Description { name: "x".to_owned(), ..description() },
            Description { version: "x".to_owned(), ..description() },
            Description { summary: "x".to_owned(), ..description() },
            Description { settings_schema: "x".to_owned(), ..description() },
        ];
        for other in others {
            assert!(difference(&other, &description()).is_some(), "{other:?}");
        }
    }
}
