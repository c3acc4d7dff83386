//! The tags on a commit.

use gix::bstr::ByteSlice;

use super::Checkout;
use crate::{error::SourceError, event::listed};

/// Names of the tags, annotated or not, that lead to the commit at HEAD; sorted, without repeats.
pub(super) fn on_head(repository: &Checkout, notes: &mut Vec<String>) -> Result<Vec<String>, SourceError> {
    let unreadable = |error| repository.unreadable("the tags", error);
    let head = repository.git.head_id().map_err(unreadable)?;
    let references = repository.git.references().map_err(unreadable)?;
    let mut tags = Vec::new();
    let mut broken = 0_usize;
    for reference in references.tags().and_then(gix::reference::iter::Iter::peeled).map_err(unreadable)? {
        // A tag whose object is missing, as in a partial clone, says nothing about this commit.
        let Ok(reference) = reference else {
            broken += 1;
            continue;
        };
        if reference.try_id().is_some_and(|id| id == head) {
            tags.push(reference.name().shorten().to_str_lossy().into_owned());
        }
    }
    tags.sort();
    tags.dedup();
    if broken > 0 {
        notes.push(format!("{broken} of the repository's tags cannot be read and are left out."));
    }
    if tags.len() > 1 {
        notes.push(format!("The commit carries several tags: {}.", listed(&tags)));
    }
    Ok(tags)
}
