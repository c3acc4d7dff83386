//! The release machine: a release is the fold over its facts, and the next step is a pure function of that fold.

mod environment;
mod identity;
mod precedence;
mod state;
mod step;

pub use environment::{EnvironmentState, Stay};
pub use identity::release_id;
pub use precedence::Precedence;
pub use state::{ReleaseState, Standing, StepFailure, Tagging};
pub use step::{Step, next};
