//! Recorded decisions made again: by the policy that made them ([`replay`]), or by another one ([`backtest`]).
//!
//! A look-up that the record does not hold is never guessed: such a decision is not replayable, and counted apart.

mod again;
mod backtest;
mod decisions;
mod difference;
mod parallel;

pub use again::{AtHand, Replay, Replayed, replay};
pub use backtest::{Backtest, Candidate, Change, Compared, backtest};
pub use decisions::{Decision, Filter, Record, Shadows, Unreadable, decisions};
pub use difference::Difference;
pub use parallel::{Page, all_processors};
