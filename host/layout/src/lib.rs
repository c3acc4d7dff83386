//! OCI image layouts on disk (OCI image specification 1.1, "Image Layout"): blobs by digest, an index of references, and
//! how to read the manifests among them.
//!
//! Everything here is synchronous; asynchronous callers move longer work to a blocking thread.

mod contents;
mod error;
mod index;
mod layout;
pub mod manifest;
mod platform;
mod writer;

pub use contents::Contents;
pub use error::LayoutError;
pub use layout::Layout;
pub use manifest::{Manifest, ManifestError};
pub use writer::BlobWriter;
