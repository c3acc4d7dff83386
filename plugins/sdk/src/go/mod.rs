//! What programs in Go read, for policies that follow one of them: regular expressions, and versions.
//!
//! Behind the feature `go`, as few policies need it.

mod class;
mod regexp;
mod source;
mod translate;
mod version;

pub use regexp::{NotARegexp, Regexp};
pub use version::Version;
