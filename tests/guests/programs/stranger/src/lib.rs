//! A component of another world: it greets, and knows nothing of the contract. The host must refuse it before it runs,
//! and say what it exports instead.

#![cfg(target_arch = "wasm32")]

mod bindings;

struct Stranger;

impl bindings::Guest for Stranger {
    fn greet() -> String {
        "hello".to_owned()
    }
}

bindings::export!(Stranger with_types_in bindings);
