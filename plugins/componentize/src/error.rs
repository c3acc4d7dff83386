//! What can go wrong.

use std::io;

use crate::TARGET;

/// Why a package did not become a component.
#[derive(Debug, thiserror::Error)]
pub enum ComponentizeError {
    /// Cargo could not be started.
    #[error("could not start `{cargo}` to build policies: is it installed, and in the variable CARGO?")]
    NoCargo {
        /// The cargo that was tried.
        cargo: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The standard library for the target is not installed.
    #[error(
        "the Rust target {TARGET} that policies are built for is not installed: \
         run `rustup target add {TARGET}`, or `cargo xtask demo`, which does it"
    )]
    TargetMissing,
    /// Cargo reported errors.
    #[error("the package `{package}` does not build for {TARGET}:\n{messages}")]
    Build {
        /// The package.
        package: String,
        /// Cargo's messages.
        messages: String,
    },
    /// Cargo was content, yet there is no module.
    #[error("the build left no module at `{path}`: the package's library must have the package's name")]
    NoModule {
        /// Where it was expected.
        path: String,
        /// Why it could not be read.
        #[source]
        source: io::Error,
    },
    /// The world of a project cannot be read.
    #[error("the folder `{folder}` holds no world: {reason}")]
    World {
        /// The folder.
        folder: String,
        /// What the reader says.
        reason: String,
    },
    /// The module does not make a component.
    #[error("{} is no policy: {reason}", package.as_deref().unwrap_or("the module"))]
    Encode {
        /// The package, where it is known.
        package: Option<String>,
        /// What the encoder says.
        reason: String,
    },
}

impl ComponentizeError {
    /// Tells the missing target from other build errors: the compiler reports it as E0463 for `core` or `std`.
    pub(crate) fn build(package: &str, messages: String) -> Self {
        let no_library = ["`core`", "`std`"]
            .iter()
            .any(|krate| messages.contains(&format!("can't find crate for {krate}")));
        if no_library { Self::TargetMissing } else { Self::Build { package: package.to_owned(), messages } }
    }

    /// Adds the package to an encoder's refusal.
    pub(crate) fn of_package(self, name: &str) -> Self {
        match self {
            Self::Encode { reason, .. } => {
                Self::Encode { package: Some(format!("the package `{name}`")), reason }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_target_says_how_to_get_it() {
        let messages = "error[E0463]: can't find crate for `core`\n  = note: the target may not be installed";
        let error = ComponentizeError::build("any", messages.to_owned());
        assert!(error.to_string().contains("rustup target add wasm32-unknown-unknown"), "{error}");
    }

    #[test]
    fn other_errors_are_shown_whole() {
        let error = ComponentizeError::build("any", "error: expected `;`".to_owned());
        assert!(error.to_string().contains("expected `;`"), "{error}");
    }
}
