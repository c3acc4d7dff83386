//! Statements about images, as in-toto attestations: how an image was built ([`Build`], SLSA provenance 1), which policy gave it its
//! tags ([`Tagging`]), and what the policies of an environment decided ([`Promotion`]).
//!
//! They are made of facts alone, so the same release makes the same bytes. What is read comes from outside: it is bounded, read
//! strictly where it matters and believed only as far as somebody else vouches for it. Where statements are kept, and how they are
//! signed, is not known here.

mod build;
mod check;
mod decision;
mod expected;
mod found;
mod recorded;
mod resource;
mod statement;
mod time;

pub use build::{
    BUILD_TYPE, BUILDER, Build, BuildDefinition, Builder, External, Internal, Metadata, RunDetails, Source,
};
pub use check::{Report, check};
pub use decision::{DecidingPolicy, Promotion, Record, RuleSummary, TagGiven, Tagging};
pub use expected::{Expected, ExpectedPolicy};
pub use found::{Disregarded, Found, Gathered, MOST_REFERRERS, Vouched};
pub use recorded::{Recorded, RecordedRelease};
pub use resource::{DigestSet, Resource};
pub use statement::{Claim, LARGEST_STATEMENT, Statement, StatementError};
