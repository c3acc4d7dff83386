//! What makes a policy a lean component: the generated bindings and the allocator.

#[cfg(any(target_arch = "wasm32", test))]
mod allocator;
#[expect(missing_docs, reason = "generated from `wit/`; the items that authors see are documented there")]
pub mod bindings;
