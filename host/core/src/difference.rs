//! What differs between two answers to one question.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    contract::{Derivation, Finding, ProposedPlan, ProposedTag, RuleOutcome, TagMode, Verdict},
    decision::Outcome,
};

/// A rule whose finding is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingChange {
    /// The rule.
    pub rule: String,
    /// Its finding before; absent: it had none.
    pub before: Option<Finding>,
    /// Its finding after; absent: it has none.
    pub after: Option<Finding>,
}

/// The rules that came out another way, or are there only before or after. Words alone make no difference.
#[must_use]
pub fn finding_changes(before: &[Finding], after: &[Finding]) -> Vec<FindingChange> {
    let of = |findings: &[Finding], rule: &str| -> Vec<RuleOutcome> {
        findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.outcome).collect()
    };
    let mut rules: Vec<&str> = before.iter().chain(after).map(|finding| finding.rule.as_str()).collect();
    let mut seen = BTreeSet::new();
    rules.retain(|rule| seen.insert(*rule));
    rules
        .into_iter()
        .filter(|rule| of(before, rule) != of(after, rule))
        .map(|rule| FindingChange {
            rule: rule.to_owned(),
            before: before.iter().find(|finding| finding.rule == rule).cloned(),
            after: after.iter().find(|finding| finding.rule == rule).cloned(),
        })
        .collect()
}

/// An answer that can be held against another one.
pub trait Comparable {
    /// What it decides, in a few words.
    fn summary(&self) -> String;

    /// What each rule found.
    fn findings(&self) -> &[Finding];

    /// Whether it decides the same. Findings are reasons, and no part of the decision.
    fn agrees_with(&self, other: &Self) -> bool;
}

/// Verdicts agree when both allow, both hold or both deny.
impl Comparable for Verdict {
    fn summary(&self) -> String {
        self.decision.word().to_owned()
    }

    fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn agrees_with(&self, other: &Self) -> bool {
        self.decision.word() == other.decision.word()
    }
}

/// Derivations agree when both refuse, or both give the same version and the same tags in the same way, in any order.
impl Comparable for Derivation {
    fn summary(&self) -> String {
        let plan = match self {
            Self::Refusal(_) => return "refused".to_owned(),
            Self::Plan(plan) => plan,
        };
        let tag = |ProposedTag { name, mode }: &ProposedTag| match mode {
            TagMode::Create => name.clone(),
            TagMode::Move => format!("{name} (moves)"),
        };
        let tags: Vec<String> = plan.tags.iter().map(tag).collect();
        let tags = if tags.is_empty() { "no tags".to_owned() } else { tags.join(", ") };
        match &plan.version {
            Some(version) => format!("{tags}, version {version}"),
            None => tags,
        }
    }

    fn findings(&self) -> &[Finding] {
        match self {
            Self::Plan(plan) => &plan.findings,
            Self::Refusal(findings) => findings,
        }
    }

    fn agrees_with(&self, other: &Self) -> bool {
        let tags = |plan: &ProposedPlan| -> BTreeSet<(String, bool)> {
            plan.tags.iter().map(|tag| (tag.name.clone(), tag.mode == TagMode::Move)).collect()
        };
        match (self, other) {
            (Self::Plan(one), Self::Plan(other)) => one.version == other.version && tags(one) == tags(other),
            (Self::Refusal(_), Self::Refusal(_)) => true,
            _ => false,
        }
    }
}

impl<Answer: Comparable> Outcome<Answer> {
    /// What was decided, in a few words; `no answer` when nothing was.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Answered(answer) => answer.summary(),
            _ => "no answer".to_owned(),
        }
    }

    /// The findings of the answer, or the host's own finding when there is none. `reference` names the policy in it.
    #[must_use]
    pub fn findings(&self, reference: &str) -> Vec<Finding> {
        match self {
            Self::Answered(answer) => answer.findings().to_vec(),
            other => other
                .unanswered()
                .map(|message| Finding::host_failed("policy", format!("{reference}: {message}")))
                .into_iter()
                .collect(),
        }
    }

    /// Whether both decide the same. Two questions without an answer agree, whatever the reasons.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Answered(one), Self::Answered(other)) => one.agrees_with(other),
            (Self::Answered(_), _) | (_, Self::Answered(_)) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Condition, Decision};

    fn finding(rule: &str, outcome: RuleOutcome) -> Finding {
        Finding { rule: rule.to_owned(), outcome, message: "so".to_owned() }
    }

    fn verdict(decision: Decision, outcome: RuleOutcome) -> Outcome<Verdict> {
        Outcome::Answered(Verdict { decision, findings: vec![finding("rule", outcome)] })
    }

    #[test]
    fn verdicts_agree_by_their_decision_alone() {
        let hold = |at| Decision::Hold(vec![Condition::Time(at)]);
        let allowed = verdict(Decision::Allow, RuleOutcome::Passed);
        let unanswered = Outcome::Failed { message: "no".to_owned() };
        for (one, other, agree) in [
            (allowed.clone(), verdict(Decision::Allow, RuleOutcome::Failed), true),
            (verdict(hold(1), RuleOutcome::Failed), verdict(hold(2), RuleOutcome::Failed), true),
            (allowed.clone(), verdict(Decision::Deny, RuleOutcome::Passed), false),
            (verdict(hold(1), RuleOutcome::Failed), verdict(Decision::Deny, RuleOutcome::Failed), false),
            (allowed, unanswered.clone(), false),
            (unanswered, Outcome::Trapped { reason: "it did".to_owned() }, true),
        ] {
            assert_eq!(one.agrees_with(&other), agree, "{one:?} {other:?}");
            assert_eq!(other.agrees_with(&one), agree, "{other:?} {one:?}");
        }
    }

    #[test]
    fn derivations_agree_by_tags_their_modes_and_the_version() {
        let tag = |name: &str, mode| ProposedTag { name: name.to_owned(), mode };
        let plan = |version: Option<&str>, tags: Vec<ProposedTag>, findings: Vec<Finding>| {
            let version = version.map(str::to_owned);
            Derivation::Plan(ProposedPlan { version, tags, labels: vec![], annotations: vec![], findings })
        };
        let both = || vec![tag("v1", TagMode::Create), tag("latest", TagMode::Move)];
        let one = plan(Some("1"), both(), vec![]);
        assert_eq!(one.summary(), "v1, latest (moves), version 1");
        let turned = both().into_iter().rev().collect();
        assert!(one.agrees_with(&plan(Some("1"), turned, vec![finding("rule", RuleOutcome::Passed)])));
        let moving = vec![tag("v1", TagMode::Move), tag("latest", TagMode::Move)];
        for other in [
            plan(None, both(), vec![]),
            plan(Some("1"), moving, vec![]),
            plan(Some("1"), vec![], vec![]),
            Derivation::Refusal(vec![]),
        ] {
            assert!(!one.agrees_with(&other) && !other.agrees_with(&one), "{other:?}");
        }
        let reason = vec![finding("rule", RuleOutcome::Failed)];
        assert!(Derivation::Refusal(vec![]).agrees_with(&Derivation::Refusal(reason)));
    }

    #[test]
    fn a_question_without_an_answer_has_a_finding_that_says_so() {
        let outcome: Outcome<Verdict> = Outcome::Trapped { reason: "unreachable".to_owned() };
        assert_eq!(outcome.summary(), "no answer");
        let findings = outcome.findings("gate.wasm");
        assert_eq!(findings[0].rule, "host:policy");
        assert!(findings[0].message.starts_with("gate.wasm: the policy crashed"), "{findings:?}");
    }
}
