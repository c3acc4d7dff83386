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

pub mod bench;
pub mod cases;
pub mod fuzz;
pub mod invariant;
pub mod question;
pub mod replay;
pub mod settings_file;
mod toml_text;
mod value;
pub mod view;

/// What binds a policy whose look-ups only records answer: all that it wants, and the default limits.
#[must_use]
pub fn recorded_grants(policy: &plimsoll_policy::Policy) -> plimsoll_policy::Binding {
    let grants = plimsoll_policy::Grants::none().recorded(policy.wants());
    plimsoll_policy::Binding { grants, ..plimsoll_policy::Binding::default() }
}
