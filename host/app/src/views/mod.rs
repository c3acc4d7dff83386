//! Reading the journal: what runs where, what happened, and why.

mod history;
mod shadows;
mod status;
mod why;

pub use history::{Happening, HistoryRow, git_ref, happenings, history, sentence};
pub use shadows::{Disagreement, ShadowStatus};
pub use status::{EnvironmentStatus, HoldStatus, Status, status};
pub use why::{find, newest_open};

use plimsoll_core::{
    names::ReleaseId,
    ports::{Journal, PortFailure},
    release::ReleaseState,
};

/// The release of this id, folded; `None` when the journal does not know it.
pub(crate) async fn fold(
    journal: &dyn Journal,
    release: &ReleaseId,
) -> Result<Option<ReleaseState>, PortFailure> {
    Ok(ReleaseState::fold(&journal.release(release).await?))
}
