//! Builds the guests, and what is made of them by spoiling: every guest is a real file of its kind.

use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use plimsoll_componentize::{Build, Package, encode};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The programs that are Rust packages `guest-NAME`, with their stack in bytes.
const RUST: &[(&str, u32)] = &[
    ("caller", 16 << 10),
    ("foreign", 16 << 10),
    ("hostile", 16 << 10),
    ("lean", 16 << 10),
    ("stranger", 16 << 10),
];
/// The programs in the text format, `text/NAME.wat`.
const TEXT: &[&str] = &["table-bomb"];

/// A guest's name and content.
type Guest = (String, Vec<u8>);

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for source in ["Cargo.toml", "Cargo.lock", "wit", "tests/guests/programs", "tests/guests/text"] {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    every_program_is_built(&here)?;
    let variables = |name: &str| env::var_os(name).map(PathBuf::from);
    let build = Build::in_build_script(root.join("Cargo.toml"), &out, &variables)
        .ok_or("cargo sets CARGO and OUT_DIR for build scripts")?;
    let guests = match guests(&build, &here.join("text"), &root.join("wit/v0.1")) {
        Ok(guests) => guests,
        Err(error) => {
            for line in format!("the test guests: {error}").lines() {
                println!("cargo::error={line}");
            }
            return Ok(());
        }
    };
    write_table(&out, &guests)
}

/// A program without an entry here would be a guest that no test meets.
fn every_program_is_built(here: &Path) -> Result<(), Box<dyn Error>> {
    let rust: BTreeSet<_> = RUST.iter().map(|(name, _)| (*name).to_owned()).collect();
    let text: BTreeSet<_> = TEXT.iter().map(|name| format!("{name}.wat")).collect();
    for (folder, built) in [("programs", rust), ("text", text)] {
        for entry in fs::read_dir(here.join(folder))? {
            let name = entry?.file_name();
            if !name.to_str().is_some_and(|name| built.contains(name)) {
                return Err(
                    format!("tests/guests/build.rs has no entry for {folder}/{}", name.display()).into()
                );
            }
        }
    }
    Ok(())
}

fn guests(build: &Build, texts: &Path, contract: &Path) -> Result<Vec<Guest>, Box<dyn Error>> {
    let mut guests = Vec::new();
    for (name, stack) in RUST {
        let package = format!("guest-{name}");
        let component = build.component(Package::new(&package).stack(*stack))?;
        guests.push(((*name).to_owned(), component.bytes));
    }
    for name in TEXT {
        guests.push(((*name).to_owned(), from_text(&texts.join(format!("{name}.wat")), contract)?));
    }
    let lean = guests.iter().find(|(name, _)| name == "lean").map(|(_, bytes)| bytes.clone());
    let lean = lean.ok_or("the guest `lean` is what the spoilt ones are made of")?;
    guests.push(("core-module".to_owned(), build.module(Package::new("guest-lean"))?));
    guests.push(("truncated".to_owned(), lean[..lean.len() / 2].to_vec()));
    guests.push(("contract-0.1.9".to_owned(), with_contract(&lean, b"0.1.9")));
    guests.push(("contract-0.9.0".to_owned(), with_contract(&lean, b"0.9.0")));
    guests.sort();
    Ok(guests)
}

/// Encodes a program in the text format as a promotion policy.
fn from_text(program: &Path, contract: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut module = wat::parse_file(program)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(contract)?;
    let world = resolve.select_world(&[package], Some("promotion-policy"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(encode(&module)?)
}

/// The same component, built for another version of the contract: a version of the same length in every name.
fn with_contract(component: &[u8], version: &[u8; 5]) -> Vec<u8> {
    const SPOKEN: &[u8; 6] = b"@0.1.0";
    let mut bytes = component.to_vec();
    for start in 0..=bytes.len() - SPOKEN.len() {
        if bytes[start..].starts_with(SPOKEN) {
            bytes[start + 1..start + SPOKEN.len()].copy_from_slice(version);
        }
    }
    bytes
}

fn write_table(out: &Path, guests: &[Guest]) -> Result<(), Box<dyn Error>> {
    let mut table = String::from("const GUESTS: &[(&str, &[u8])] = &[\n");
    for (name, bytes) in guests {
        fs::write(out.join(format!("{name}.wasm")), bytes)?;
        writeln!(table, "    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.wasm\"))),")?;
    }
    table.push_str("];\n");
    fs::write(out.join("guests.rs"), table)?;
    Ok(())
}
