//! What must hold of the parts that read what others wrote, whatever the bytes are: one function a reader. Each takes
//! bytes, lets the reader have them, and panics when it breaks a promise. The fuzzer (`tests/fuzz`) calls them with
//! bytes that it makes up; the test of this crate with the inputs that are kept.

mod build;
mod dockerfile;
mod dockerignore;
mod layer;
mod manifest;
mod registry;

pub use dockerfile::dockerfile;
pub use dockerignore::dockerignore;
pub use layer::layer;
pub use manifest::manifest;
pub use registry::registry;

use std::{fmt::Display, sync::LazyLock};

/// The largest input that is tried, bytes: what is wrong shows in small ones.
const LARGEST: usize = 64 << 10;

/// A reader: its name, which is that of its folders and of its fuzz target, and the function.
pub type Reader = (&'static str, fn(&[u8]));

/// All readers.
pub const READERS: [Reader; 5] = [
    ("dockerfile", dockerfile),
    ("dockerignore", dockerignore),
    ("layer", layer),
    ("manifest", manifest),
    ("registry", registry),
];

/// What the asynchronous ones run on.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    sure(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build())
});

/// What cannot fail whatever the input is; if it does, the machine is to blame.
#[track_caller]
fn sure<T, E: Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
