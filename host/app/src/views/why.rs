//! `why`: finding the release that somebody means.

use plimsoll_core::{
    contract::GitRef,
    names::ReleaseId,
    ports::{Journal, PortFailure},
    release::{ReleaseState, Standing},
};

use super::fold;

/// How many releases are searched.
const LOOK_BACK: usize = 1000;

/// The newest release that somebody means by a release id, a version, a git or image tag, a commit or its beginning
/// (seven digits or more), or the image's digest. Without a word: the newest release.
///
/// # Errors
/// The journal could not be read.
pub async fn find(journal: &dyn Journal, wanted: Option<&str>) -> Result<Option<ReleaseState>, PortFailure> {
    if let Some(Ok(id)) = wanted.map(ReleaseId::new)
        && let Some(state) = fold(journal, &id).await?
    {
        return Ok(Some(state));
    }
    for opening in journal.openings(LOOK_BACK).await? {
        let Some(state) = fold(journal, &opening.release).await? else { continue };
        if wanted.is_none_or(|wanted| means(&state, wanted)) {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

/// The newest release that waits or failed.
///
/// # Errors
/// The journal could not be read.
pub async fn newest_open(journal: &dyn Journal) -> Result<Option<ReleaseState>, PortFailure> {
    for opening in journal.openings(LOOK_BACK).await? {
        let Some(state) = fold(journal, &opening.release).await? else { continue };
        if matches!(state.standing(), Standing::Waiting | Standing::Failed) {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

fn means(state: &ReleaseState, wanted: &str) -> bool {
    let source = &state.opening.source;
    let version = state.plan().and_then(|plan| plan.version.as_deref());
    let at_commit = wanted.len() >= 7 && source.commit.id.starts_with(wanted);
    at_commit
        || version.is_some_and(|version| version == wanted || wanted.strip_prefix('v') == Some(version))
        || state.plan().is_some_and(|plan| plan.tags.iter().any(|planned| planned.tag.as_str() == wanted))
        || source.tags.iter().any(|tag| tag == wanted)
        || matches!(&source.git_ref, GitRef::Tag(tag) if tag == wanted)
        || state.built.is_some_and(|digest| digest.to_string() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::absent_journal::AbsentJournal;

    #[tokio::test]
    async fn nothing_is_found_where_nothing_is() {
        assert_eq!(find(&AbsentJournal, None).await.unwrap(), None);
        assert_eq!(find(&AbsentJournal, Some("v1.0.0")).await.unwrap(), None);
    }
}
