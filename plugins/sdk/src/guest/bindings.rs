//! What the generator makes of `wit/`: nothing else lives here, and nothing outside this crate names it.
//!
//! A module per interface instead of one per world: `export!` joins those that a policy answers, each brings its own
//! part of the component's type, and the records are generated once for all of them.

/// The shared nouns and the capabilities.
pub mod capabilities {
    wit_bindgen::generate!({
        world: "capabilities",
        path: "../../wit/v0.1",
        additional_derives: [PartialEq, Eq],
        generate_unused_types: true,
    });
}

/// The interface `about`.
pub mod about {
    wit_bindgen::generate!({
        inline: "package plimsoll:sdk; world about { export plimsoll:policy/about@0.1.0; }",
        path: "../../wit/v0.1",
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        export_macro_name: "export_about",
    });
}

/// The interface `tagging`.
pub mod tagging {
    wit_bindgen::generate!({
        inline: "package plimsoll:sdk; world tagging { export plimsoll:policy/tagging@0.1.0; }",
        path: "../../wit/v0.1",
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        export_macro_name: "export_tagging",
        with: { "plimsoll:policy/types@0.1.0": super::capabilities::plimsoll::policy::types },
    });
}

/// The interface `promotion`.
pub mod promotion {
    wit_bindgen::generate!({
        inline: "package plimsoll:sdk; world promotion { export plimsoll:policy/promotion@0.1.0; }",
        path: "../../wit/v0.1",
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        export_macro_name: "export_promotion",
        with: { "plimsoll:policy/types@0.1.0": super::capabilities::plimsoll::policy::types },
    });
}
