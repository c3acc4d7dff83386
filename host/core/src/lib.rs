//! The middle of the house: nouns, facts, verdicts, the release state machine, and the ports through which it meets
//! the outside. Nothing here does I/O, reads a clock or needs an async runtime.

pub mod contract;
pub mod decision;
pub mod difference;
pub mod digest;
pub mod fact;
mod lookup_json;
pub mod names;
pub mod plan;
pub mod ports;
pub mod reference;
pub mod release;
pub mod shadow;
pub mod verdict;
