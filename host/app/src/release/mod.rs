//! Carrying releases out: the executor around the pure machine of `plimsoll_core::release`.

mod effects;
mod error;
mod executor;
mod leases;
mod order;
mod preview;
mod questions;
mod shadows;

use effects::Effects;

pub use error::ReleaseError;
pub use executor::{Event, Executor};
pub(crate) use order::standing;
pub use preview::{Preview, preview};
pub use questions::derive_tags;
