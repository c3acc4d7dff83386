//! The contract in `wit/`: every item is documented, and what was released stays compatible.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wit_component::semver_check;
use wit_parser::{Docs, PackageId, Resolve, TypeDefKind};

const WORLDS: &[&str] = &["tagging-policy", "promotion-policy", "policy"];

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// The contract as it is, and what was released of its line, oldest first.
fn released() -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(wit().join("released"))
        .expect("there are released contracts")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| fs::read_to_string(file).expect("it is a text")).collect()
}

fn current(resolve: &mut Resolve) -> PackageId {
    resolve.push_dir(wit().join("v0.1")).expect("the contract is valid").0
}

/// Adds a released contract under a version of its own, so that it may lie beside the current one.
fn push(resolve: &mut Resolve, text: &str, version: &str) -> PackageId {
    let (first, rest) = text.split_once(';').expect("a contract begins with its package");
    let name = first.split_once('@').expect("the package has a version").0;
    resolve.push_str("contract.wit", &format!("{name}@{version};{rest}")).expect("it is valid")
}

/// Why components for `old` would not run where `new` is spoken.
fn incompatibilities(resolve: &Resolve, old: PackageId, new: PackageId) -> Vec<String> {
    let world = |package, name| resolve.select_world(&[package], Some(name)).expect("there is such a world");
    WORLDS
        .iter()
        .filter_map(|name| {
            let checked = semver_check(resolve.clone(), world(old, name), world(new, name));
            checked.err().map(|error| format!("{name}: {error:#}"))
        })
        .collect()
}

#[test]
fn released_components_stay_welcome() {
    for text in released() {
        let mut resolve = Resolve::default();
        let new = current(&mut resolve);
        let old = push(&mut resolve, &text, "0.0.1");
        assert_eq!(incompatibilities(&resolve, old, new), Vec::<String>::new());
    }
}

/// The check above would see what it is there for.
#[test]
fn incompatible_changes_are_found_and_compatible_ones_are_not() {
    for (from, to, breaks) in [
        ("import history;", "", true),
        ("    message: string,\n", "    message: string,\n    severity: u8,\n", true),
        ("    skipped,\n", "    skipped,\n    unknown,\n", true),
        ("export promotion;", "export promotion;\n  export extra: func();", true),
        ("write: func(level: level, message: string);", "write: func(message: string);", true),
        ("import history;", "import history;\n  import extra: func();", false),
    ] {
        for text in released() {
            assert!(text.contains(from), "`{from}` is part of the contract");
            let mut resolve = Resolve::default();
            let old = push(&mut resolve, &text, "0.0.1");
            let new = push(&mut resolve, &text.replace(from, to), "0.0.2");
            let found = incompatibilities(&resolve, old, new);
            assert_eq!(!found.is_empty(), breaks, "`{from}` to `{to}`: {found:?}");
        }
    }
}

/// The items without a doc comment.
fn undocumented(resolve: &Resolve, package: PackageId) -> Vec<String> {
    let mut missing = Vec::new();
    let mut check = |docs: &Docs, item: String| {
        if docs.contents.as_deref().unwrap_or_default().trim().is_empty() {
            missing.push(item);
        }
    };
    let package = &resolve.packages[package];
    for (name, id) in &package.worlds {
        check(&resolve.worlds[*id].docs, format!("world {name}"));
    }
    for (interface, id) in &package.interfaces {
        let content = &resolve.interfaces[*id];
        check(&content.docs, format!("interface {interface}"));
        for (name, function) in &content.functions {
            check(&function.docs, format!("{interface}.{name}"));
        }
        for (name, id) in &content.types {
            let of = format!("{interface}.{name}");
            let definition = &resolve.types[*id];
            match &definition.kind {
                // A name that is used from another interface, and documented there.
                TypeDefKind::Type(_) => continue,
                TypeDefKind::Record(record) => {
                    record.fields.iter().for_each(|field| check(&field.docs, format!("{of}.{}", field.name)));
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().for_each(|case| check(&case.docs, format!("{of}.{}", case.name)));
                }
                TypeDefKind::Enum(cases) => {
                    cases.cases.iter().for_each(|case| check(&case.docs, format!("{of}.{}", case.name)));
                }
                other => panic!("teach this test about {of}: {}", other.as_str()),
            }
            check(&definition.docs, of);
        }
    }
    missing
}

#[test]
fn every_item_is_documented() {
    let mut resolve = Resolve::default();
    let package = current(&mut resolve);
    assert_eq!(undocumented(&resolve, package), Vec::<String>::new());
}

#[test]
fn an_undocumented_item_is_found() {
    let mut resolve = Resolve::default();
    let text = "package a:b@0.1.0; /** I. */ interface i { /** R. */ record r { f: u8 } }";
    let package = resolve.push_str("contract.wit", text).expect("it is valid");
    assert_eq!(undocumented(&resolve, package), ["i.r.f"]);
}
