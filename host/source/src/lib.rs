//! Sources: what a git repository, a CI event or command-line flags say was released.
//!
//! Each source is a module with a function `read` that yields an [`Event`]; [`flags::Overrides`] change single facts of one.

mod error;
mod event;
pub mod flags;
pub mod git;
pub mod github;

pub use error::SourceError;
pub use event::{Event, parse_commit_id, parse_ref};
