//! Nothing goes in from Friday afternoon to Monday: who would repair it?

use plimsoll_sdk::{
    Condition, Failure, Finding, Moment, Policy, PromotionPolicy, PromotionRequest, SettingsProblem, Verdict,
    Weekday, schemars::JsonSchema, serde::Deserialize,
};

/// What can be set in `plimsoll.toml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// The hour of Friday from which on nothing goes in: 0 to 23, in the time zone of the binding.
    pub from_hour: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { from_hour: 12 }
    }
}

/// The policy.
#[derive(Debug)]
pub struct Weekend;

impl Policy for Weekend {
    const NAME: &'static str = "weekend";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Holds releases from Friday afternoon to Monday.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        if settings.from_hour > 23 {
            return vec![SettingsProblem::new("/from-hour", "must be an hour, 0 to 23")];
        }
        Vec::new()
    }
}

impl PromotionPolicy for Weekend {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        const RULE: &str = "weekend";
        let now = &request.now;
        let days = match now.weekday {
            Weekday::Friday if now.hour >= settings.from_hour => 3,
            Weekday::Saturday => 2,
            Weekday::Sunday => 1,
            day => {
                return Ok(Verdict::allow(vec![Finding::passed(
                    RULE,
                    format!("it is {day}, {}", clock(now)),
                )]));
            }
        };
        let message = format!("it is {}, {}; ask again on Monday", now.weekday, clock(now));
        Ok(Verdict::hold(vec![Condition::Time(midnight_in(now, days))], vec![Finding::failed(RULE, message)]))
    }
}

/// The time of day, as people write it.
fn clock(now: &Moment) -> String {
    format!("{:02}:{:02} in {}", now.hour, now.minute, now.time_zone)
}

/// The beginning of a day to come, Unix seconds. Where the clocks change on the way it is an hour off, which does no
/// harm: the policy is asked again then.
fn midnight_in(now: &Moment, days: i64) -> i64 {
    let since_midnight = i64::from(now.hour) * 3600 + i64::from(now.minute) * 60 + i64::from(now.second);
    now.unix - since_midnight + days * 86_400
}

plimsoll_sdk::export!(promotion: Weekend);

#[cfg(test)]
mod tests {
    use plimsoll_sdk::{Decision, testing};

    use super::*;

    fn decision(weekday: Weekday, hour: u8) -> Decision {
        let mut request = testing::promotion(Some("v1.2.3"), "production");
        request.now.weekday = weekday;
        request.now.hour = hour;
        testing::decide::<Weekend>(&request).expect("the policy can answer").decision
    }

    #[test]
    fn the_weekend_begins_on_friday_at_noon() {
        assert_eq!(decision(Weekday::Friday, 11), Decision::Allow);
        assert!(matches!(decision(Weekday::Friday, 12), Decision::Hold(_)));
        assert!(matches!(decision(Weekday::Sunday, 23), Decision::Hold(_)));
        assert_eq!(decision(Weekday::Monday, 0), Decision::Allow);
    }

    #[test]
    fn it_waits_for_the_beginning_of_monday() {
        let mut request = testing::promotion(Some("v1.2.3"), "production");
        // 2024-03-08T15:30:10Z, a Friday.
        request.now = Moment {
            unix: 1_709_911_810,
            day: 8,
            weekday: Weekday::Friday,
            hour: 15,
            minute: 30,
            second: 10,
            ..request.now
        };
        let verdict = testing::decide::<Weekend>(&request).expect("the policy can answer");
        // 2024-03-11T00:00:00Z.
        assert_eq!(verdict.decision, Decision::Hold(vec![Condition::Time(1_710_115_200)]));
    }

    #[test]
    fn hours_are_checked() {
        assert!(testing::check_settings::<Weekend>(r#"{"from-hour": 14}"#).is_ok());
        assert!(testing::check_settings::<Weekend>(r#"{"from-hour": 24}"#).is_err());
        assert!(testing::check_settings::<Weekend>(r#"{"from_hour": 14}"#).is_err());
    }
}
