//! Testing policies with the loader, the limits and the engine that production has. The command line is made of it, and
//! `cargo test` can use it as a library.
//!
//! ```no_run
//! use plimsoll_harness::cases::Suite;
//! use plimsoll_policy::{Sandbox, SandboxOptions};
//!
//! let suite = Suite::read("cases.toml".as_ref())?;
//! let component = std::fs::read("policy.wasm")?;
//! let policy = Sandbox::new(SandboxOptions::default())?.load("policy.wasm", &component)?;
//! suite.run(&policy)?.assert_passed();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cases;
pub mod fuzz;
pub mod invariant;
pub mod question;
mod toml_text;
mod value;
pub mod view;
