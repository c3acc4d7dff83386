//! What the binding generator makes of the contract, and nothing else. Requests borrow, answers own.

wasmtime::component::bindgen!({
    path: "../../wit/v0.1",
    world: "policy",
    imports: { default: trappable },
    ownership: Borrowing { duplicate_if_necessary: true },
});
