//! Stock policy `always`: allows every promotion, and says so.
//!
//! An environment that anyone may enter is a decision too: it is written down by binding this policy.

use plimsoll_sdk::{Failure, Findings, NoSettings, Policy, PromotionPolicy, PromotionRequest, Verdict};

/// The policy.
#[derive(Debug)]
pub struct Always;

impl Policy for Always {
    const NAME: &'static str = "always";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Allows every promotion.";
    type Settings = NoSettings;
}

impl PromotionPolicy for Always {
    fn decide(request: &PromotionRequest, _settings: &NoSettings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        findings.passed("always", format!("`{}` is open to every release", request.environment));
        Ok(findings.verdict())
    }
}

plimsoll_sdk::export!(promotion: Always);

#[cfg(test)]
mod tests {
    use plimsoll_sdk::{Decision, RuleOutcome, testing};

    use super::*;

    #[test]
    fn every_image_may_enter_and_the_finding_says_where() {
        for (tag, environment) in [(None, "staging"), (Some("v1.2.3"), "production")] {
            let verdict = testing::decide::<Always>(&testing::promotion(tag, environment)).unwrap();
            assert_eq!(verdict.decision, Decision::Allow);
            assert_eq!(verdict.findings.len(), 1);
            assert_eq!(verdict.findings[0].outcome, RuleOutcome::Passed);
            assert!(verdict.findings[0].message.contains(environment));
        }
    }

    #[test]
    fn it_takes_no_settings() {
        assert_eq!(testing::check_settings::<Always>("{}"), Ok(()));
        let problems = testing::check_settings::<Always>(r#"{"sometimes": true}"#).unwrap_err();
        assert_eq!(problems[0].pointer, "/sometimes");
    }
}
