//! Statements, made of a release's facts and of what the configuration says of its build.

use std::collections::BTreeMap;

use plimsoll_core::{
    contract::{Derivation, GitRef, Intent, Source},
    decision::{Outcome, PromotionRecord, TaggingRecord},
    digest::Digest,
    fact::{Entry, Fact},
    names::EnvironmentName,
    plan::TagPlan,
    ports::{BaseImage, FailureClass, Journal, PortFailure},
    release::{Attestation, ReleaseState},
};
use plimsoll_provenance::{
    BUILD_TYPE, BUILDER, Build, BuildDefinition, Builder, Claim, DigestSet, External, Internal, Metadata,
    Promotion, Record, Resource, RuleSummary, RunDetails, Statement, TagGiven, Tagging,
};
use url::Url;

use super::Provenance;
use crate::application::{Application, ImagePlan};

/// Why there is nothing to state.
#[derive(Debug, thiserror::Error)]
#[error("the journal has no {0} of this release to attest")]
struct NothingToState(&'static str);

impl From<NothingToState> for PortFailure {
    fn from(error: NothingToState) -> Self {
        Self::new(FailureClass::Internal, error)
    }
}

/// What is to be stated about a release's image. The same facts make the same statement.
pub(crate) async fn statement(
    application: &Application,
    provenance: &Provenance,
    state: &ReleaseState,
    attestation: &Attestation,
) -> Result<Statement, PortFailure> {
    let journal = application.journal.as_ref();
    let entries = journal.release(&state.release).await?;
    let claim = match attestation {
        Attestation::Build => Claim::Build(Box::new(
            build(application, provenance, state, &entries).ok_or(NothingToState("push"))?,
        )),
        Attestation::Tags => {
            let is_plan = |fact: &Fact| matches!(fact, Fact::TagsDerived { plan: Some(_), .. });
            newest_decision(journal, &entries, is_plan).await?.ok_or(NothingToState("tag plan"))?
        }
        Attestation::Promotion(name) => {
            let is_there =
                |fact: &Fact| matches!(fact, Fact::Decided { environment, .. } if environment == name);
            newest_decision(journal, &entries, is_there).await?.ok_or(NothingToState("decision"))?
        }
    };
    let subjects = state.built.into_iter().collect();
    Ok(Statement { name: name(&application.image), subjects, claim })
}

/// What the image is called: its repository, or the folder's name of its layout.
fn name(image: &ImagePlan) -> String {
    let layout = image.written.strip_prefix("oci:");
    let folder = layout.and_then(|folder| folder.rsplit('/').find(|part| !part.is_empty()));
    folder.map_or_else(|| image.name.to_string(), str::to_owned)
}

fn build(
    application: &Application,
    provenance: &Provenance,
    state: &ReleaseState,
    entries: &[Entry],
) -> Option<Build> {
    let (image, source) = (&application.image, &state.opening.source);
    let pushed = entries.iter().rev().find(|entry| matches!(entry.fact, Fact::Pushed { .. }))?;
    let bases = entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::Built { bases, .. } => Some(bases.as_slice()),
        _ => None,
    })?;
    let external_parameters = External {
        source: self::source(source),
        dockerfile: provenance.recipe.dockerfile.clone(),
        context: provenance.recipe.context.clone(),
        target: image.target.clone(),
        build_arguments: image.build_arguments.keys().cloned().collect(),
        platforms: image.platforms.as_slice().iter().map(ToString::to_string).collect(),
    };
    Some(Build {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters,
            internal_parameters: Internal {
                builder: provenance.recipe.builder.to_owned(),
                configuration: DigestSet::from(&state.opening.configuration),
                dirty: source.dirty,
            },
            resolved_dependencies: dependencies(application, source, bases, entries),
        },
        run_details: RunDetails {
            builder: Builder {
                id: BUILDER.to_owned(),
                version: BTreeMap::from([("plimsoll".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
            },
            metadata: Metadata {
                invocation_id: state.release.to_string(),
                started_on: state.opened,
                finished_on: pushed.at,
            },
        },
    })
}

/// An event's source, as it is stated.
pub(super) fn source(source: &Source) -> plimsoll_provenance::Source {
    plimsoll_provenance::Source {
        repository: source.repository.name.clone(),
        uri: address(source),
        git_ref: git_ref(&source.git_ref),
        tags: source.tags.clone(),
    }
}

/// The commit, the images that this one was made from, and the policies.
fn dependencies(
    application: &Application,
    source: &Source,
    bases: &[BaseImage],
    entries: &[Entry],
) -> Vec<Resource> {
    let resource = |name: &str, uri: Option<String>, digest, annotations| Resource {
        name: Some(name.to_owned()),
        uri,
        digest,
        annotations,
    };
    let at = git_ref(&source.git_ref).map_or_else(String::new, |git_ref| format!("@{git_ref}"));
    let uri = address(source).map(|address| format!("git+{address}{at}"));
    let mut all = vec![resource("source", uri, DigestSet::commit(&source.commit.id), BTreeMap::new())];
    all.extend(bases.iter().map(|base| {
        let uri = format!("oci://{}", base.reference);
        resource("base-image", Some(uri), DigestSet::from(&base.digest), BTreeMap::new())
    }));
    let tagging = entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::TagsDerived { record, .. } => Some(&record.policy),
        _ => None,
    });
    all.extend(tagging.map(|policy| {
        let uri = Some(policy.reference.clone());
        resource("tagging-policy", uri, DigestSet::from(&policy.digest), BTreeMap::new())
    }));
    for environment in &application.environments {
        all.extend(environment.promotion.iter().map(|binding| {
            let policy = binding.policy.identity();
            let place = BTreeMap::from([("environment".to_owned(), environment.name.to_string())]);
            let uri = Some(policy.reference.clone());
            resource("promotion-policy", uri, DigestSet::from(&policy.digest), place)
        }));
    }
    all
}

/// The newest decision of such a kind, as it is stated.
async fn newest_decision(
    journal: &dyn Journal,
    entries: &[Entry],
    is_such: impl Fn(&Fact) -> bool,
) -> Result<Option<Claim>, PortFailure> {
    match entries.iter().rev().find(|entry| is_such(&entry.fact)) {
        Some(entry) => decision(journal, entries, entry).await,
        None => Ok(None),
    }
}

/// What is stated of a decision, by its entry among those of its release and nothing that came later: so it is stated, and so it is
/// compared. `None` when the entry is no decision that can be stated.
pub(super) async fn decision(
    journal: &dyn Journal,
    entries: &[Entry],
    entry: &Entry,
) -> Result<Option<Claim>, PortFailure> {
    Ok(match &entry.fact {
        Fact::TagsDerived { record: decided, plan: Some(plan) } => {
            let record = record(journal, entry).await?;
            Some(Claim::Tagging(Box::new(tagging(entry, decided, plan, record))))
        }
        Fact::Decided { environment, verdict, records } => {
            let intent = intent(entries, entry, environment, records).ok_or(NothingToState("opening"))?;
            Some(Claim::Promotion(Box::new(Promotion {
                release: entry.release.to_string(),
                environment: environment.to_string(),
                intent: intent.word().to_owned(),
                decision: verdict.decision.word().to_owned(),
                policies: records.iter().map(|record| (&record.policy).into()).collect(),
                rules: verdict.findings.iter().map(RuleSummary::from).collect(),
                record: record(journal, entry).await?,
                decided_on: entry.at,
            })))
        }
        _ => None,
    })
}

fn tagging(entry: &Entry, decided: &TaggingRecord, plan: &TagPlan, record: Record) -> Tagging {
    let findings = match &decided.outcome {
        Outcome::Answered(Derivation::Plan(proposal)) => proposal.findings.as_slice(),
        _ => &[],
    };
    Tagging {
        release: entry.release.to_string(),
        policy: (&decided.policy).into(),
        version: plan.version.clone(),
        tags: plan
            .tags
            .iter()
            .map(|planned| TagGiven { name: planned.tag.to_string(), mode: planned.mode })
            .collect(),
        rules: findings.iter().map(RuleSummary::from).collect(),
        record,
        decided_on: entry.at,
    }
}

/// Why the release was to go into an environment: as its policies were told, or, where none was asked, as it was wished by then.
fn intent(
    entries: &[Entry],
    entry: &Entry,
    name: &EnvironmentName,
    records: &[PromotionRecord],
) -> Option<Intent> {
    if let Some(record) = records.first() {
        return Some(record.request.intent.clone());
    }
    let until = entries.partition_point(|other| other.sequence <= entry.sequence);
    let state = ReleaseState::fold(&entries[..until])?;
    let requested = state.environment(name).and_then(|environment| environment.requested.clone());
    Some(requested.unwrap_or(state.opening.intent))
}

/// Where a decision is written, by the text that the journal holds.
async fn record(journal: &dyn Journal, entry: &Entry) -> Result<Record, PortFailure> {
    let before = entry.sequence.saturating_sub(1);
    let stored = journal.decisions(before, 1).await?;
    let stored = stored.into_iter().find(|stored| stored.sequence == entry.sequence);
    let text = stored.ok_or(NothingToState("decision"))?.json;
    Ok(Record { sequence: entry.sequence, digest: DigestSet::from(&Digest::of(text.as_bytes())) })
}

/// The repository's web address, without credentials whoever wrote it.
fn address(source: &Source) -> Option<String> {
    let mut url: Url = source.repository.url.as_ref()?.parse().ok()?;
    // Neither fails but for addresses that cannot have credentials.
    let _ = (url.set_username(""), url.set_password(None));
    Some(url.to_string())
}

/// A git reference, whole.
fn git_ref(reference: &GitRef) -> Option<String> {
    match reference {
        GitRef::Branch(name) => Some(format!("refs/heads/{name}")),
        GitRef::Tag(name) => Some(format!("refs/tags/{name}")),
        GitRef::PullRequest(number) => Some(format!("refs/pull/{number}/merge")),
        GitRef::Detached => None,
    }
}
