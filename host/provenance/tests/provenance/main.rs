//! Statements: what they look like, what is read of them, and what is concluded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checks;
mod reading;
mod sample;
