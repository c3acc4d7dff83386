//! Statements of a release that went into production.

use std::collections::BTreeMap;

use plimsoll_core::{
    contract::{RuleOutcome, TagMode},
    digest::Digest,
};
use plimsoll_provenance::{
    BUILD_TYPE, BUILDER, Build, BuildDefinition, Builder, Claim, DecidingPolicy, DigestSet, External, Found,
    Internal, Metadata, Promotion, Record, Resource, RuleSummary, RunDetails, Source, Statement, TagGiven,
    Tagging, Vouched,
};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const RELEASE: &str = "r-000000000001";

pub(crate) fn image() -> Digest {
    Digest::of(b"image")
}

pub(crate) fn policy(name: &str) -> DecidingPolicy {
    DecidingPolicy {
        reference: format!("stock:{name}"),
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        digest: DigestSet::from(&Digest::of(name.as_bytes())),
    }
}

pub(crate) fn record(sequence: u64) -> Record {
    Record { sequence, digest: DigestSet::from(&Digest::of(&sequence.to_be_bytes())) }
}

pub(crate) fn build() -> Build {
    let source = Source {
        repository: "contoso/website".to_owned(),
        uri: Some("https://git.example/contoso/website".to_owned()),
        git_ref: Some("refs/heads/main".to_owned()),
        tags: Vec::new(),
    };
    let commit = Resource {
        name: Some("source".to_owned()),
        uri: None,
        digest: DigestSet::commit(COMMIT),
        annotations: BTreeMap::new(),
    };
    Build {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters: External {
                source,
                dockerfile: "Dockerfile".to_owned(),
                context: ".".to_owned(),
                target: None,
                build_arguments: vec!["FLAVOUR".to_owned()],
                platforms: vec!["linux/amd64".to_owned()],
            },
            internal_parameters: Internal {
                builder: "embedded".to_owned(),
                configuration: DigestSet::from(&Digest::of(b"configuration")),
                dirty: false,
            },
            resolved_dependencies: vec![commit],
        },
        run_details: RunDetails {
            builder: Builder {
                id: BUILDER.to_owned(),
                version: BTreeMap::from([("plimsoll".to_owned(), "0.1.0".to_owned())]),
            },
            metadata: Metadata { invocation_id: RELEASE.to_owned(), started_on: 1000, finished_on: 1010 },
        },
    }
}

pub(crate) fn tagging() -> Tagging {
    let tag = |name: &str, mode| TagGiven { name: name.to_owned(), mode };
    Tagging {
        release: RELEASE.to_owned(),
        policy: policy("release-tags"),
        version: Some("1.0.0".to_owned()),
        tags: vec![tag("v1.0.0", TagMode::Create), tag("latest", TagMode::Move)],
        rules: vec![RuleSummary { rule: "branch".to_owned(), outcome: RuleOutcome::Passed }],
        record: record(2),
        decided_on: 1001,
    }
}

pub(crate) fn promotion(decision: &str, sequence: u64) -> Promotion {
    Promotion {
        release: RELEASE.to_owned(),
        environment: "production".to_owned(),
        intent: "promotion".to_owned(),
        decision: decision.to_owned(),
        policies: vec![policy("version-gate")],
        rules: Vec::new(),
        record: record(sequence),
        decided_on: 1020,
    }
}

pub(crate) fn statement(claim: Claim) -> Statement {
    Statement { name: "ghcr.io/contoso/website".to_owned(), subjects: vec![image()], claim }
}

pub(crate) fn claims() -> Vec<Claim> {
    vec![
        Claim::Build(Box::new(build())),
        Claim::Tagging(Box::new(tagging())),
        Claim::Promotion(Box::new(promotion("allow", 9))),
    ]
}

pub(crate) fn found(claim: Claim) -> Found {
    let statement = statement(claim);
    Found {
        referrer: Digest::of(&statement.to_bytes().unwrap()),
        statement,
        vouched: Vouched::Key(Digest::of(b"key")),
    }
}
