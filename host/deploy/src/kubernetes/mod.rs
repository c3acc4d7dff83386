//! Kubernetes clusters.

mod options;

pub use options::{ClusterAccess, Impersonation};
