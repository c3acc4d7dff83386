//! Carrying releases out: the executor around the pure machine of `plimsoll_core::release`.

mod abreast;
mod acts;
mod admission;
mod ahead;
mod effects;
mod enquire;
mod error;
mod executor;
mod leases;
mod lookout;
mod order;
mod preview;
mod questions;
mod request;
mod shadows;
mod tick;
mod way_back;

use effects::Effects;

pub use acts::{Acts, Hold, release_before};

pub(crate) use admission::hold_on;
pub use enquire::{PromotionQuestions, promotion_questions};
pub use error::ReleaseError;
pub use executor::{Event, Executor};
pub use lookout::{Lookout, Observed};
pub(crate) use order::standing;
pub use preview::{Preview, preview};
pub use questions::{ask_one, derive_tags, tagging_request};
pub use request::Request;
pub use tick::{due_releases, wait};
