//! Carrying releases out: the executor around the pure machine of `plimsoll_core::release`.

mod effects;
mod enquire;
mod error;
mod executor;
mod leases;
mod order;
mod preview;
mod questions;
mod shadows;

use effects::Effects;

pub use enquire::{PromotionQuestions, promotion_questions};
pub use error::ReleaseError;
pub use executor::{Event, Executor};
pub(crate) use order::standing;
pub use preview::{Preview, preview};
pub use questions::{ask_one, derive_tags, tagging_request};
