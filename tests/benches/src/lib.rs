//! What the benchmarks share: measuring in turns, a table of ratios, and the least that running a policy takes. Ratios
//! of times measured side by side hold on any machine, however busy; times alone do not.

pub mod contexts;
pub mod limits;
pub mod memory;
pub mod minimal;
pub mod report;
pub mod timing;

/// The question that policies are measured with, in the contract's JSON form.
pub const REQUEST: &str = include_str!("request.json");
