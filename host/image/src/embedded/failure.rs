//! What keeps an instruction from being carried out.

use crate::{
    dockerfile::{Instruction, Problem},
    error::ImageError,
};

/// What an instruction cannot be carried out for: its own mistake, or something around it.
pub(super) enum Failure {
    Problem(Problem),
    Error(ImageError),
}

impl Failure {
    /// The mistake and its place, or the error that is none of the Dockerfile.
    pub(super) fn at(self, instruction: &Instruction) -> Result<Problem, ImageError> {
        match self {
            Self::Problem(problem) => Ok(problem),
            Self::Error(
                error @ (ImageError::Copy(_) | ImageError::Pattern(_) | ImageError::TooManyLinks { .. }),
            ) => Ok(Problem::new(instruction.at, format!("{}: {error}", instruction.kind.keyword()))),
            Self::Error(error) => Err(error),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Error(error)
    }
}
