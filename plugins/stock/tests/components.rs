//! What is embedded: each stock policy is a component that asks the host for nothing.

use plimsoll_stock::{NAMES, component};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, World, WorldItem, WorldKey};

/// What a policy exports, and the most bytes that its component may have.
fn expected(name: &str) -> (&'static [&'static str], usize) {
    match name {
        "release-tags" => (&["about", "tagging"], 200_000),
        "version-gate" => (&["about", "promotion"], 160_000),
        "always" => (&["about", "promotion"], 120_000),
        other => panic!("say here what `{other}` exports"),
    }
}

fn interface_name(resolve: &Resolve, key: &WorldKey) -> String {
    resolve.name_world_key(key)
}

fn decode(name: &str) -> (Resolve, World) {
    let bytes = component(name).expect("it is in NAMES");
    match wit_component::decode(bytes).expect("it is a component") {
        DecodedWasm::Component(resolve, world) => {
            let world = resolve.worlds[world].clone();
            (resolve, world)
        }
        DecodedWasm::WitPackage(..) => panic!("{name} is a package of interfaces"),
    }
}

#[test]
fn no_policy_imports_a_function() {
    for name in NAMES {
        let (resolve, world) = decode(name);
        for (key, item) in &world.imports {
            let imported = interface_name(&resolve, key);
            assert!(imported.starts_with("plimsoll:policy/types@"), "{name} imports {imported}");
            let WorldItem::Interface { id, .. } = item else { panic!("{name} imports {imported}") };
            assert!(resolve.interfaces[*id].functions.is_empty(), "{name} calls {imported}");
        }
    }
}

#[test]
fn each_policy_exports_what_it_answers() {
    for name in NAMES {
        let (resolve, world) = decode(name);
        let mut exports: Vec<_> = world.exports.keys().map(|key| interface_name(&resolve, key)).collect();
        exports.sort();
        let expected: Vec<_> =
            expected(name).0.iter().map(|interface| format!("plimsoll:policy/{interface}@0.1.0")).collect();
        assert_eq!(exports, expected, "{name}");
    }
}

#[test]
fn each_policy_stays_small() {
    for name in NAMES {
        let (size, most) = (component(name).map_or(0, <[u8]>::len), expected(name).1);
        assert!((1..=most).contains(&size), "{name} has {size} bytes, more than {most}");
    }
}
