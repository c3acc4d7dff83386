//! Answers on their way out, and the host's checks of them.

use plimsoll_core::{
    contract::{
        Condition, Decision, Derivation, Finding, Label, ProposedPlan, ProposedTag, RuleOutcome, TagMode,
        Verdict,
    },
    plan::TagPlan,
    verdict,
};

use crate::bindings::{
    exports::plimsoll::policy::{promotion, tagging},
    plimsoll::policy::types,
};

/// Takes over a tagging policy's answer and checks it.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn derivation(answer: tagging::Derivation) -> Result<Derivation, Vec<String>> {
    match answer {
        tagging::Derivation::Plan(proposal) => {
            let proposal = plan(proposal);
            let mut problems = verdict::check_findings(&proposal.findings);
            problems.extend(TagPlan::check(&proposal).err().into_iter().flatten());
            if problems.is_empty() { Ok(Derivation::Plan(proposal)) } else { Err(problems) }
        }
        tagging::Derivation::Refusal(refusal) => {
            let findings = findings(refusal.findings);
            let mut problems = verdict::check_findings(&findings);
            if !findings.iter().any(|finding| finding.outcome == RuleOutcome::Failed) {
                problems.push("the refusal has no failed finding: every refusal says why".to_owned());
            }
            if problems.is_empty() { Ok(Derivation::Refusal(findings)) } else { Err(problems) }
        }
    }
}

/// Takes over a promotion policy's answer and checks it.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn verdict(answer: promotion::Verdict) -> Result<Verdict, Vec<String>> {
    let decision = match answer.decision {
        promotion::Decision::Allow => Decision::Allow,
        promotion::Decision::Hold(until) => Decision::Hold(until.into_iter().map(condition).collect()),
        promotion::Decision::Deny => Decision::Deny,
    };
    let verdict = Verdict { decision, findings: findings(answer.findings) };
    verdict::check(&verdict)?;
    Ok(verdict)
}

fn plan(plan: tagging::Plan) -> ProposedPlan {
    let tag = |tagging::Tag { name, mode }| ProposedTag {
        name,
        mode: match mode {
            tagging::TagMode::Create => TagMode::Create,
            tagging::TagMode::Move => TagMode::Move,
        },
    };
    ProposedPlan {
        version: plan.version,
        tags: plan.tags.into_iter().map(tag).collect(),
        labels: labels(plan.labels),
        annotations: labels(plan.annotations),
        findings: findings(plan.findings),
    }
}

fn labels(labels: Vec<types::LabelResult>) -> Vec<Label> {
    labels.into_iter().map(|types::LabelResult { name, value }| Label { name, value }).collect()
}

fn findings(findings: Vec<types::Finding>) -> Vec<Finding> {
    let finding = |types::Finding { rule, outcome, message }| Finding {
        rule,
        outcome: match outcome {
            types::RuleOutcome::Passed => RuleOutcome::Passed,
            types::RuleOutcome::Failed => RuleOutcome::Failed,
            types::RuleOutcome::Skipped => RuleOutcome::Skipped,
        },
        message,
    };
    findings.into_iter().map(finding).collect()
}

fn condition(condition: promotion::Condition) -> Condition {
    match condition {
        promotion::Condition::Time(unix) => Condition::Time(unix),
        promotion::Condition::Approval(rule) => Condition::Approval(rule),
        promotion::Condition::Evidence(name) => Condition::Evidence(name),
        promotion::Condition::Other(text) => Condition::Other(text),
    }
}
