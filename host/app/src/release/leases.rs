//! Waiting for other hosts.

use std::time::Duration;

use plimsoll_core::ports::{Activity, Journal, Lease, LeaseScope, Progress};

use super::ReleaseError;

/// How often a busy lease is tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// How long another host may keep us waiting: longer than any rollout that is still alive.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Takes a lease, waiting while another host has it.
pub(super) async fn take(
    journal: &dyn Journal,
    scope: &LeaseScope,
    progress: &dyn Progress,
) -> Result<Box<dyn Lease>, ReleaseError> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(lease) = journal.try_lease(scope).await.map_err(ReleaseError::Journal)? {
            return Ok(lease);
        }
        if waited.is_zero() {
            let (who, what) = (holder(journal, scope), name(scope));
            progress.activity(Activity::Warning(&format!("{who} is busy with {what}; waiting for it")));
        }
        if waited >= PATIENCE {
            let (who, what) = (holder(journal, scope), name(scope));
            return Err(ReleaseError::Busy { who, what, minutes: PATIENCE.as_secs() / 60 });
        }
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
    }
}

/// Who keeps us waiting.
fn holder(journal: &dyn Journal, scope: &LeaseScope) -> String {
    journal
        .lease_holder(scope)
        .map_or_else(|| "another host".to_owned(), |holder| format!("another host ({holder})"))
}

fn name(scope: &LeaseScope) -> String {
    match scope {
        LeaseScope::Release(release) => format!("release {release}"),
        LeaseScope::Environment(environment) => format!("environment {environment}"),
        LeaseScope::Tags => "the image's tags".to_owned(),
    }
}
