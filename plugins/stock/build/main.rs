//! Builds the stock policies into components that carry their descriptions, and writes down where they are.

#![expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]

mod describe;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use plimsoll_componentize::{Build, DEFAULT_STACK, Package};

/// The folders of `plugins` that hold no policy. Every other one is the stock policy of its name, and the package
/// `plimsoll-policy-NAME`.
const NO_POLICIES: &[&str] = &["componentize", "sdk", "stock"];

/// The policies that need a larger stack than others: the compiler of regular expressions is recursive.
const STACKS: &[(&str, u32)] = &[("docker-metadata", 128 * 1024)];

/// What the components are made from, seen from the root of the workspace.
const SOURCES: &[&str] = &["Cargo.lock", "Cargo.toml", "plugins/sdk", "wit"];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    let names = names(&root.join("plugins"))?;
    for name in &names {
        println!("cargo::rerun-if-changed={}", root.join("plugins").join(name).display());
    }
    let variables = |name: &str| env::var_os(name).map(PathBuf::from);
    let build = Build::in_build_script(root.join("Cargo.toml"), &out, &variables)
        .ok_or("cargo sets CARGO and OUT_DIR for build scripts")?;
    let component = |name: &String| {
        let stack =
            STACKS.iter().find(|(policy, _)| policy == name).map_or(DEFAULT_STACK, |(_, stack)| *stack);
        build.component(Package::new(&format!("plimsoll-policy-{name}")).stack(stack))
    };
    let components = match names.iter().map(component).collect::<Result<Vec<_>, _>>() {
        Ok(components) => components,
        Err(error) => {
            for line in format!("the stock policies: {error}").lines() {
                println!("cargo::error={line}");
            }
            return Ok(());
        }
    };
    let mut entries = String::new();
    for (name, component) in names.iter().zip(components) {
        let described = describe::described(&component).map_err(|error| format!("{name}: {error}"))?;
        fs::write(out.join(format!("{name}.wasm")), described)?;
        writeln!(
            entries,
            "    Stock {{ name: {name:?}, component: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.wasm\")) }},"
        )?;
    }
    let table = format!(
        "/// The names of the stock policies.\n\
         pub const NAMES: &[&str] = &{names:?};\n\
         const STOCK: &[Stock] = &[\n{entries}];\n"
    );
    fs::write(out.join("stock.rs"), table)?;
    Ok(())
}

/// The names of the stock policies, sorted.
fn names(plugins: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    // A policy may be added or taken away.
    println!("cargo::rerun-if-changed={}", plugins.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(plugins)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{name:?} is no name"))?;
        if !NO_POLICIES.contains(&name.as_str()) && entry.path().join("Cargo.toml").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
