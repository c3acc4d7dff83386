//! What the binding generator makes of the contract with one import more, and nothing else.

wit_bindgen::generate!({
    path: "../../../../wit/v0.1",
    inline: "
        package guests:foreign;

        world clocked {
            import wall-clock: interface {
                now: func() -> u64;
            }
            export plimsoll:policy/about@0.1.0;
            export plimsoll:policy/promotion@0.1.0;
        }
    ",
    world: "guests:foreign/clocked",
    default_bindings_module: "crate::bindings",
    generate_all,
});
