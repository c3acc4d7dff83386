//! Stock policy `freeze`: times at which nothing may enter.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

mod calendar;
mod holidays;
mod icalendar;
mod settings;

use plimsoll_sdk::{
    Condition, Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, SettingsProblem,
    Verdict,
    civil::{local, shown, unix},
};

pub use settings::Settings;

/// The policy.
#[derive(Debug)]
pub struct Freeze;

impl Policy for Freeze {
    const NAME: &'static str = "freeze";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Holds releases during freezes, on weekdays, holidays and out of hours.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        settings.problems()
    }
}

impl PromotionPolicy for Freeze {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let now = &request.now;
        let calendar = calendar::Calendar::of(settings)?;
        let here = local(now, now.unix);
        let frozen: Vec<_> = calendar.frozen_at(here).collect();
        let intent = IntentKind::at(&request.intent, now.unix);
        let exempt = settings.exempt.contains(&intent);
        let opens = calendar.opens_after(here);
        for rule in calendar.rules() {
            match frozen.iter().find(|freeze| freeze.rule == rule) {
                None => findings
                    .passed(rule, format!("{} is not {}", shown(now, now.unix), calendar.extent(rule))),
                Some(freeze) if exempt => {
                    findings.skipped(rule, format!("{}, and the intent is {}", freeze.reason, intent.name()));
                }
                Some(freeze) => {
                    let (message, until) = match opens {
                        Some(opens) => {
                            let opens = unix(now, opens);
                            (
                                format!("{}; open again at {}", freeze.reason, shown(now, opens)),
                                Condition::Time(opens),
                            )
                        }
                        None => (
                            format!("{}; it does not open again in the next years", freeze.reason),
                            Condition::Other("the calendar of freezes is changed".to_owned()),
                        ),
                    };
                    findings.waits(rule, message, until);
                }
            }
        }
        if calendar.rules().next().is_none() {
            findings.passed("freeze", "no freeze is set");
        }
        Ok(findings.verdict())
    }
}

plimsoll_sdk::export!(promotion: Freeze);
