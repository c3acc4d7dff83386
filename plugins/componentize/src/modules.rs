//! Core modules of other toolchains, which ask for WASI and carry no world.

use std::path::Path;

use wit_component::StringEncoding;
use wit_parser::Resolve;

use crate::{ComponentizeError, cut_off::cut_off, encode};

/// Turns a core module that another toolchain built for WASI into a component of a project's own world, which it finds
/// in a folder of WIT files. What the module asks of WASI is answered inside it, the same in every run: the component
/// imports nothing but what the module uses of the world. An exported `_initialize` runs when it is instantiated.
///
/// # Errors
/// The files do not say one world, or the bytes are no core module that fits it.
pub fn encode_with_world(module: &[u8], wit: &Path) -> Result<Vec<u8>, ComponentizeError> {
    let refuse = |reason: String| ComponentizeError::Encode { package: None, reason };
    let unreadable =
        |error| ComponentizeError::World { folder: wit.display().to_string(), reason: format!("{error:#}") };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).map_err(unreadable)?;
    let world = resolve.select_world(&[package], None).map_err(unreadable)?;
    let mut module = cut_off(module).map_err(|error| refuse(error.to_string()))?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| refuse(format!("{error:#}")))?;
    encode(&module)
}
