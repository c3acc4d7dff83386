//! What is wrong with a case file.

use std::{fmt, path::PathBuf};

/// Why there is no suite.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is neither TOML nor YAML by its name.
    #[error("{} is no case file: name it `.toml`, `.yaml` or `.yml`", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
    },
    /// The text is not in the form of a suite.
    #[error("{}: {message}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What and where, as the reader says.
        message: String,
    },
    /// Its content contradicts itself.
    #[error(transparent)]
    Problems(#[from] ProblemsInFile),
}

/// Everything that is wrong with a suite whose form is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemsInFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, with the line (from 1) where it is known.
    pub problems: Vec<(Option<usize>, String)>,
}

impl std::error::Error for ProblemsInFile {}

impl fmt::Display for ProblemsInFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (line, problem)) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.path.display())?;
            if let Some(line) = line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {problem}")?;
        }
        Ok(())
    }
}
