//! Working through a journal on all processors, a page at a time, results in the journal's order.

use std::{num::NonZeroUsize, thread};

use plimsoll_core::fact::StoredFact;

use super::decisions::{Decision, Filter, Unreadable, decisions};

/// Some facts of a journal, in its order. A journal is worked through page by page, so that memory does not grow with it.
pub type Page = Vec<StoredFact>;

/// As many threads as there are processors.
#[must_use]
pub fn all_processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Applies `work` to the decisions of a page that the filter admits.
pub(super) fn map<T: Send>(
    page: &[StoredFact],
    filter: &Filter,
    threads: NonZeroUsize,
    work: impl Fn(Decision) -> T + Sync,
) -> Result<Vec<T>, Unreadable> {
    let share = page.len().div_ceil(threads.get()).max(1);
    let one_share = |facts: &[StoredFact]| -> Result<Vec<T>, Unreadable> {
        let mut results = Vec::with_capacity(facts.len());
        for fact in facts {
            let admitted = decisions(fact)?.into_iter().filter(|decision| filter.admits(decision));
            results.extend(admitted.map(&work));
        }
        Ok(results)
    };
    let shares: Vec<Result<Vec<T>, Unreadable>> = thread::scope(|scope| {
        let mut shares = page.chunks(share);
        let first = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|facts| scope.spawn(|| one_share(facts))).collect();
        let mut results = vec![one_share(first)];
        for other in others {
            match other.join() {
                Ok(result) => results.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    let mut all = Vec::new();
    for results in shares {
        all.extend(results?);
    }
    Ok(all)
}
