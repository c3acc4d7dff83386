//! Why a release could not go on.

use plimsoll_core::{
    names::{EnvironmentName, ReleaseId},
    ports::PortFailure,
};

/// Why a release could not be begun, taken up or followed. What fails inside a step is no error of this kind: it is a
/// fact in the journal and shows in the release's report.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The journal could not be read or written.
    #[error("the journal failed: {0}")]
    Journal(#[source] PortFailure),
    /// Another host kept its lease for too long.
    #[error("{who} is busy with {what} for over {minutes} minutes")]
    Busy {
        /// Who has the lease, as far as is known.
        who: String,
        /// What it is busy with.
        what: String,
        /// How long was waited.
        minutes: u64,
    },
    /// There is no such release in the journal.
    #[error("the journal has no release {0}")]
    Unknown(ReleaseId),
    /// The release began with another image repository than the configuration names now.
    #[error(
        "release {release} began with the image repository `{began}`, and the configuration now says `{configured}`"
    )]
    OtherRepository {
        /// The release.
        release: ReleaseId,
        /// Where its image went.
        began: String,
        /// Where it would go now.
        configured: String,
    },
    /// The first fact of the release is not its opening.
    #[error("the journal's facts of release {0} do not begin with its opening")]
    Damaged(ReleaseId),
    /// A release cannot be asked for in an environment.
    #[error(transparent)]
    Request(PortFailure),
    /// A question could not be put together.
    #[error(transparent)]
    Question(PortFailure),
    /// There is no image, and so nothing to ask about an environment.
    #[error("there is no image to ask about for {environment}: {reason}")]
    NoQuestion {
        /// The environment.
        environment: EnvironmentName,
        /// Why there is none.
        reason: String,
    },
}
