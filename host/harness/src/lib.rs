//! Testing policies with the loader, the limits and the engine that production has. The command line is made of it, and
//! `cargo test` can use it as a library.
