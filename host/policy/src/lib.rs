//! The sandbox that policies decide in.
