//! What is concluded from the statements that count.

use std::collections::BTreeMap;

use plimsoll_core::{contract::RuleOutcome, digest::Digest};
use plimsoll_provenance::{
    BuildDefinition, Claim, DigestSet, Expected, Found, Gathered, Promotion, Recorded, RecordedRelease,
    Report, Vouched, check,
};

use crate::sample::{COMMIT, RELEASE, build, claims, found, image, policy, promotion, tagging};

/// All that can be expected of the sample.
fn expected() -> Expected {
    Expected {
        tag: Some("v1.0.0".to_owned()),
        source: Some("https://git.example/contoso/website.git".to_owned()),
        commit: Some(COMMIT[..12].to_owned()),
        policy: "stock:release-tags".parse().ok(),
        environment: Some("production".to_owned()),
        promotion_policies: vec![
            policy("version-gate").digest.content().unwrap().to_string().parse().unwrap(),
        ],
    }
}

fn pointing() -> BTreeMap<String, Option<Digest>> {
    ["v1.0.0", "latest"].map(|tag| (tag.to_owned(), Some(image()))).into()
}

fn recorded() -> Recorded {
    let [build, tagging, promotion] = <[Claim; 3]>::try_from(claims()).unwrap();
    let Claim::Build(build) = build else { panic!("the first is the build") };
    let BuildDefinition { external_parameters, internal_parameters, .. } = build.build_definition;
    let decision = |claim: Claim| (claim.record().unwrap().sequence, claim);
    let release = RecordedRelease {
        image: Some(image()),
        commit: COMMIT.to_owned(),
        source: external_parameters.source,
        dirty: internal_parameters.dirty,
        configuration: internal_parameters.configuration.content().unwrap(),
        decisions: [decision(tagging), decision(promotion)].into(),
        newest: [("production".to_owned(), (9, "allow".to_owned()))].into(),
    };
    Recorded { releases: [(RELEASE.to_owned(), release)].into() }
}

fn all() -> Vec<Found> {
    claims().into_iter().map(found).collect()
}

fn gathered(found: &[Found]) -> Gathered {
    Gathered { found: found.to_vec(), ..Gathered::default() }
}

fn report(found: &[Found], expected: &Expected, recorded: Option<&Recorded>) -> Report {
    check(&image(), gathered(found), expected, &pointing(), recorded)
}

/// What failed, `rule: message` each.
fn failed(report: &Report) -> Vec<String> {
    let failed = report.checks.iter().filter(|check| check.outcome == RuleOutcome::Failed);
    failed.map(|check| format!("{}: {}", check.rule, check.message)).collect()
}

#[track_caller]
fn fails_once(report: &Report, says: &str) {
    let failed = failed(report);
    assert!(failed.len() == 1 && failed[0].contains(says), "{says}: {failed:?}");
    assert!(!report.verified && !report.proven);
}

#[test]
fn what_was_expected_is_verified_and_what_was_not_asked_is_told() {
    let full = report(&all(), &expected(), Some(&recorded()));
    assert_eq!(failed(&full), Vec::<String>::new());
    assert!(full.verified && full.proven);
    assert_eq!(full.release.as_deref(), Some(RELEASE));
    let asked = full.checks.iter().filter(|check| check.outcome == RuleOutcome::Passed).count();
    assert_eq!(asked, 9, "{full:?}");

    let plain = report(&all(), &Expected::default(), None);
    assert!(plain.verified && plain.proven);
    let told: Vec<&str> = plain
        .checks
        .iter()
        .filter(|check| check.outcome == RuleOutcome::Skipped)
        .map(|check| check.rule.as_str())
        .collect();
    assert_eq!(told, ["source", "commit", "tag v1.0.0", "tag latest", "production"]);
}

#[test]
fn without_a_checked_signature_nothing_is_proven_but_by_a_journal() {
    for vouched in [Vouched::Unsigned, Vouched::Unchecked] {
        let all: Vec<Found> = all().into_iter().map(|found| Found { vouched, ..found }).collect();
        let alone = report(&all, &expected(), None);
        assert!(alone.verified && !alone.proven, "{alone:?}");
        let with_journal = report(&all, &expected(), Some(&recorded()));
        assert!(with_journal.verified && with_journal.proven);
    }
}

#[test]
fn each_expectation_that_is_not_met_is_told_as_what_it_is() {
    let other = || Some("other".to_owned());
    for (expected, says) in [
        (Expected { tag: other(), ..expected() }, "tag other: not among the tags that stock:release-tags"),
        (
            Expected { source: other(), ..expected() },
            "source: https://git.example/contoso/website, refs/heads/main, not other",
        ),
        (Expected { commit: Some("f".repeat(40)), ..expected() }, "commit: 0123456789abcdef"),
        (Expected { policy: "stock:other".parse().ok(), ..expected() }, "gave the tags, not stock:other"),
        (
            Expected { environment: Some("staging".to_owned()), promotion_policies: vec![], ..expected() },
            "staging: no statement that counts says that it was ever allowed there",
        ),
        (
            Expected { promotion_policies: vec!["stock:other".parse().unwrap()], ..expected() },
            "promotion-policy: stock:other was not asked",
        ),
    ] {
        fails_once(&report(&all(), &expected, Some(&recorded())), says);
    }
}

#[test]
fn what_is_missing_or_denied_is_no_allowance() {
    let [build, tagging, allowed] = <[Found; 3]>::try_from(all()).unwrap();
    let denied = found(Claim::Promotion(Box::new(promotion("deny", 12))));
    fails_once(&report(&[tagging.clone(), allowed.clone()], &expected(), None), "how this image was built");
    fails_once(&report(&[build.clone(), allowed.clone()], &expected(), None), "which policy gave its tags");
    fails_once(&report(&[build.clone(), tagging.clone()], &expected(), None), "ever allowed there");
    // The newest decision counts, in whatever order they are found.
    let both = [denied, build.clone(), tagging.clone(), allowed.clone()];
    fails_once(&report(&both, &expected(), None), "production: denied by stock:version-gate");
    // Only `allow` is an allowance.
    let unknown = found(Claim::Promotion(Box::new(promotion("Allow", 12))));
    fails_once(&report(&[unknown, build, tagging, allowed], &expected(), None), "production: denied");
}

#[test]
fn nothing_of_one_release_vouches_for_another() {
    let mut other_allow = promotion("allow", 9);
    other_allow.release = "r-000000000002".to_owned();
    let [build, tagging, _] = <[Found; 3]>::try_from(all()).unwrap();
    let mixed = [build, tagging, found(Claim::Promotion(Box::new(other_allow)))];
    fails_once(&report(&mixed, &expected(), None), "ever allowed there");
    // Another release of the same image, from another commit, is no obstacle.
    let mut other_build = self::build();
    other_build.run_details.metadata.invocation_id = "r-000000000002".to_owned();
    other_build.run_details.metadata.started_on = 9999;
    other_build.build_definition.resolved_dependencies[0].digest.git_commit = Some("f".repeat(40));
    let mut two = all();
    two.push(found(Claim::Build(Box::new(other_build))));
    assert_eq!(report(&two, &expected(), None).release.as_deref(), Some(RELEASE));
    assert_eq!(
        report(&two, &Expected { commit: Some("abcdefa".to_owned()), ..expected() }, None).release.as_deref(),
        Some("r-000000000002"),
        "where nothing fits, the newest is told"
    );
}

#[test]
fn a_version_tag_that_moved_and_changes_beside_the_commit_are_noticed() {
    let mut moved = pointing();
    moved.insert("v1.0.0".to_owned(), Some(Digest::of(b"other")));
    moved.insert("latest".to_owned(), Some(Digest::of(b"other")));
    let report = |expected: &Expected| check(&image(), gathered(&all()), expected, &moved, None);
    fails_once(&report(&Expected { tag: None, ..expected() }), "tag v1.0.0: given by stock:release-tags");
    moved.insert("v1.0.0".to_owned(), None);
    let gone = check(&image(), gathered(&all()), &Expected::default(), &moved, None);
    assert!(gone.verified, "a tag that is not there misleads nobody: {gone:?}");

    let mut dirty = build();
    dirty.build_definition.internal_parameters.dirty = true;
    let found = [found(Claim::Build(Box::new(dirty))), found(Claim::Tagging(Box::new(tagging())))];
    let expected = Expected { commit: Some(COMMIT.to_owned()), ..Expected::default() };
    fails_once(&self::report(&found, &expected, None), "with changes that are not in it");
    assert!(self::report(&found, &Expected::default(), None).verified);
}

#[test]
fn a_journal_that_says_otherwise_is_believed() {
    let differs = |change: fn(&mut RecordedRelease)| {
        let mut recorded = recorded();
        change(recorded.releases.get_mut(RELEASE).unwrap());
        report(&all(), &expected(), Some(&recorded))
    };
    fails_once(&differs(|release| release.image = None), "the release made no image");
    fails_once(&differs(|release| release.commit = "f".repeat(40)), "the release is of commit ffff");
    fails_once(
        &differs(|release| {
            release.decisions.insert(9, Claim::Promotion(Box::new(promotion("deny", 9))));
        }),
        "entry 9 is not the decision that the statement names",
    );
    fails_once(
        &differs(|release| {
            release.decisions.remove(&2);
        }),
        "entry 2 is not the decision that the statement names",
    );
    fails_once(&differs(|release| release.dirty = true), "the release is with changes beside its commit");
    fails_once(
        &differs(|release| release.source.tags.push("v2.0.0".to_owned())),
        "the release is of https://git.example/contoso/website, and its event another one",
    );
    fails_once(
        &differs(|release| release.configuration = Digest::of(b"other")),
        "the release began with the configuration",
    );
    fails_once(
        &differs(|release| {
            release.newest.insert("production".to_owned(), (15, "deny".to_owned()));
        }),
        "entry 15 is a newer decision on production: deny",
    );
    fails_once(&report(&all(), &expected(), Some(&Recorded::default())), "does not know the release");
}

/// What was not looked at may be a denial.
#[test]
fn nothing_is_verified_where_not_all_was_looked_at() {
    for found in [all(), Vec::new()] {
        let gathered = Gathered { truncated: true, ..gathered(&found) };
        let report = check(&image(), gathered, &expected(), &pointing(), Some(&recorded()));
        let failed = failed(&report);
        assert!(!report.verified && !report.proven, "{failed:?}");
        assert_eq!(
            failed.last().map(String::as_str),
            Some("referrers: more than 256 referrers: the rest was not looked at")
        );
    }
}

/// A place in the journal that is right says nothing of what is stated about it.
#[test]
fn a_statement_that_says_more_than_its_entry_is_no_decision() {
    let forgeries: [fn(&mut Promotion); 5] = [
        |forged| forged.environment = "moon".to_owned(),
        |forged| forged.intent = "break-glass".to_owned(),
        |forged| forged.policies.clear(),
        |forged| forged.decided_on += 1,
        |forged| forged.record.digest = DigestSet::from(&Digest::of(b"other")),
    ];
    for forge in forgeries {
        let mut forged = promotion("allow", 9);
        forge(&mut forged);
        let mut all = all();
        all.push(found(Claim::Promotion(Box::new(forged))));
        let report = report(&all, &Expected::default(), Some(&recorded()));
        fails_once(&report, "entry 9 is not the decision that the statement names");
    }
    let mut forged = tagging();
    forged.tags[0].name = "v9.0.0".to_owned();
    let all: Vec<Found> = all().into_iter().chain([found(Claim::Tagging(Box::new(forged)))]).collect();
    let report = report(&all, &Expected::default(), Some(&recorded()));
    fails_once(&report, "entry 2 is not the decision that the statement names");
}

#[test]
fn nothing_that_steers_a_terminal_gets_through() {
    let mut evil = tagging();
    evil.policy.reference = "stock:\u{1b}[2Jx\n✓ signature".to_owned();
    evil.tags[1].name = "a\u{7}b".to_owned();
    let found = [found(Claim::Build(Box::new(build()))), found(Claim::Tagging(Box::new(evil)))];
    let report = report(&found, &Expected::default(), None);
    let all = format!("{:?}", report.checks.iter().map(|it| (&it.rule, &it.message)).collect::<Vec<_>>());
    assert!(!all.contains("\\u{1b}") && !all.contains("\\n") && !all.contains("\\u{7}"), "{all}");
}
