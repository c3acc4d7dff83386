//! Which leases stand behind a fact: what a host that lost one of them may no longer record.

use plimsoll_core::{fact::Fact, names::ReleaseId, ports::LeaseScope};

/// The leases under which a host's step came to this fact.
pub(super) fn scopes(release: &ReleaseId, fact: &Fact) -> Vec<LeaseScope> {
    let mut scopes = vec![LeaseScope::Release(release.clone())];
    scopes.extend(match fact {
        Fact::Tagged { .. } | Fact::TagKept { .. } => Some(LeaseScope::Tags),
        Fact::Decided { environment, .. }
        | Fact::Shadowed { environment, .. }
        | Fact::Deployed { environment, .. }
        | Fact::Superseded { environment, .. }
        | Fact::Verified { environment, .. }
        | Fact::StepFailed { environment: Some(environment), .. } => {
            Some(LeaseScope::Environment(environment.clone()))
        }
        _ => None,
    });
    scopes
}

/// What a lease is about, as its key in the database.
pub(super) fn text(scope: &LeaseScope) -> String {
    match scope {
        LeaseScope::Release(release) => format!("release {release}"),
        LeaseScope::Environment(environment) => format!("environment {environment}"),
        LeaseScope::Tags => "tags".to_owned(),
    }
}
