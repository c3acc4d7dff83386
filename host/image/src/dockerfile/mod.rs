//! The Dockerfile: its language as data, and which of its stages a build needs.
//!
//! Reference: the Dockerfile reference of Docker, as BuildKit reads it.

mod copying;
mod instruction;
mod lines;
mod needs;
mod parse;
mod pattern;
mod planner;
mod problem;
mod remote;
mod stages;
mod template;
mod values;
mod warnings;
mod words;

pub use instruction::{Argument, Command, Copy, From, Healthcheck, Instruction, Kind, OnBuild, Source, Word};
pub use lines::HereDocument;
pub use problem::{Position, Problem, Problems};
pub(crate) use remote::Remote;
pub(crate) use stages::{Base, Origin, Plan};
pub use template::Template;
pub(crate) use values::{is_signal, ports};

use std::path::Path;

/// A Dockerfile, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The instructions in their order.
    pub instructions: Vec<Instruction>,
    /// The escape character: `\` unless a directive says otherwise.
    pub escape: char,
}

impl Dockerfile {
    /// Reads the text of a Dockerfile. The path is only for messages.
    ///
    /// # Errors
    /// Every mistake in it, with line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Problems> {
        parse::parse(text).map_err(|problems| Problems::new(path, problems))
    }
}
