//! Builds a Rust policy crate, or the core module of another toolchain, into a WebAssembly component.
//!
//! Used from build scripts, so that the stock policies and the test guests are built along with the host. The
//! components import nothing but what their code uses of the contract: the core modules are built for
//! `wasm32-unknown-unknown`, where the standard library asks for no WASI interface.

mod cut_off;
mod error;
mod modules;

pub use error::ComponentizeError;
pub use modules::encode_with_world;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The target that policies are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The profile that policies are built with; the workspace has to define it.
pub const PROFILE: &str = "policy";
/// The stack of a policy, bytes, where nothing else is said. A small stack keeps the pages that a decision touches
/// few, which makes resetting an instance cheap.
pub const DEFAULT_STACK: u32 = 16 * 1024;

/// What an outer cargo leaves in the environment of a build script that would change the inner build: flags and
/// wrappers meant for the host (`cargo clippy` runs as a wrapper), a job server that ends before us, directories
/// whose lock the outer cargo holds.
const OUTER_CARGO: &[&str] = &[
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
];

/// A workspace that holds policy crates, and where to build them.
#[derive(Debug, Clone)]
pub struct Build {
    /// The cargo to use; a build script finds it in the variable `CARGO`.
    pub cargo: PathBuf,
    /// The `Cargo.toml` of the workspace.
    pub manifest: PathBuf,
    /// Where to build. Not the directory of a cargo that waits for this build: it holds the lock.
    pub target_directory: PathBuf,
    /// Where cargo keeps the sources of dependencies, if known: panic messages name them, and the component must not
    /// depend on where they lie.
    pub cargo_home: Option<PathBuf>,
}

impl Build {
    /// The build that a build script makes: `out` is its `OUT_DIR`, `variables` its environment. All build scripts of a
    /// workspace share one target directory beside the profiles of the outer cargo, so that what the policies depend on
    /// is compiled once. `None` when the environment is not that of a build script.
    #[must_use]
    pub fn in_build_script(
        manifest: PathBuf,
        out: &Path,
        variables: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Option<Self> {
        // OUT_DIR is TARGET/PROFILE/build/PACKAGE/out.
        let target = out.ancestors().nth(4)?;
        let cargo_home = variables("CARGO_HOME").or_else(|| Some(variables("HOME")?.join(".cargo")));
        Some(Self {
            cargo: variables("CARGO")?,
            manifest,
            target_directory: target.join("policies"),
            cargo_home,
        })
    }
}

/// A policy crate to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package<'a> {
    /// The package's name; its library has the same name, with `_` for `-`.
    pub name: &'a str,
    /// Size of the stack, bytes. It lies below all data, so that running over its end traps instead of overwriting
    /// something.
    pub stack: u32,
}

impl<'a> Package<'a> {
    /// A package with the default stack.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self { name, stack: DEFAULT_STACK }
    }

    /// Sets the size of the stack, bytes.
    #[must_use]
    pub const fn stack(mut self, bytes: u32) -> Self {
        self.stack = bytes;
        self
    }
}

/// A policy crate as a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The package's name.
    pub package: String,
    /// The component's binary.
    pub bytes: Vec<u8>,
    /// The core module that it was made of.
    pub module: Vec<u8>,
}

impl Build {
    /// Builds packages into components, in the order given, each with the default stack.
    ///
    /// # Errors
    /// A package did not build, or is no policy.
    pub fn components(&self, packages: &[&str]) -> Result<Vec<Component>, ComponentizeError> {
        packages.iter().map(|name| self.component(Package::new(name))).collect()
    }

    /// Builds one package into a component.
    ///
    /// # Errors
    /// The package did not build, or is no policy.
    pub fn component(&self, package: Package<'_>) -> Result<Component, ComponentizeError> {
        let module = self.module(package)?;
        let bytes = encode(&module).map_err(|error| error.of_package(package.name))?;
        Ok(Component { package: package.name.to_owned(), bytes, module })
    }

    /// Builds one package into a core module: the component's content without its types.
    ///
    /// # Errors
    /// The package did not build.
    pub fn module(&self, package: Package<'_>) -> Result<Vec<u8>, ComponentizeError> {
        let mut command = self.command(package);
        let output = command.output().map_err(|source| ComponentizeError::NoCargo {
            cargo: self.cargo.display().to_string(),
            source,
        })?;
        if !output.status.success() {
            let messages = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(ComponentizeError::build(package.name, messages));
        }
        let path = self.artifact(package.name);
        fs::read(&path)
            .map_err(|source| ComponentizeError::NoModule { path: path.display().to_string(), source })
    }

    fn command(&self, package: Package<'_>) -> Command {
        let mut command = Command::new(&self.cargo);
        command.args(["rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--profile", PROFILE]);
        command.args(["--target", TARGET, "--package", package.name]);
        command.arg("--manifest-path").arg(&self.manifest);
        command.arg("--target-dir").arg(&self.target_directory);
        // Arguments after `--` reach the last crate only, so that all packages share their dependencies' builds.
        command.arg("--");
        command.arg(format!("-Clink-arg=-zstack-size={}", package.stack));
        command.arg("-Clink-arg=--stack-first");
        for variable in OUTER_CARGO {
            command.env_remove(variable);
        }
        // Panic messages name source files: the component must not depend on where the workspace lies.
        let workspace = self.manifest.parent().and_then(|path| path.canonicalize().ok());
        let remapped = [(workspace, "."), (self.cargo_home.clone(), "/cargo")];
        let flags = remapped
            .into_iter()
            .filter_map(|(path, name)| Some(format!("--remap-path-prefix={}={name}", path?.display())));
        // Cargo separates encoded flags by the unit separator.
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\u{1f}"));
        command
    }

    fn artifact(&self, package: &str) -> PathBuf {
        let file = format!("{}.wasm", package.replace('-', "_"));
        self.target_directory.join(Path::new(TARGET)).join(PROFILE).join(file)
    }
}

/// Turns a core module that carries the types of its world, as the binding generator leaves them, into a component.
///
/// # Errors
/// The bytes are no core module, carry no world, or do not fit it.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, ComponentizeError> {
    let refuse = |reason| ComponentizeError::Encode { package: None, reason };
    let refused = |error| refuse(format!("{error:#}"));
    // The encoder itself would make an empty component of it.
    let (carries_world, _) =
        wit_component::metadata::decode(module).map_err(|error| refuse(format!("{error:#}")))?;
    if carries_world.is_none() {
        return Err(refuse("it carries no world: does the crate export a policy?".to_owned()));
    }
    let mut encoder =
        wit_component::ComponentEncoder::default().validate(true).module(module).map_err(refused)?;
    encoder.encode().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_without_a_world_is_refused() {
        let empty_module = b"\0asm\x01\0\0\0";
        let error = encode(empty_module).unwrap_err();
        assert!(matches!(error, ComponentizeError::Encode { package: None, .. }), "{error}");
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [&b""[..], b"plimsoll", b"\0asm"] {
            assert!(encode(bytes).is_err());
        }
    }

    #[test]
    fn a_missing_cargo_is_named() {
        let build = Build {
            cargo: PathBuf::from("/nonexistent/cargo"),
            manifest: PathBuf::from("Cargo.toml"),
            target_directory: PathBuf::from("target"),
            cargo_home: None,
        };
        let error = build.components(&["any"]).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/cargo"), "{error}");
    }
}
