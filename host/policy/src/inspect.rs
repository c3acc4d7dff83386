//! Reading a component's binary before anything is compiled: is it a policy, for which contract, and what does it want?

use std::collections::BTreeSet;

use plimsoll_core::contract::{CONTRACT_VERSION, Description};
use wasmparser::{BinaryReaderError, Chunk, Parser, Payload};

use crate::{
    description::{self, COMMON_SECTIONS, DESCRIPTION_SECTION, DescriptionError},
    grants::Capability,
    run::clip,
};

/// The package of the contract.
const PACKAGE: &str = "plimsoll:policy/";
/// The first bytes of any WebAssembly binary.
const MAGIC: &[u8] = b"\0asm";
/// Version and layer of a core module, after the magic (WebAssembly core specification, "Modules", binary format).
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];
/// How many names a message lists.
const MOST_LISTED: usize = 8;

/// The questions that a policy answers, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// It derives tags.
    pub tagging: bool,
    /// It decides on promotions.
    pub promotion: bool,
}

/// What reading a component's binary tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspection {
    /// The version of the contract that it was built for.
    pub(crate) contract: String,
    pub(crate) answers: Answers,
    /// The capabilities that it imports, in the order of the contract.
    pub(crate) wants: Vec<Capability>,
    /// Memory that its modules start with, bytes.
    pub(crate) initial_memory: u64,
    /// The description that it carries.
    pub(crate) description: Option<Description>,
    /// The sections for tools of any component that it has.
    pub(crate) common_sections: BTreeSet<String>,
}

/// Why a file is no policy for this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It is something else altogether.
    #[error("it is not a WebAssembly binary: give the path of a component, a `.wasm` file")]
    NotWasm,
    /// It is WebAssembly, but not a component.
    #[error(
        "it is a core WebAssembly module, not a component: encode it with `plimsoll-componentize` or `wasm-tools component new`"
    )]
    CoreModule,
    /// It ends early.
    #[error("it is cut off after {size} bytes: fetch or build it again")]
    Truncated {
        /// Size of what is there.
        size: usize,
    },
    /// It cannot be read.
    #[error("it is damaged: {reason}")]
    Malformed {
        /// What the reader says.
        reason: String,
    },
    /// It speaks a contract that this host does not know.
    #[error(
        "it is built for version {found} of the contract, and this host speaks {host}: use a policy for {host}, or another version of the host"
    )]
    UnknownContract {
        /// The component's version.
        found: String,
        /// The host's version.
        host: &'static str,
    },
    /// It is a component of another world.
    #[error("it exports nothing of the contract plimsoll:policy {host}; it exports {}", list(exports))]
    OtherWorld {
        /// What it exports.
        exports: Vec<String>,
        /// The host's version of the contract.
        host: &'static str,
    },
    /// It does not describe itself.
    #[error("it does not export the interface `about`, which every policy has")]
    NoAbout,
    /// It answers no question.
    #[error("it answers neither question: it exports neither the interface `tagging` nor `promotion`")]
    NoQuestion,
    /// It imports what no host of this contract has.
    #[error(
        "it imports {}, which policies do not get: build it without, as `plimsoll policy build` does",
        list(imports)
    )]
    ForeignImports {
        /// The imports.
        imports: Vec<String>,
    },
    /// The description that it carries cannot be used.
    #[error(
        "the description that it carries, its custom section `{DESCRIPTION_SECTION}`, cannot be used: {0}"
    )]
    Description(#[from] DescriptionError),
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [some @ .., last] if some.len() < MOST_LISTED => {
            some.iter().chain([last]).map(|name| format!("`{}`", clip(name))).collect::<Vec<_>>().join(", ")
        }
        _ => format!("{}, and {} more", list(&names[..MOST_LISTED]), names.len() - MOST_LISTED),
    }
}

/// Reads a component's binary.
pub(crate) fn inspect(component: &[u8]) -> Result<Inspection, InspectError> {
    let (outline, ended) = Outline::read(component);
    ended.and_then(|()| outline.judge())
}

const fn truncated(component: &[u8]) -> InspectError {
    InspectError::Truncated { size: component.len() }
}

fn malformed(error: &BinaryReaderError) -> InspectError {
    InspectError::Malformed { reason: error.to_string() }
}

/// What a component's binary holds, as far as it can be read.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    initial_memory: u64,
    pub(crate) description: Option<Result<Description, DescriptionError>>,
    common_sections: BTreeSet<String>,
}

impl Outline {
    /// Reads a binary, and says why the reading ended early if it did.
    pub(crate) fn read(component: &[u8]) -> (Self, Result<(), InspectError>) {
        let mut outline = Self::default();
        let ended = outline.take_in(component);
        (outline, ended)
    }

    fn take_in(&mut self, component: &[u8]) -> Result<(), InspectError> {
        let Some(rest) = component.strip_prefix(MAGIC) else {
            let beginning = !component.is_empty() && MAGIC.starts_with(component);
            return Err(if beginning { truncated(component) } else { InspectError::NotWasm });
        };
        if rest.starts_with(CORE_MODULE) {
            return Err(InspectError::CoreModule);
        }
        let mut parser = Parser::new(0);
        let mut rest = component;
        loop {
            let chunk = parser.parse(rest, rest.is_empty()).map_err(|error| malformed(&error))?;
            let Chunk::Parsed { consumed, payload } = chunk else { return Err(truncated(component)) };
            rest = rest.get(consumed..).unwrap_or_default();
            match payload {
                Payload::End(_) => return Ok(()),
                Payload::ModuleSection { unchecked_range, .. } => {
                    let (module, after) = rest
                        .split_at_checked(unchecked_range.end - unchecked_range.start)
                        .ok_or_else(|| truncated(component))?;
                    self.initial_memory = self.initial_memory.saturating_add(initial_memory(module));
                    rest = after;
                }
                Payload::ComponentSection { unchecked_range, .. } => {
                    let length = unchecked_range.end - unchecked_range.start;
                    rest = rest.get(length..).ok_or_else(|| truncated(component))?;
                }
                Payload::ComponentImportSection(imports) => {
                    for import in imports {
                        self.imports.push(import.map_err(|error| malformed(&error))?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) => {
                    for export in exports {
                        self.exports.push(export.map_err(|error| malformed(&error))?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) => self.take_in_custom(section.name(), section.data()),
                _ => {}
            }
        }
    }

    fn take_in_custom(&mut self, name: &str, content: &[u8]) {
        if name == DESCRIPTION_SECTION {
            self.description = Some(match self.description {
                None => description::read(content),
                Some(_) => Err(DescriptionError::Repeated),
            });
        } else if COMMON_SECTIONS.contains(&name) {
            self.common_sections.insert(name.to_owned());
        }
    }

    /// The version of the contract that the exports name, if any do.
    pub(crate) fn contract(&self) -> Option<&str> {
        self.exports.iter().find_map(|name| Some(interface(name)?.1))
    }

    /// The questions that it answers.
    pub(crate) fn answers(&self) -> Answers {
        let exports = |wanted: &str| {
            self.exports.iter().any(|name| interface(name).is_some_and(|(name, _)| name == wanted))
        };
        Answers { tagging: exports("tagging"), promotion: exports("promotion") }
    }

    /// The capabilities that it imports, in the order of the contract.
    pub(crate) fn wants(&self) -> Vec<Capability> {
        let imports = |capability: &Capability| {
            let named = |name: &String| interface(name).is_some_and(|(name, _)| name == capability.name());
            self.imports.iter().any(named)
        };
        Capability::ALL.into_iter().filter(imports).collect()
    }

    pub(crate) fn judge(self) -> Result<Inspection, InspectError> {
        let of_contract: Vec<_> = self.exports.iter().filter_map(|name| interface(name)).collect();
        if of_contract.is_empty() {
            return Err(InspectError::OtherWorld { exports: self.exports, host: CONTRACT_VERSION });
        }
        let imported: Vec<_> = self.imports.iter().filter_map(|name| interface(name)).collect();
        if let Some((_, version)) = of_contract.iter().chain(&imported).find(|(_, version)| !known(version)) {
            return Err(InspectError::UnknownContract {
                found: (*version).to_owned(),
                host: CONTRACT_VERSION,
            });
        }
        let foreign: Vec<_> = self.imports.iter().filter(|name| !offered(name)).cloned().collect();
        if !foreign.is_empty() {
            return Err(InspectError::ForeignImports { imports: foreign });
        }
        let exports = |wanted: &str| of_contract.iter().find(|(name, _)| *name == wanted);
        let Some((_, contract)) = exports("about") else { return Err(InspectError::NoAbout) };
        let answers = self.answers();
        if answers == (Answers { tagging: false, promotion: false }) {
            return Err(InspectError::NoQuestion);
        }
        let contract = (*contract).to_owned();
        Ok(Inspection {
            contract,
            answers,
            wants: self.wants(),
            initial_memory: self.initial_memory,
            description: self.description.transpose()?,
            common_sections: self.common_sections,
        })
    }
}

/// Interface and version of a name in the contract's package, `plimsoll:policy/INTERFACE@VERSION`.
fn interface(name: &str) -> Option<(&str, &str)> {
    Some(name.strip_prefix(PACKAGE)?.split_once('@').unwrap_or((&name[PACKAGE.len()..], "unversioned")))
}

/// Whether the host has what an import names: a capability, or the types that go with them.
fn offered(import: &str) -> bool {
    interface(import).is_some_and(|(name, _)| {
        name == "types" || Capability::ALL.iter().any(|capability| capability.name() == name)
    })
}

/// Whether a version is of the line that the host speaks. Before 1.0 the line is `0.MINOR` (Semantic Versioning as
/// the component model links by it).
fn known(version: &str) -> bool {
    let line = |version: &str| {
        let mut parts = version.split('.').map(str::to_owned);
        let line = (parts.next(), parts.next());
        let patch = parts.next().is_some_and(|patch| patch.parse::<u32>().is_ok());
        (line, patch && parts.next().is_none())
    };
    line(version) == line(CONTRACT_VERSION)
}

/// Memory that a core module starts with, bytes. A module that cannot be read has none: compiling it says why.
fn initial_memory(module: &[u8]) -> u64 {
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::MemorySection(memories)) => {
                return memories
                    .into_iter()
                    .flatten()
                    .map(|memory| memory.initial.saturating_mul(1 << memory.page_size_log2.unwrap_or(16)))
                    .fold(0, u64::saturating_add);
            }
            Ok(Payload::CodeSectionStart { .. }) | Err(_) => break,
            Ok(_) => {}
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_of_the_line_are_known() {
        for version in ["0.1.0", "0.1.9"] {
            assert!(known(version), "{version}");
        }
        for version in ["0.2.0", "1.1.0", "0.1", "0.1.0-rc.1", "0.1.0.0", "unversioned", ""] {
            assert!(!known(version), "{version}");
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        assert_eq!(inspect(b""), Err(InspectError::NotWasm));
        assert_eq!(inspect(b"#!/bin/sh"), Err(InspectError::NotWasm));
        assert_eq!(inspect(b"\0as"), Err(InspectError::Truncated { size: 3 }));
        assert_eq!(inspect(b"\0asm\x01\0\0\0"), Err(InspectError::CoreModule));
        let empty_component = b"\0asm\x0d\0\x01\0";
        assert!(matches!(inspect(empty_component), Err(InspectError::OtherWorld { .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes: Vec<u8>) {
            let component = [b"\0asm\x0d\0\x01\0", bytes.as_slice()].concat();
            proptest::prop_assert!(inspect(&component).is_err());
        }

        #[test]
        fn no_damage_is_too_much(position in 0_usize.., byte: u8, cut in 0_usize..) {
            let mut component = plimsoll_guests::component("lean").to_vec();
            let position = position % component.len();
            component[position] = byte;
            component.truncate(cut % component.len());
            // Reading ends. It may well succeed: not every byte matters, and the last sections are only notes.
            if let Ok(inspection) = inspect(&component) {
                proptest::prop_assert!(inspection.answers.tagging || inspection.answers.promotion);
            }
        }
    }
}
