//! Recorded decisions made by another policy, or with other settings: what would have changed?

use std::{collections::BTreeMap, num::NonZeroUsize};

use plimsoll_core::{
    decision::Inquiry,
    difference::{FindingChange, finding_changes},
    names::ReleaseId,
};
use plimsoll_policy::{BoundPolicy, Recorded};
use serde::Serialize;

use super::{
    decisions::{Decision, Filter, Unreadable},
    difference::{Difference, differences, word},
    parallel::{Page, map},
};
use crate::question::{Request, Undecided, ask};

/// The policy that is tried.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// It, linked with all that it wants: records answer its look-ups.
    pub policy: BoundPolicy,
    /// Its settings; each decision's own when absent.
    pub settings: Option<String>,
}

/// A decision that would have come out another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// The place of the decision in the journal.
    pub sequence: u64,
    /// When it was made, Unix seconds.
    pub at: i64,
    /// The release that it would have touched.
    pub release: ReleaseId,
    /// The version of that release, if it has one.
    pub version: Option<String>,
    /// The environment; tags are about none.
    pub environment: Option<String>,
    /// What it was, in a word: `allow`, `hold`, `deny`, `tagged`, `refused` or `no answer`.
    pub before: String,
    /// What it would have been.
    pub after: String,
    /// The fields of the answer that differ.
    pub differences: Vec<Difference>,
    /// The findings that differ.
    pub findings: Vec<FindingChange>,
}

/// A recorded decision beside what the candidate makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// It would have been the same.
    Same,
    /// It would have been the same for other reasons: rules came out differently.
    OtherFindings,
    /// It would have been another one.
    Changed(Box<Change>),
    /// The candidate looks up what the record does not hold.
    NotReplayable {
        /// The place of the decision in the journal.
        sequence: u64,
        /// What it looks up.
        inquiry: Inquiry,
    },
}

/// The sum of a backtest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backtest {
    /// Decisions that were looked at.
    pub decisions: u64,
    /// Those that stay the same.
    pub same: u64,
    /// Those that stay the same for other reasons.
    pub other_findings: u64,
    /// Those that change, by what they were and would have been.
    pub changed: BTreeMap<(String, String), u64>,
    /// Those that could not be decided again.
    pub not_replayable: u64,
}

impl Backtest {
    /// Adds one decision.
    pub fn count(&mut self, compared: &Compared) {
        self.decisions += 1;
        match compared {
            Compared::Same => self.same += 1,
            Compared::OtherFindings => self.other_findings += 1,
            Compared::NotReplayable { .. } => self.not_replayable += 1,
            Compared::Changed(change) => {
                *self.changed.entry((change.before.clone(), change.after.clone())).or_default() += 1;
            }
        }
    }

    /// How many decisions change.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changed.values().sum()
    }
}

/// Lets a candidate make the decisions of a page, on so many threads.
///
/// # Errors
/// A fact cannot be read.
pub fn backtest(
    page: &Page,
    filter: &Filter,
    candidate: &Candidate,
    threads: NonZeroUsize,
) -> Result<Vec<Compared>, Unreadable> {
    map(page, filter, threads, |decision| compare(candidate, decision))
}

fn compare(candidate: &Candidate, mut decision: Decision) -> Compared {
    if let Some(settings) = &candidate.settings {
        match &mut decision.record.request {
            Request::Tagging(request) => request.settings.clone_from(settings),
            Request::Promotion(request) => request.settings.clone_from(settings),
        }
    }
    let transcript = std::mem::take(&mut decision.record.transcript);
    let asked = match ask(&candidate.policy, &decision.record.request, Recorded::new(transcript)) {
        Ok(asked) => asked,
        Err(Undecided::NotRecorded(inquiry)) => {
            return Compared::NotReplayable { sequence: decision.sequence, inquiry };
        }
        // The filter lets only questions through that the candidate answers.
        Err(Undecided::OtherQuestion(_)) => return Compared::Same,
    };
    let before = &decision.record.answer;
    if *before == asked.answer {
        return Compared::Same;
    }
    let differences = differences(before, &asked.answer);
    let findings = finding_changes(before.findings(), asked.answer.findings());
    match (differences.is_empty(), findings.is_empty()) {
        (true, true) => Compared::Same,
        (true, false) => Compared::OtherFindings,
        (false, _) => Compared::Changed(Box::new(Change {
            sequence: decision.sequence,
            at: decision.at,
            version: match &decision.record.request {
                Request::Promotion(request) => request.image.version.clone(),
                Request::Tagging(_) => None,
            },
            environment: decision.environment().map(str::to_owned),
            before: word(before),
            after: word(&asked.answer),
            release: decision.release,
            differences,
            findings,
        })),
    }
}
