//! Carrying releases out: the executor around the pure machine of `plimsoll_core::release`.

mod effects;
mod error;
mod executor;
mod leases;
mod order;
mod preview;
mod questions;
mod tagging;

pub use effects::Effects;
pub use error::ReleaseError;
pub use executor::{Event, Executor};
pub use preview::{Preview, preview};
pub use tagging::derive_tags;
