//! Tests of whole builds, against folders on disk and base images from memory.

mod build;
mod copy;
mod properties;
mod support;
