//! What is wrong with a Dockerfile, and where.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A place in a Dockerfile, counted from one. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub at: Position,
    /// What is wrong, and what would be right.
    pub message: String,
    /// Whether nothing is wrong but that the embedded builder cannot do it, and a Docker engine can.
    pub needs_engine: bool,
}

/// Every mistake that was found in a Dockerfile, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    dockerfile: PathBuf,
    list: Vec<Problem>,
}

impl Problem {
    /// A mistake at a place.
    pub(crate) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), needs_engine: false }
    }

    /// Something that only a Docker engine can build.
    pub(crate) fn for_engine(at: Position, message: &str) -> Self {
        let message = format!("{message}: build with `builder = \"docker\"` instead");
        Self { at, message, needs_engine: true }
    }

    /// This mistake alone, with the file that it is in.
    pub(crate) fn in_file(self, dockerfile: &Path) -> Problems {
        Problems { dockerfile: dockerfile.to_owned(), list: vec![self] }
    }
}

impl Problems {
    /// Mistakes with the file that they are in.
    pub(super) fn new(dockerfile: &Path, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| problem.at);
        Self { dockerfile: dockerfile.to_owned(), list }
    }

    /// The Dockerfile.
    #[must_use]
    pub fn dockerfile(&self) -> &Path {
        &self.dockerfile
    }

    /// Whether a Docker engine could build it as it is.
    #[must_use]
    pub fn need_engine(&self) -> bool {
        self.list.iter().all(|problem| problem.needs_engine)
    }

    /// The mistakes, in the order of the lines; never empty.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}

/// `line:column`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One line for each mistake: `file:line:column: message`.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{}: {}", self.dockerfile.display(), problem.at, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
