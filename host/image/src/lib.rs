//! From a Dockerfile and its context to an image in an OCI image layout.
pub mod dockerfile;
