//! The release machine against a small imagined world: whatever the policies say and wherever the host dies, a release
//! ends the same way, and nothing happens out of order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{
    contract::{
        Approval, Commit, Condition, Decision, Derivation, Evidence, EvidenceOutcome, GitRef, Image, Intent,
        PromotionRequest, ProposedPlan, ProposedTag, Repository, Source, TagMode, TaggingRequest, Trigger,
        Verdict, Weekday,
    },
    decision::{DecisionRecord, Outcome, PolicyIdentity, TaggingRecord},
    digest::Digest,
    fact::{Entry, EnvironmentPlan, Fact, Opening},
    names::{CheckName, EnvironmentName, ReleaseId, Tag},
    plan::TagPlan,
    release::{Attestation, ReleaseState, Standing, Stay, Step, due, next},
    shadow::ShadowRecord,
};
use proptest::prelude::*;

/// What the world does to a release: effects survive a host's death, facts do only when they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct World {
    tags: BTreeMap<Tag, Digest>,
    running: BTreeMap<EnvironmentName, Digest>,
    /// Statements that lie beside the image.
    attested: BTreeSet<Attestation>,
}

/// What the policies say.
#[derive(Debug, Clone)]
struct Answers {
    refuses: bool,
    environments: Vec<Decision>,
    /// Whether there are shadows, which say something else.
    shadows: bool,
    /// Whether statements are attached to the image.
    provenance: bool,
}

fn name(index: usize) -> EnvironmentName {
    EnvironmentName::new(format!("environment-{index}")).unwrap()
}

fn source() -> Source {
    Source {
        repository: Repository { name: "contoso/website".to_owned(), ..Repository::default() },
        trigger: Trigger::Push,
        git_ref: GitRef::Branch("main".to_owned()),
        commit: Commit { id: "0".repeat(40), time: 1, author: None, message: None },
        tags: vec![],
        actor: None,
        dirty: false,
        facts: Vec::new(),
    }
}

fn opening(environments: usize, provenance: bool) -> Fact {
    // Each environment comes after the one before it.
    let plan = |index: usize| EnvironmentPlan {
        name: name(index),
        after: index.checked_sub(1).map(name).into_iter().collect(),
        checks: vec![CheckName::new("smoke").unwrap(), CheckName::new("pages").unwrap()],
    };
    Fact::Opened(Box::new(Opening {
        source: source(),
        intent: Intent::Promote,
        repository: "website".to_owned(),
        environments: (0..environments).map(plan).collect(),
        configuration: Digest::of(b""),
        provenance,
    }))
}

fn tagging_record(answer: Derivation) -> TaggingRecord {
    let policy = PolicyIdentity {
        reference: "stock:release-tags".to_owned(),
        name: "release-tags".to_owned(),
        version: "0.1.0".to_owned(),
        digest: Digest::of(b"policy"),
        contract: "0.1.0".to_owned(),
    };
    let now = plimsoll_core::contract::Moment {
        unix: 0,
        time_zone: "UTC".to_owned(),
        offset: 0,
        year: 1970,
        month: 1,
        day: 1,
        weekday: Weekday::Thursday,
        hour: 0,
        minute: 0,
        second: 0,
    };
    let request = TaggingRequest { source: source(), repositories: vec![], now, settings: "{}".to_owned() };
    DecisionRecord { policy, request, transcript: vec![], outcome: Outcome::Answered(answer), fuel: 1 }
}

fn tags_derived(answers: &Answers) -> Fact {
    let tag = |name: &str, mode| ProposedTag { name: name.to_owned(), mode };
    let proposal = ProposedPlan {
        version: Some("1.0.0".to_owned()),
        tags: vec![tag("latest", TagMode::Move), tag("v1.0.0", TagMode::Create)],
        labels: vec![],
        annotations: vec![],
        findings: vec![],
    };
    let plan = TagPlan::check(&proposal).unwrap();
    let (answer, plan) = if answers.refuses {
        (Derivation::Refusal(vec![]), None)
    } else {
        (Derivation::Plan(proposal), Some(plan))
    };
    Fact::TagsDerived { record: Box::new(tagging_record(answer)), plan }
}

/// What the shadows of a decision say: always something else. Promotions have two of them.
fn shadowed(fact: &Fact) -> Option<Fact> {
    match fact {
        Fact::TagsDerived { record, .. } => Some(Fact::TagsShadowed {
            shadow: Box::new(ShadowRecord {
                decider: record.policy.clone(),
                decided: record.outcome.clone(),
                configured: Digest::of(b"configured"),
                record: tagging_record(Derivation::Refusal(vec![])),
            }),
        }),
        Fact::Decided { environment, verdict, .. } => {
            let other = match verdict.decision {
                Decision::Allow => Decision::Deny,
                _ => Decision::Allow,
            };
            let shadow = |outcome: Outcome<Verdict>| {
                let TaggingRecord { policy, .. } = tagging_record(Derivation::Refusal(vec![]));
                ShadowRecord {
                    decider: policy.clone(),
                    decided: Outcome::Answered(verdict.clone()),
                    configured: Digest::of(b"configured"),
                    record: DecisionRecord {
                        policy,
                        request: promotion_request(),
                        transcript: vec![],
                        outcome,
                        fuel: 1,
                    },
                }
            };
            let answer = shadow(Outcome::Answered(Verdict { decision: other, findings: vec![] }));
            let trap = shadow(Outcome::Trapped { reason: "asked to".to_owned() });
            Some(Fact::Shadowed { environment: environment.clone(), shadows: vec![answer, trap] })
        }
        _ => None,
    }
}

fn promotion_request() -> PromotionRequest {
    let TaggingRecord { request, .. } = tagging_record(Derivation::Refusal(vec![]));
    PromotionRequest {
        source: request.source,
        image: Image {
            repository: "website".to_owned(),
            digest: None,
            tags: vec![],
            version: None,
            labels: vec![],
        },
        intent: Intent::Promote,
        environment: "environment-0".to_owned(),
        environments: vec![],
        passages: vec![],
        approvals: vec![],
        evidence: vec![],
        now: request.now,
        settings: request.settings,
    }
}

/// Carries one step out in the imagined world.
fn perform(state: &ReleaseState, step: &Step, answers: &Answers, world: &mut World) -> Fact {
    let digest = Digest::of(b"image");
    match step {
        Step::DeriveTags => tags_derived(answers),
        Step::Build => Fact::Built { digest, size: 1, bases: vec![] },
        Step::Push => Fact::Pushed { digest },
        Step::Attest(attestation) => {
            assert!(
                world.tags.is_empty() || matches!(attestation, Attestation::Promotion(_)),
                "a tag came before {attestation:?}"
            );
            world.attested.insert(attestation.clone());
            Fact::Attested { attestation: attestation.clone(), referrer: Digest::of(b"statement") }
        }
        Step::SetTag(planned) => {
            let previous = world.tags.insert(planned.tag.clone(), digest);
            if planned.tag.as_str() == "latest" {
                assert!(world.tags.len() == 2, "`latest` moved before the version tag was there");
            }
            Fact::Tagged { tag: planned.tag.clone(), previous }
        }
        Step::Decide(environment) => {
            let state = state.environments.iter().position(|state| state.plan.name == *environment).unwrap();
            let decision = answers.environments[state].clone();
            Fact::Decided {
                environment: environment.clone(),
                verdict: Verdict { decision, findings: vec![] },
                records: vec![],
            }
        }
        Step::Deploy(environment) => {
            let waiting = state.environment(environment).unwrap();
            assert_eq!(waiting.stay, Stay::Allowed, "deployed without an allowance");
            let told = world.attested.contains(&Attestation::Promotion(environment.clone()));
            assert_eq!(told, answers.provenance, "deployed before it was attested");
            assert!(state.missing_before(waiting).is_empty(), "deployed before the environments before it");
            world.running.insert(environment.clone(), digest);
            let location = environment.to_string();
            Fact::Deployed { environment: environment.clone(), digest, healthy: true, location }
        }
        Step::Verify(environment, check) => {
            assert!(world.running.contains_key(environment), "checked before it was deployed");
            let evidence =
                Evidence { name: check.to_string(), outcome: EvidenceOutcome::Passed, value: None, at: 0 };
            Fact::Verified {
                environment: environment.clone(),
                check: check.clone(),
                required: true,
                evidence,
            }
        }
    }
}

fn approved() -> Fact {
    let approval = Approval { by: "ann".to_owned(), at: 0, environment: None, rule: None, expires: None };
    Fact::Approved { approval }
}

/// Runs a release in lives: life `n` dies after `lives[n]` half-steps (an effect is one, its fact another, what shadows
/// say of it a third), the last one goes to the end.
fn run(answers: &Answers, lives: &[usize]) -> (World, ReleaseState) {
    let mut world = World::default();
    let mut journal: Vec<Entry> = Vec::new();
    let release = ReleaseId::new("r-000000000000").unwrap();
    let write = |journal: &mut Vec<Entry>, fact: Fact| {
        let sequence = journal.len() as u64 + 1;
        journal.push(Entry { sequence, at: 0, release: release.clone(), fact });
    };
    for life in lives.iter().copied().chain([usize::MAX]) {
        let mut left = life;
        let fact = if journal.is_empty() {
            opening(answers.environments.len(), answers.provenance)
        } else {
            Fact::Resumed { waiting: false, unattested: false }
        };
        write(&mut journal, fact);
        let mut state = ReleaseState::fold(&journal).unwrap();
        let mut steps = 0;
        while let Some(step) = next(&state) {
            steps += 1;
            assert!(steps < 100, "the machine does not end");
            if left == 0 {
                break;
            }
            let fact = perform(&state, &step, answers, &mut world);
            if left == 1 {
                break;
            }
            left = left.saturating_sub(2);
            let shadowed = shadowed(&fact).filter(|_| answers.shadows);
            write(&mut journal, fact);
            state.apply(journal.last().unwrap());
            if answers.shadows {
                let (before, steps) = (next(&state), state.steps);
                write(&mut journal, approved());
                state.apply(journal.last().unwrap());
                assert_eq!((next(&state), state.steps), (before, steps), "a given fact is no step");
            }
            if let Some(shadowed) = shadowed {
                if left == 0 {
                    break;
                }
                left = left.saturating_sub(1);
                let (before, stays_before) = (next(&state), stays(&state));
                write(&mut journal, shadowed);
                state.apply(journal.last().unwrap());
                assert_eq!(
                    (next(&state), stays(&state)),
                    (before, stays_before),
                    "a shadow decided something"
                );
            }
            assert_eq!(Some(&state), ReleaseState::fold(&journal).as_ref(), "applying differs from folding");
        }
    }
    let state = ReleaseState::fold(&journal).unwrap();
    (world, state)
}

fn answers() -> impl Strategy<Value = Answers> {
    let decision = prop_oneof![
        3 => Just(Decision::Allow),
        1 => Just(Decision::Deny),
        1 => Just(Decision::Hold(vec![Condition::Time(1)])),
    ];
    (prop::bool::weighted(0.1), prop::collection::vec(decision, 0..5), any::<bool>(), any::<bool>()).prop_map(
        |(refuses, environments, shadows, provenance)| Answers { refuses, environments, shadows, provenance },
    )
}

fn stays(state: &ReleaseState) -> Vec<Stay> {
    state.environments.iter().map(|environment| environment.stay.clone()).collect()
}

proptest! {
    #[test]
    fn dying_anywhere_changes_nothing(answers in answers(), lives in prop::collection::vec(0_usize..24, 0..4)) {
        let (undisturbed, calm) = run(&Answers { shadows: false, ..answers.clone() }, &[]);
        let (world, state) = run(&answers, &lives);
        prop_assert_eq!(world, undisturbed);
        prop_assert_eq!(stays(&state), stays(&calm));
        prop_assert_eq!(state.standing(), calm.standing());
    }

    #[test]
    fn only_what_every_environment_before_took_goes_further(answers in answers()) {
        let (world, state) = run(&answers, &[]);
        let allowed = if answers.refuses { 0 } else {
            answers.environments.iter().take_while(|decision| **decision == Decision::Allow).count()
        };
        prop_assert_eq!(world.running.len(), allowed);
        // The build, the tags, each allowance, and the denial that ended it.
        let denials = usize::from(answers.environments.get(allowed) == Some(&Decision::Deny));
        let statements = if answers.provenance && !answers.refuses { 2 + allowed + denials } else { 0 };
        prop_assert_eq!(world.attested.len(), statements);
        let expected = match answers.environments.get(allowed) {
            _ if answers.refuses => Standing::Refused,
            None | Some(Decision::Deny) => Standing::Done,
            Some(_) => Standing::Waiting,
        };
        prop_assert_eq!(state.standing(), expected);
    }
}

/// A release with one environment and a check, deployed there.
fn deployed() -> (ReleaseState, impl FnMut(&mut ReleaseState, i64, Fact)) {
    let release = ReleaseId::new("r-0123456789ab").unwrap();
    let answers =
        Answers { refuses: false, environments: vec![Decision::Allow], shadows: false, provenance: false };
    let entry = move |sequence: usize, at: i64, fact: Fact| Entry {
        sequence: sequence as u64,
        at,
        release: release.clone(),
        fact,
    };
    let mut state = ReleaseState::open(&entry(1, 0, opening(1, false))).unwrap();
    let mut world = World::default();
    let apply = move |state: &mut ReleaseState, at: i64, fact: Fact| {
        let sequence = state.steps + 1;
        state.apply(&entry(sequence, at, fact));
    };
    while let Some(step) = next(&state).filter(|step| !matches!(step, Step::Verify(..))) {
        let fact = perform(&state, &step, &answers, &mut world);
        apply(&mut state, 10, fact);
    }
    (state, apply)
}

fn verified(check: &str, outcome: EvidenceOutcome) -> Fact {
    let evidence = Evidence { name: check.to_owned(), outcome, value: None, at: 20 };
    Fact::Verified { environment: name(0), check: CheckName::new(check).unwrap(), required: true, evidence }
}

#[test]
fn a_check_that_fails_makes_the_environment_unhealthy_whatever_the_target_says() {
    let (mut state, mut apply) = deployed();
    assert!(!state.environments[0].passed(), "its checks are not made yet");
    apply(&mut state, 20, verified("smoke", EvidenceOutcome::Failed));
    apply(&mut state, 20, verified("pages", EvidenceOutcome::Passed));
    assert_eq!(state.environments[0].healthy_since, None);
    apply(&mut state, 30, Fact::HealthChanged { environment: name(0), healthy: true, reasons: vec![] });
    assert!(!state.environments[0].passed());
    assert_eq!(state.evidence.len(), 2);
}

#[test]
fn health_counts_from_when_it_came_back() {
    let (mut state, mut apply) = deployed();
    apply(&mut state, 20, verified("smoke", EvidenceOutcome::Passed));
    apply(&mut state, 20, verified("pages", EvidenceOutcome::Passed));
    assert_eq!(state.passages()[0].healthy_since, Some(10), "a check that passes changes nothing");
    let health = |healthy| Fact::HealthChanged { environment: name(0), healthy, reasons: vec![] };
    apply(&mut state, 30, health(false));
    assert_eq!((state.passages()[0].healthy_since, state.environments[0].passed()), (None, false));
    apply(&mut state, 40, health(true));
    let passage = &state.passages()[0];
    assert_eq!((passage.since, passage.healthy_since), (10, Some(40)));
}

#[test]
fn who_was_taken_out_comes_back_only_when_asked_for() {
    let (mut state, mut apply) = deployed();
    let rejected = Fact::Rejected {
        environment: name(0),
        digest: Digest::of(b"image"),
        by: "ann".to_owned(),
        reason: "slow".to_owned(),
    };
    apply(&mut state, 20, rejected);
    apply(&mut state, 30, Fact::Resumed { waiting: false, unattested: false });
    assert_eq!(next(&state), None);
    let requested =
        Fact::Requested { environment: name(0), intent: Intent::Promote, by: "ann".to_owned(), reason: None };
    apply(&mut state, 40, requested);
    assert_eq!(next(&state), Some(Step::Decide(name(0))));
}

/// Whoever takes a release up and wants no statements owes none; older journals say nothing of that, and mean the same.
#[test]
fn statements_are_owed_until_somebody_takes_the_release_up_without_them() {
    let release = ReleaseId::new("r-0123456789ab").unwrap();
    let entry = |sequence: u64, fact: Fact| Entry { sequence, at: 0, release: release.clone(), fact };
    let mut state = ReleaseState::open(&entry(1, opening(1, true))).unwrap();
    assert!(state.owes(&Attestation::Build));
    state.apply(&entry(2, Fact::Resumed { waiting: true, unattested: true }));
    assert!(!state.owes(&Attestation::Build) && !state.owes(&Attestation::Tags));
    let older = r#"{"fact":"resumed"}"#;
    let fact: Fact = serde_json::from_str(older).unwrap();
    assert_eq!(serde_json::to_string(&fact).unwrap(), older);
    state.apply(&entry(3, fact));
    assert!(state.owes(&Attestation::Build));
}

/// A verdict that holds, made while the release had none of what was given to it.
fn held(until: Condition) -> Fact {
    let Answers { environments, .. } = Answers {
        refuses: false,
        environments: vec![Decision::Hold(vec![until])],
        shadows: false,
        provenance: false,
    };
    let policy = PolicyIdentity {
        reference: "stock:approvals".to_owned(),
        name: "approvals".to_owned(),
        version: "0.1.0".to_owned(),
        digest: Digest::of(b"policy"),
        contract: "0.1.0".to_owned(),
    };
    let verdict = Verdict { decision: environments[0].clone(), findings: vec![] };
    let outcome = Outcome::Answered(verdict.clone());
    let decided = plimsoll_core::decision::Decided { outcome, transcript: Vec::new(), fuel: 0 };
    let records = vec![DecisionRecord::new(policy, promotion_request(), decided)];
    Fact::Decided { environment: name(0), verdict, records }
}

fn asked_for() -> Fact {
    Fact::Requested { environment: name(0), intent: Intent::Promote, by: "ann".to_owned(), reason: None }
}

#[test]
fn an_approval_that_came_while_the_policies_were_asked_takes_the_release_up() {
    let (mut state, mut apply) = deployed();
    apply(&mut state, 20, asked_for());
    // The journal has it before the decision, which did not know it; and who gave it has a slow clock.
    apply(&mut state, 21, approved());
    apply(&mut state, 30, held(Condition::Approval("quorum".to_owned())));
    assert_eq!(due(&state), Some(30));

    let (mut state, mut apply) = deployed();
    apply(&mut state, 20, asked_for());
    apply(&mut state, 30, held(Condition::Approval("quorum".to_owned())));
    assert_eq!(due(&state), None, "nothing was given");
    apply(&mut state, 30, approved());
    assert_eq!(due(&state), Some(30));
}

#[test]
fn a_time_that_is_over_is_not_waited_for_without_a_pause() {
    let (mut state, mut apply) = deployed();
    apply(&mut state, 20, asked_for());
    apply(&mut state, 100, held(Condition::Time(50)));
    assert_eq!(due(&state), Some(160));
}

#[test]
fn health_is_known_also_of_what_runs_and_is_held_from_coming_anew() {
    let (mut state, mut apply) = deployed();
    apply(&mut state, 20, asked_for());
    apply(&mut state, 30, held(Condition::Approval("quorum".to_owned())));
    apply(&mut state, 40, Fact::HealthChanged { environment: name(0), healthy: false, reasons: vec![] });
    assert!(!state.environments[0].observed_healthy);
}
