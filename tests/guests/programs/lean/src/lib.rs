//! Lean guest.
