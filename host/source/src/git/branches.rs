//! The default branch.

use gix::bstr::ByteSlice;

use super::Checkout;
use crate::error::SourceError;

/// The default branch: the one that the remote's HEAD was at when it was cloned. Where that is not recorded it is guessed,
/// and a note says so: `main`, else `master`, else the only local branch there is, else unknown.
pub(super) fn default(repository: &Checkout, notes: &mut Vec<String>) -> Result<Option<String>, SourceError> {
    let unreadable = |error| repository.unreadable("the branches", error);
    let head = repository.git.try_find_reference("refs/remotes/origin/HEAD").map_err(unreadable)?;
    let recorded = head.and_then(|head| {
        let target = head.target();
        let name = target.try_name()?.as_bstr();
        name.strip_prefix(b"refs/remotes/origin/").map(|name| name.to_str_lossy().into_owned())
    });
    if recorded.is_some() {
        return Ok(recorded);
    }
    let guess = guess(repository).map_err(unreadable)?;
    notes.push(match &guess {
        Some(branch) => {
            format!("The repository does not record its default branch: {branch} is taken for it.")
        }
        None => "The repository does not record its default branch, and it cannot be guessed.".to_owned(),
    });
    Ok(guess)
}

fn guess(repository: &Checkout) -> Result<Option<String>, gix::Error> {
    for branch in ["main", "master"] {
        for place in ["refs/heads", "refs/remotes/origin"] {
            if repository.git.try_find_reference(&format!("{place}/{branch}"))?.is_some() {
                return Ok(Some(branch.to_owned()));
            }
        }
    }
    let references = repository.git.references()?;
    let mut branches = references.local_branches()?.filter_map(Result::ok);
    Ok(match (branches.next(), branches.next()) {
        (Some(only), None) => Some(only.name().shorten().to_str_lossy().into_owned()),
        _ => None,
    })
}
