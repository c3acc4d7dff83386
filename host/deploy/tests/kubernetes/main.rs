//! The Kubernetes target against a real control plane.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod kinds;
mod life;
mod looks;
mod many;
mod outage;
mod refusals;
mod site;
mod sources;
