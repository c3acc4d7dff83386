//! What the binding generator makes of the contract, and nothing else.

wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "promotion-policy", default_bindings_module: "crate::bindings" });
