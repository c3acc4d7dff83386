//! Verdicts: checking one policy's, and joining those of several bindings on one environment.

use crate::{
    contract::{Condition, Decision, Finding, Verdict},
    decision::{Outcome, PromotionRecord},
    names::RuleName,
};

/// Joins the decisions of all bindings of an environment: any deny denies, else any hold holds, else it is allowed.
/// A binding that could not answer holds. No binding at all holds too: the configuration should have said
/// `stock:always`.
#[must_use]
pub fn join(records: &[PromotionRecord]) -> Verdict {
    let mut denied = false;
    let mut conditions = Vec::new();
    if records.is_empty() {
        conditions.push(Condition::Other("a promotion policy is configured".to_owned()));
    }
    for record in records {
        match &record.outcome {
            Outcome::Answered(verdict) => match &verdict.decision {
                Decision::Allow => {}
                Decision::Hold(until) => conditions.extend(until.iter().cloned()),
                Decision::Deny => denied = true,
            },
            _ => conditions.push(Condition::Other(format!("the policy {} answers", record.policy.reference))),
        }
    }
    let decision = match (denied, conditions.is_empty()) {
        (true, _) => Decision::Deny,
        (false, false) => Decision::Hold(conditions),
        (false, true) => Decision::Allow,
    };
    let findings = records.iter().flat_map(|record| record.outcome.findings(&record.policy.reference));
    Verdict { decision, findings: findings.collect() }
}

/// The most findings one answer may have.
pub const MOST_FINDINGS: usize = 256;
/// The longest message of a finding or condition, bytes.
pub const LONGEST_MESSAGE: usize = 4096;

/// Checks a policy's verdict: rule names, counts, sizes, and that no text holds control characters, which would steer
/// the terminal or the CI log that shows it. It refuses and never repairs.
///
/// # Errors
/// Everything that is wrong with it, a sentence each.
pub fn check(verdict: &Verdict) -> Result<(), Vec<String>> {
    let mut problems = check_findings(&verdict.findings);
    if verdict.findings.is_empty() {
        problems.push("the verdict has no finding: every verdict says why".to_owned());
    }
    if let Decision::Hold(until) = &verdict.decision {
        if until.is_empty() || until.len() > MOST_FINDINGS {
            problems.push(format!(
                "the verdict holds until {} conditions: 1 to {MOST_FINDINGS} are accepted",
                until.len()
            ));
        }
        let texts = until.iter().map(|condition| match condition {
            Condition::Time(_) => "",
            Condition::Approval(text) | Condition::Evidence(text) | Condition::Other(text) => text.as_str(),
        });
        for text in texts {
            if text.len() > LONGEST_MESSAGE {
                problems.push(format!("a condition is over {LONGEST_MESSAGE} bytes"));
            }
            if text.chars().any(char::is_control) {
                problems.push("a condition holds control characters".to_owned());
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Checks the findings of any answer.
#[must_use]
pub fn check_findings(findings: &[Finding]) -> Vec<String> {
    if findings.len() > MOST_FINDINGS {
        return vec![format!("the answer has {} findings, more than {MOST_FINDINGS}", findings.len())];
    }
    let mut problems = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        if RuleName::new(finding.rule.as_str()).is_err() {
            problems
                .push(format!("finding {}: its rule name is not 1 to 64 of `a-z 0-9 - . _ /`", index + 1));
        }
        if finding.message.len() > LONGEST_MESSAGE {
            problems.push(format!("finding {}: its message is over {LONGEST_MESSAGE} bytes", index + 1));
        }
        if finding.message.chars().any(char::is_control) {
            problems.push(format!(
                "finding {}: its message holds control characters; it is one line of text",
                index + 1
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::RuleOutcome;

    #[test]
    fn texts_that_would_steer_a_terminal_or_a_log_are_refused() {
        let holding = |text: &str, condition: &str| Verdict {
            decision: Decision::Hold(vec![Condition::Other(condition.to_owned())]),
            findings: vec![Finding {
                rule: "rule".to_owned(),
                outcome: RuleOutcome::Failed,
                message: text.to_owned(),
            }],
        };
        assert_eq!(check(&holding("`ä` is no tag", "it is Monday")), Ok(()));
        for bad in ["\u{1b}[2J", "a\n::add-mask::b", "a\tb", "\u{9b}31m"] {
            assert!(check(&holding(bad, "it is Monday")).unwrap_err()[0].contains("control"), "{bad:?}");
            assert!(check(&holding("no", bad)).unwrap_err()[0].contains("control"), "{bad:?}");
        }
    }
}
