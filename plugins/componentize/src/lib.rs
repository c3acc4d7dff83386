//! Builds a Rust policy crate into a WebAssembly component.
