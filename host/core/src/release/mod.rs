//! The release machine: a release is the fold over its facts, and the next step is a pure function of that fold.

mod due;
mod environment;
mod identity;
mod precedence;
mod queue;
mod state;
mod step;

pub use due::{due, due_in};
pub use environment::{EnvironmentState, Known, Stay};
pub use identity::release_id;
pub use precedence::Precedence;
pub use queue::{Ahead, Queue, ahead};
pub use state::{ReleaseState, Standing, StepFailure, Tagging};
pub use step::{Attestation, Step, next, next_in};
