//! Pushing, tagging and pulling, with a registry that does its part and with one that does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attach;
mod azure;
mod broken_pulls;
mod broken_pushes;
mod credentials;
mod faults;
mod image;
mod layouts;
mod mounts;
mod platforms;
mod redirects;
mod referrers;
mod restarts;
mod resumption;
mod server;
mod servers;
mod setting;
mod transfers;
mod uploads;
