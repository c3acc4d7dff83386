//! What the binding generator makes of another world, and nothing else.

wit_bindgen::generate!({
    inline: "
        package guests:stranger;

        world greeter {
            export greet: func() -> string;
        }
    ",
    default_bindings_module: "crate::bindings",
});
