//! Embeds the example site, which `plimsoll demo` releases, and the contract and the SDKs, which `plimsoll policy new` writes into
//! new projects.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// What running the example leaves behind in its folder.
const LEFT_BEHIND: [&str; 2] = [".plimsoll", "deploy"];

fn main() -> io::Result<()> {
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/contoso-website").canonicalize()?;
    println!("cargo::rerun-if-changed={}", example.display());
    let mut files = Vec::new();
    collect(&example, &mut files)?;
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?);
    write_list(&out.join("example.rs"), &example, "", &files)?;
    // What a project of each language gets beside its own files, and where: the SDK of Rust looks for the contract there.
    let contract = "wit/v0.1";
    tables(
        &out.join("rust.rs"),
        &[("plugins/sdk/src", "vendor/plimsoll/sdk/src"), (contract, "vendor/wit/v0.1")],
    )?;
    tables(&out.join("contract.rs"), &[(contract, "wit/deps/plimsoll-policy")])?;
    tables(&out.join("go.rs"), &[("host/cli/scaffolds/go/sdk", "plimsoll")])
}

/// Writes one table of the files of several folders of the project, each under its name in a scaffold.
fn tables(to: &Path, folders: &[(&str, &str)]) -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut entries = Vec::new();
    for (folder, name) in folders {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        collect(&folder, &mut files)?;
        files.sort();
        write_list(to, &folder, &format!("{name}/"), &files)?;
        let part = fs::read_to_string(to)?;
        entries.extend(part.lines().filter(|line| line.starts_with("    (")).map(str::to_owned));
    }
    fs::write(to, format!("&[\n{}\n]\n", entries.join("\n")))
}

/// Writes a table of files, their names and contents.
fn write_list(to: &Path, folder: &Path, prefix: &str, files: &[PathBuf]) -> io::Result<()> {
    let mut list = fs::File::create(to)?;
    writeln!(list, "&[")?;
    for file in files {
        let name = file.strip_prefix(folder).map_err(io::Error::other)?;
        let name = format!("{prefix}{}", name.display());
        writeln!(list, "    ({name:?}, include_bytes!({file:?})),")?;
    }
    writeln!(list, "]")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let left_behind = LEFT_BEHIND.iter().any(|name| entry.file_name() == *name);
        if entry.file_type()?.is_dir() && !left_behind {
            collect(&entry.path(), files)?;
        } else if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
