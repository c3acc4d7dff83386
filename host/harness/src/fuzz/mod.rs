//! Fuzzing: questions made up from the contract's types, biased to the edges, and what must hold for every answer.
//!
//! A run is the same for the same seed, suite and policy, whatever the number of processors.

mod answers;
mod counter_example;
mod judge;
mod parts;
mod pools;
mod run;
mod shrink;

pub use counter_example::{CounterExample, Violation};
pub use run::{Budget, FuzzOptions, FuzzReport, InvariantUse, fuzz};
