//! The tagging question on its own.

use plimsoll_core::{
    contract::Source,
    decision::TaggingRecord,
    ports::{PortFailure, TaggingPolicy},
};

use super::questions;
use crate::{application::Binding, clock::Clock};

/// Asks which tags, labels and version an event would give. Needs nothing but the event and the binding.
///
/// # Errors
/// The question could not be put. A policy that does not answer is no error but an outcome of the record.
pub async fn derive_tags(
    binding: &Binding<dyn TaggingPolicy>,
    source: &Source,
    repository: &str,
    clock: Clock,
) -> Result<TaggingRecord, PortFailure> {
    questions::ask_for_tags(binding, source, repository, clock).await
}
