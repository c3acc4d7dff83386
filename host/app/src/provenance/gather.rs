//! Gathering what lies beside an image, and what a journal holds of it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{
    contract::Decision,
    digest::Digest,
    fact::{Entry, Fact},
    names::ReleaseId,
    ports::{Attached, Journal, PortFailure, Referrer, Referrers},
};
use plimsoll_provenance::{
    Claim, Disregarded, Found, Gathered, MOST_REFERRERS, Recorded, RecordedRelease, Vouched,
};
use plimsoll_signature::{BUNDLE, PublicKey, STATEMENT, SignedStatement};

use super::{attach::LARGEST_BUNDLE, statements};

/// What lies beside an image and counts, and what does not.
pub(super) async fn statements(
    referrers: &dyn Referrers,
    image: &Digest,
    keys: &[PublicKey],
) -> Result<Gathered, PortFailure> {
    let mut gathered = Gathered::default();
    let listed = referrers.referrers(image).await?;
    let candidates = listed.into_iter().filter(may_be_statement);
    for (index, referrer) in candidates.enumerate() {
        let digest = referrer.digest;
        let because = |reason: String| Disregarded { referrer: digest, reason };
        if index >= MOST_REFERRERS {
            gathered.truncated = true;
            break;
        }
        let Some(attached) = referrers.attached(&digest, LARGEST_BUNDLE).await? else {
            let reason = "it is no statement, too large a one, or not there as it is listed";
            gathered.disregarded.push(because(reason.to_owned()));
            continue;
        };
        match sift(image, digest, attached, keys) {
            Ok(Some(statement)) => gathered.found.push(statement),
            Ok(None) => {}
            Err(reason) => gathered.disregarded.push(reason),
        }
    }
    Ok(gathered)
}

/// Whether a referrer says that it is a statement, or nothing: some registries leave out what they hold.
fn may_be_statement(referrer: &Referrer) -> bool {
    const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    matches!(referrer.artifact_type.as_deref(), None | Some("" | EMPTY | STATEMENT | BUNDLE))
}

fn sift(
    image: &Digest,
    referrer: Digest,
    attached: Attached,
    keys: &[PublicKey],
) -> Result<Option<Found>, Disregarded> {
    let Attached { subject, media_type, content } = attached;
    let by_key = !keys.is_empty();
    match media_type.as_str() {
        STATEMENT => Found::sift(image, referrer, subject, &content, Vouched::Unsigned, by_key),
        BUNDLE => {
            let signed = SignedStatement::from_bundle(&content)
                .map_err(|error| Disregarded { referrer, reason: error.to_string() })?;
            let vouched = match signed.signed_with(keys) {
                Some(key) => Vouched::Key(key),
                None if by_key => Vouched::OtherKey,
                None => Vouched::Unchecked,
            };
            Found::sift(image, referrer, subject, signed.payload(), vouched, by_key)
        }
        _ => Ok(None),
    }
}

/// What a journal holds of the releases that the statements speak of.
pub(super) async fn recorded(journal: &dyn Journal, found: &[Found]) -> Result<Recorded, PortFailure> {
    let mut recorded = Recorded::default();
    let named: BTreeSet<&str> = found.iter().map(|found| found.statement.claim.release()).collect();
    for (text, release) in named.into_iter().filter_map(|name| Some((name, ReleaseId::new(name).ok()?))) {
        let entries = journal.release(&release).await?;
        let Some(mut known) = release_of(&entries) else { continue };
        let claims = found.iter().map(|found| &found.statement.claim).filter(|claim| claim.release() == text);
        let places: BTreeSet<u64> = claims.filter_map(Claim::record).map(|record| record.sequence).collect();
        for entry in entries.iter().filter(|entry| places.contains(&entry.sequence)) {
            if let Some(claim) = statements::decision(journal, &entries, entry).await? {
                known.decisions.insert(entry.sequence, claim);
            }
        }
        recorded.releases.insert(text.to_owned(), known);
    }
    Ok(recorded)
}

/// What a release's facts say; `None` when there are none.
fn release_of(entries: &[Entry]) -> Option<RecordedRelease> {
    let Fact::Opened(opening) = &entries.first()?.fact else { return None };
    let (mut image, mut newest) = (None, BTreeMap::new());
    for entry in entries {
        match &entry.fact {
            Fact::Built { digest, .. } => image = Some(*digest),
            // A hold is no decision yet, and nobody states it.
            Fact::Decided { environment, verdict, .. } if !matches!(verdict.decision, Decision::Hold(_)) => {
                newest.insert(environment.to_string(), (entry.sequence, verdict.decision.word().to_owned()));
            }
            _ => {}
        }
    }
    Some(RecordedRelease {
        image,
        commit: opening.source.commit.id.clone(),
        source: statements::source(&opening.source),
        dirty: opening.source.dirty,
        configuration: opening.configuration,
        decisions: BTreeMap::new(),
        newest,
    })
}
