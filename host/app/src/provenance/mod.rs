//! Provenance: statements about images, made of facts, kept beside the images, and checked.

mod attach;
mod gather;
mod image;
pub(crate) mod statements;
mod verify;

pub(crate) use attach::of;
pub use attach::{Provenance, Recipe};
pub(crate) use image::both;
pub use image::{ImageToVerify, NamedImage};
pub use plimsoll_provenance::{Disregarded, Expected, ExpectedPolicy, Report};
pub use plimsoll_signature::PublicKey;
pub use verify::{Verified, verify};
