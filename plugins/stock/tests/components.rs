//! What is embedded: each stock policy is a small component that imports the capabilities it needs and nothing else.

use plimsoll_stock::{NAMES, component};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, World};

/// What a stock policy is expected to be.
struct Expected {
    name: &'static str,
    answers: &'static [&'static str],
    /// The capabilities that it imports.
    wants: &'static [&'static str],
    /// The most bytes that its component may have.
    size: usize,
}

const TAGGING: &[&str] = &["tagging"];
const PROMOTION: &[&str] = &["promotion"];

const EXPECTED: &[Expected] = &[
    Expected { name: "always", answers: PROMOTION, wants: &[], size: 120_000 },
    Expected { name: "approvals", answers: PROMOTION, wants: &[], size: 245_000 },
    Expected { name: "calver", answers: TAGGING, wants: &["registry"], size: 230_000 },
    Expected { name: "channels", answers: TAGGING, wants: &["registry"], size: 240_000 },
    // Time zones and regular expressions of JavaScript are most of it.
    Expected { name: "docker-metadata", answers: TAGGING, wants: &[], size: 1_200_000 },
    Expected { name: "evidence", answers: PROMOTION, wants: &[], size: 210_000 },
    Expected { name: "floating-versions", answers: TAGGING, wants: &["registry"], size: 200_000 },
    Expected { name: "forward-only", answers: PROMOTION, wants: &[], size: 165_000 },
    Expected { name: "freeze", answers: PROMOTION, wants: &[], size: 265_000 },
    Expected { name: "image-policy", answers: PROMOTION, wants: &["registry"], size: 330_000 },
    Expected { name: "keel", answers: PROMOTION, wants: &[], size: 240_000 },
    Expected { name: "monorepo", answers: TAGGING, wants: &[], size: 200_000 },
    Expected { name: "release-tags", answers: TAGGING, wants: &[], size: 200_000 },
    Expected { name: "same-digest", answers: PROMOTION, wants: &[], size: 170_000 },
    Expected { name: "semver-step", answers: PROMOTION, wants: &[], size: 195_000 },
    Expected { name: "soak", answers: PROMOTION, wants: &[], size: 180_000 },
    Expected { name: "version-gate", answers: PROMOTION, wants: &[], size: 160_000 },
];

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

fn in_contract(interfaces: &[&str]) -> Vec<String> {
    let mut names: Vec<_> =
        interfaces.iter().map(|interface| format!("plimsoll:policy/{interface}@0.1.0")).collect();
    names.sort();
    names
}

#[test]
fn every_policy_is_expected() {
    let expected: Vec<_> = EXPECTED.iter().map(|expected| expected.name).collect();
    assert_eq!(NAMES, expected, "say in EXPECTED what each policy is, sorted by name");
}

#[test]
fn each_policy_imports_what_it_needs_and_exports_what_it_answers() {
    for Expected { name, answers, wants, .. } in EXPECTED {
        let (resolve, world) = decode(name);
        let mut imports: Vec<_> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
        imports.retain(|import| !import.starts_with("plimsoll:policy/types@"));
        imports.sort();
        assert_eq!(imports, in_contract(wants), "{name} imports");
        let mut exports: Vec<_> = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
        exports.sort();
        assert_eq!(exports, in_contract(&[&["about"], *answers].concat()), "{name} exports");
    }
}

#[test]
fn each_policy_stays_small() {
    for Expected { name, size: most, .. } in EXPECTED {
        let size = component(name).map_or(0, <[u8]>::len);
        assert!((1..=*most).contains(&size), "{name} has {size} bytes, more than {most}");
    }
}
