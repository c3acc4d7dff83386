//! How the shadows did: what they would have decided since they are configured as they are.

use plimsoll_core::{
    difference::Comparable,
    digest::Digest,
    fact::{Entry, Fact},
    ports::{Journal, PortFailure},
    shadow::{Comparison, PromotionShadow, ShadowRecord},
};
use serde::Serialize;

use crate::configuration::ConfiguredShadow;

/// How many facts are held in memory at a time.
const PAGE: usize = 256;
/// How many disagreements are told of each shadow.
const MOST_TOLD: usize = 5;

/// How a shadow did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShadowStatus {
    /// The environment; absent: it is the tagging policy's.
    pub environment: Option<String>,
    /// Where it comes from, as the configuration says.
    pub policy: String,
    /// Where the policy comes from that decides.
    pub decider: String,
    /// How often it was asked since it and the policy that decides are configured as they are, and are the same components.
    pub decisions: u64,
    /// How often it would have decided something else.
    pub disagreements: u64,
    /// When it was asked first, Unix seconds. Absent: not yet.
    pub since: Option<i64>,
    /// Its newest disagreements, newest first, at most five.
    pub newest: Vec<Disagreement>,
}

/// A decision that a shadow would have made otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Disagreement {
    /// The place of the shadow's fact in the journal.
    pub sequence: u64,
    /// When, Unix seconds.
    pub at: i64,
    /// The release.
    pub release: String,
    /// The release's version; of a decision on tags see what was decided.
    pub version: Option<String>,
    /// The two decisions and what differs.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// A shadow's decision in the journal.
struct Seen<'a> {
    environment: Option<&'a str>,
    configured: Digest,
    /// Digests of the components: the shadow's, and that of the policy that decided.
    components: [Digest; 2],
    version: Option<String>,
    comparison: Comparison,
}

/// Counts what the shadows said, going back through the whole journal.
///
/// # Errors
/// The journal could not be read.
pub(super) async fn shadows(
    journal: &dyn Journal,
    configured: &[ConfiguredShadow],
) -> Result<Vec<ShadowStatus>, PortFailure> {
    let mut tallies: Vec<Tally> = configured.iter().map(Tally::new).collect();
    let mut before = u64::MAX;
    while !tallies.is_empty() {
        let page = journal.shadows(before, PAGE).await?;
        let Some(oldest) = page.last() else { break };
        before = oldest.sequence;
        for entry in &page {
            for seen in seen(&entry.fact) {
                tallies.iter_mut().for_each(|tally| tally.count(entry, &seen));
            }
        }
    }
    Ok(tallies.into_iter().map(|tally| tally.status).collect())
}

/// The decisions of shadows that a fact holds.
fn seen(fact: &Fact) -> Vec<Seen<'_>> {
    match fact {
        Fact::TagsShadowed { shadow } => vec![look(shadow, None, None)],
        Fact::Shadowed { environment, shadows } => {
            let environment = Some(environment.as_str());
            let version = |shadow: &'_ PromotionShadow| shadow.record.request.image.version.clone();
            shadows.iter().map(|shadow| look(shadow, environment, version(shadow))).collect()
        }
        _ => Vec::new(),
    }
}

fn look<'a, Request, Answer: Comparable>(
    shadow: &ShadowRecord<Request, Answer>,
    environment: Option<&'a str>,
    version: Option<String>,
) -> Seen<'a> {
    Seen {
        environment,
        configured: shadow.configured,
        components: [shadow.record.policy.digest, shadow.decider.digest],
        version,
        comparison: shadow.compare(),
    }
}

/// A shadow's count.
struct Tally {
    configured: Digest,
    /// Of its newest decision; older ones of other components belong to an earlier state of it.
    components: Option<[Digest; 2]>,
    status: ShadowStatus,
}

impl Tally {
    fn new(shadow: &ConfiguredShadow) -> Self {
        let ConfiguredShadow { environment, policy, decider, configured } = shadow;
        let status = ShadowStatus {
            environment: environment.as_ref().map(ToString::to_string),
            policy: policy.clone(),
            decider: decider.clone(),
            decisions: 0,
            disagreements: 0,
            since: None,
            newest: Vec::new(),
        };
        Self { configured: *configured, components: None, status }
    }

    /// Takes in a decision, if it is one of this shadow. They come newest first.
    fn count(&mut self, entry: &Entry, seen: &Seen<'_>) {
        let status = &mut self.status;
        if status.environment.as_deref() != seen.environment
            || self.configured != seen.configured
            || *self.components.get_or_insert(seen.components) != seen.components
        {
            return;
        }
        status.decisions += 1;
        status.since = Some(entry.at);
        if seen.comparison.agrees {
            return;
        }
        status.disagreements += 1;
        if status.newest.len() < MOST_TOLD {
            status.newest.push(Disagreement {
                sequence: entry.sequence,
                at: entry.at,
                release: entry.release.to_string(),
                version: seen.version.clone(),
                comparison: seen.comparison.clone(),
            });
        }
    }
}
