//! What the benchmarks share: measuring in turns, and a table of ratios.
#![allow(dead_code, reason = "each benchmark uses its own part")]

pub(crate) mod report;
pub(crate) mod timing;

/// The question that policies are measured with, in the contract's JSON form.
pub(crate) const REQUEST: &str = include_str!("request.json");
