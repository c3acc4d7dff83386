//! Embeds the example site, which `plimsoll demo` releases.

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
    let mut list = fs::File::create(out.join("example.rs"))?;
    writeln!(list, "&[")?;
    for file in &files {
        let name = file.strip_prefix(&example).map_err(io::Error::other)?;
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
