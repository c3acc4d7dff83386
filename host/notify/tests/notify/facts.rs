//! Facts, as a host journals them.

use plimsoll_core::{
    digest::Digest,
    fact::{Entry, Fact},
};
use serde_json::{Value, json};

/// The commit of all releases.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// The release.
pub(crate) const RELEASE: &str = "r-0123456789ab";

/// Puts facts of one release into their order.
pub(crate) struct Facts(u64);

impl Facts {
    pub(crate) fn new() -> Self {
        Self(0)
    }

    /// A fact in its place, as its JSON form says.
    pub(crate) fn entry(&mut self, fact: Value) -> Entry {
        self.0 += 1;
        let fact: Fact = serde_json::from_value(fact).expect("it is a fact");
        let release = RELEASE.parse().expect("it is a release id");
        Entry {
            sequence: self.0,
            at: 1_700_000_000 + i64::try_from(self.0).expect("it is small"),
            release,
            fact,
        }
    }

    /// The opening, with staging and production after it; production has the checks.
    pub(crate) fn opened(&mut self, repository: &str, checks: &[&str]) -> Entry {
        self.entry(json!({
            "fact": "opened",
            "source": source(repository),
            "intent": "promote",
            "repository": "ghcr.io/contoso/website",
            "environments": [
                { "name": "staging", "after": [] },
                { "name": "production", "after": ["staging"], "checks": checks },
            ],
            "configuration": Digest::of(b"configuration"),
        }))
    }

    /// A plan with the version 1.2.3.
    pub(crate) fn planned(&mut self) -> Entry {
        let plan = json!({ "version": "1.2.3", "tags": [], "labels": {}, "annotations": {} });
        let proposal = json!({ "plan": { "version": "1.2.3", "tags": [] } });
        self.entry(json!({ "fact": "tags-derived", "record": tagging(&json!({ "answered": proposal })), "plan": plan }))
    }

    /// The tagging policy refuses.
    pub(crate) fn refused(&mut self, message: &str) -> Entry {
        let findings = json!([{ "rule": "semver", "outcome": "failed", "message": message }]);
        let refusal = json!({ "answered": { "refusal": findings } });
        self.entry(json!({ "fact": "tags-derived", "record": tagging(&refusal), "plan": null }))
    }

    pub(crate) fn built(&mut self) -> Entry {
        self.entry(json!({ "fact": "built", "digest": Digest::of(b"image"), "size": 1 }))
    }

    /// A verdict on an environment with one rule that failed and one that passed.
    pub(crate) fn decided(&mut self, environment: &str, decision: &Value, message: &str) -> Entry {
        let outcome = if *decision == json!("allow") { "passed" } else { "failed" };
        let findings = json!([
            { "rule": "fine", "outcome": "passed", "message": "all is fine" },
            { "rule": "two-people", "outcome": outcome, "message": message },
        ]);
        let verdict = json!({ "decision": decision, "findings": findings });
        self.entry(
            json!({ "fact": "decided", "environment": environment, "verdict": verdict, "records": [] }),
        )
    }

    pub(crate) fn held(&mut self, environment: &str, message: &str) -> Entry {
        self.decided(environment, &json!({ "hold": [{ "approval": "two-people" }] }), message)
    }

    pub(crate) fn allowed(&mut self, environment: &str) -> Entry {
        self.decided(environment, &json!("allow"), "two people approved")
    }

    pub(crate) fn deployed(&mut self, environment: &str, healthy: bool) -> Entry {
        self.entry(json!({
            "fact": "deployed",
            "environment": environment,
            "digest": Digest::of(b"image"),
            "healthy": healthy,
            "location": "https://www.contoso.example/",
        }))
    }

    pub(crate) fn verified(&mut self, environment: &str, outcome: &str) -> Entry {
        let evidence = json!({ "name": "smoke", "outcome": outcome, "value": "exit code 1", "at": 0 });
        self.entry(json!({
            "fact": "verified",
            "environment": environment,
            "check": "smoke",
            "required": true,
            "evidence": evidence,
        }))
    }

    pub(crate) fn approved(&mut self) -> Entry {
        self.entry(json!({ "fact": "approved", "approval": { "by": "alice", "at": 0 } }))
    }

    pub(crate) fn resumed(&mut self) -> Entry {
        self.entry(json!({ "fact": "resumed" }))
    }

    pub(crate) fn failed(&mut self, step: &str, environment: Option<&str>) -> Entry {
        self.entry(json!({
            "fact": "step-failed",
            "step": step,
            "environment": environment,
            "message": "the cluster is away",
        }))
    }

    pub(crate) fn rejected(&mut self, environment: &str) -> Entry {
        self.entry(
            json!({ "fact": "rejected", "environment": environment, "digest": Digest::of(b"image"), "by": "bob", "reason": "it is slow" }),
        )
    }

    pub(crate) fn health(&mut self, environment: &str, healthy: bool) -> Entry {
        let reasons = if healthy { json!([]) } else { json!(["no pod is ready"]) };
        self.entry(json!({ "fact": "health-changed", "environment": environment, "healthy": healthy, "reasons": reasons }))
    }

    pub(crate) fn superseded(&mut self, environment: &str) -> Entry {
        self.entry(json!({ "fact": "superseded", "environment": environment, "newer": "r-00000000000f" }))
    }

    pub(crate) fn settled(&mut self) -> Entry {
        self.entry(json!({ "fact": "settled" }))
    }
}

fn source(repository: &str) -> Value {
    json!({
        "repository": { "name": repository, "url": "https://github.com/contoso/website" },
        "trigger": "push",
        "git-ref": { "tag": "v1.2.3" },
        "commit": { "id": COMMIT, "time": 1_700_000_000 },
        "tags": ["v1.2.3"],
        "actor": "alice",
    })
}

fn tagging(outcome: &Value) -> Value {
    json!({
        "policy": {
            "reference": "stock:release-tags",
            "name": "release-tags",
            "version": "0.1.0",
            "digest": Digest::of(b"policy"),
            "contract": "0.1.0",
        },
        "request": {
            "source": source("contoso/website"),
            "repositories": ["ghcr.io/contoso/website"],
            "now": {
                "unix": 0, "time-zone": "UTC", "offset": 0, "year": 1970, "month": 1, "day": 1, "weekday": "thursday",
                "hour": 0, "minute": 0, "second": 0,
            },
            "settings": "{}",
        },
        "transcript": [],
        "outcome": outcome,
        "fuel": 1,
    })
}
