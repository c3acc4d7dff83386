//! The sandbox that policies decide in: untrusted WebAssembly components, a fresh instance for every decision, every
//! budget on, no capability but those that a binding grants. The only crate that names wasmtime.
//!
//! The way of a component: [`Sandbox::load`] reads, compiles and describes it, which yields a [`Policy`];
//! [`Policy::bind`] links the granted capabilities and yields a [`BoundPolicy`]; [`BoundPolicy::as_tagging`] and
//! [`BoundPolicy::as_promotion`] are the questions that it answers.

mod answer;
mod bind;
mod bind_error;
mod bindings;
mod cache;
mod capabilities;
mod description;
mod engine;
mod gate;
mod grants;
mod inspect;
mod limits;
mod load;
mod meter;
mod reading;
mod recorded;
mod request;
mod run;
mod sandbox;
mod session;
mod ticker;

pub use bind::{Binding, BoundPolicy};
pub use bind_error::{BindError, SettingsError};
pub use description::{DESCRIPTION_SECTION, DescriptionError};
pub use grants::{Capability, Grants};
pub use inspect::{Answers, InspectError};
pub use limits::{Limits, LimitsError};
pub use load::{LoadError, Policy};
pub use reading::Reading;
pub use recorded::{Cost, Recalled, Recorded};
pub use sandbox::{Sandbox, SandboxError, SandboxOptions};
