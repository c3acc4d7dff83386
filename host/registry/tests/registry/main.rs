//! Pushing, tagging and pulling, with a registry that does its part and with one that does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod credentials;
mod faults;
mod image;
mod layouts;
mod platforms;
mod referrers;
mod server;
mod setting;
mod transfers;
