//! The release machine: a release is the fold over its facts, and the next step is a pure function of that fold.

mod identity;
mod precedence;
mod state;
mod step;

pub use identity::release_id;
pub use precedence::Precedence;
pub use state::{EnvironmentState, ReleaseState, Standing, Stay, StepFailure, Tagging};
pub use step::{Step, next};
