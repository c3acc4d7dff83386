//! Stock policy `semver-step`: how big a step of the version decides how it may go.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use plimsoll_sdk::{
    Condition, Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, Verdict,
    civil::{Period, shown},
    schemars::JsonSchema,
    semver::Version,
    serde::Deserialize,
};

/// Settings of `semver-step`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// How a step of the last number goes, 1.2.3 to 1.2.4.
    pub patch: Way,
    /// How a step of the middle number goes, 1.2.3 to 1.3.0.
    pub minor: Way,
    /// How a step of the first number goes, 1.2.3 to 2.0.0.
    pub major: Way,
    /// How a step to a pre-release goes.
    pub pre_release: Way,
    /// How a first version goes, into an environment that runs none.
    pub first: Way,
    /// How long a step that soaks has to be healthy in the environments before.
    pub soak: Period,
    /// Whether versions 0.x take each number one place higher: 0.1.0 to 0.2.0 is a step of the first number then.
    pub zero_is_unstable: bool,
    /// Intents for which the rule does not count.
    pub exempt: Vec<IntentKind>,
}

/// How a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub enum Way {
    /// At once.
    Allow,
    /// After it was healthy in the environments before for a while.
    Soak,
    /// When somebody approves the rule `step`.
    Approval,
    /// Not at all.
    Deny,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patch: Way::Allow,
            minor: Way::Soak,
            major: Way::Approval,
            pre_release: Way::Deny,
            first: Way::Approval,
            soak: Period::hours(24),
            zero_is_unstable: true,
            exempt: vec![IntentKind::Rollback, IntentKind::BreakGlass],
        }
    }
}

/// The policy.
#[derive(Debug)]
pub struct SemverStep;

impl Policy for SemverStep {
    const NAME: &'static str = "semver-step";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Patches go by themselves, minor versions after a soak, major ones by approval.";
    type Settings = Settings;
}

/// The rule on the image's version.
const VERSION: &str = "version";
/// The rule on the step.
const STEP: &str = "step";

/// A step from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    None,
    Back,
    Patch,
    Minor,
    Major,
    PreRelease,
    First,
}

impl PromotionPolicy for SemverStep {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let intent = IntentKind::at(&request.intent, request.now.unix);
        if settings.exempt.contains(&intent) {
            findings
                .skipped(STEP, format!("the intent is {}, for which the rule does not count", intent.name()));
            return Ok(findings.verdict());
        }
        let asked = request.environments.iter().find(|environment| environment.name == request.environment);
        let running = asked.and_then(|environment| environment.running.as_ref());
        let parse = |text: &Option<String>| text.as_deref().and_then(|text| Version::parse(text).ok());
        let Some(new) = parse(&request.image.version) else {
            findings.failed(VERSION, "the image has no semantic version; release a version");
            findings.skipped(STEP, "there is no version to step to");
            return Ok(findings.verdict());
        };
        findings.passed(VERSION, format!("the image is version {new}"));
        let old = running.and_then(|running| parse(&running.version));
        judge(request, settings, step(old.as_ref(), &new, settings), old.as_ref(), &new, &mut findings);
        Ok(findings.verdict())
    }
}

fn step(old: Option<&Version>, new: &Version, settings: &Settings) -> Step {
    let Some(old) = old else { return if new.pre.is_empty() { Step::First } else { Step::PreRelease } };
    match new.cmp_precedence(old) {
        std::cmp::Ordering::Equal => return Step::None,
        std::cmp::Ordering::Less => return Step::Back,
        std::cmp::Ordering::Greater if !new.pre.is_empty() => return Step::PreRelease,
        std::cmp::Ordering::Greater => {}
    }
    let unstable = settings.zero_is_unstable && old.major == 0 && new.major == 0;
    match (new.major != old.major, new.minor != old.minor) {
        (true, _) => Step::Major,
        (false, true) if unstable => Step::Major,
        (false, true) => Step::Minor,
        (false, false) if unstable => Step::Minor,
        (false, false) => Step::Patch,
    }
}

fn judge(
    request: &PromotionRequest,
    settings: &Settings,
    step: Step,
    old: Option<&Version>,
    new: &Version,
    findings: &mut Findings,
) {
    let from = old.map_or_else(|| "no version".to_owned(), ToString::to_string);
    let (kind, way) = match step {
        Step::None if runs_already(request) => {
            return findings.passed(STEP, format!("`{}` runs this very image already", request.environment));
        }
        // A rebuild: what changed is not told by the version.
        Step::None => ("rebuild", settings.patch),
        Step::Back => {
            return findings.failed(
                STEP,
                format!("{new} is older than {from}, which runs; ask for a rollback if that is meant"),
            );
        }
        Step::Patch => ("patch", settings.patch),
        Step::Minor => ("minor", settings.minor),
        Step::Major => ("major", settings.major),
        Step::PreRelease => ("pre-release", settings.pre_release),
        Step::First => ("first", settings.first),
    };
    let told = format!("from {from} to {new} is a {kind} step");
    match way {
        Way::Allow => findings.passed(STEP, format!("{told}, which goes by itself")),
        Way::Deny => findings.failed(STEP, format!("{told}, which the settings do not let in")),
        Way::Soak => soak(request, settings, &told, findings),
        Way::Approval => approval(request, &told, findings),
    }
}

/// The image has to be healthy in all environments before, for long enough.
fn soak(request: &PromotionRequest, settings: &Settings, told: &str, findings: &mut Findings) {
    let asked = request.environments.iter().find(|environment| environment.name == request.environment);
    let before = asked.map(|environment| environment.after.clone()).unwrap_or_default();
    if before.is_empty() {
        let message = format!(
            "{told}, which soaks elsewhere, and no environment comes before this one; choose another way"
        );
        return findings.failed(STEP, message);
    }
    let mut ripe = i64::MIN;
    for name in &before {
        let environment = request.environments.iter().find(|environment| environment.name == *name);
        let running = environment.and_then(|environment| environment.running.as_ref());
        let here = running.filter(|running| Some(&running.digest) == request.image.digest.as_ref());
        let Some(since) = here.and_then(|running| running.healthy_since) else {
            let message = format!("{told}, which soaks, and is not healthy in `{name}`");
            return findings.waits(
                STEP,
                message,
                Condition::Other(format!("`{name}` is healthy with this image")),
            );
        };
        ripe = ripe.max(since.saturating_add(settings.soak.seconds()));
    }
    if ripe <= request.now.unix {
        findings.passed(STEP, format!("{told}, and was healthy for {} or longer", settings.soak));
    } else {
        let message =
            format!("{told}, which soaks for {}: until {}", settings.soak, shown(&request.now, ripe));
        findings.waits(STEP, message, Condition::Time(ripe));
    }
}

/// Whether the environment runs the image that is asked about.
fn runs_already(request: &PromotionRequest) -> bool {
    let asked = request.environments.iter().find(|environment| environment.name == request.environment);
    let running = asked.and_then(|environment| environment.running.as_ref());
    running.is_some_and(|running| Some(&running.digest) == request.image.digest.as_ref())
}

/// Somebody has to have approved the step, and nobody their own.
fn approval(request: &PromotionRequest, told: &str, findings: &mut Findings) {
    let now = request.now.unix;
    let source = &request.source;
    let plain = |name: &str| name.trim().to_lowercase();
    let own = |name: &str| {
        source.actor.iter().chain(&source.commit.author).any(|author| plain(author) == plain(name))
    };
    let counts = request.approvals.iter().find(|approval| {
        approval.environment.as_ref().is_none_or(|name| *name == request.environment)
            && approval.rule.as_deref().is_none_or(|rule| rule == STEP)
            && approval.at <= now
            && approval.expires.is_none_or(|expires| expires > now)
            && !own(&approval.by)
    });
    match counts {
        Some(approval) => findings.passed(STEP, format!("{told}, approved by {}", approval.by)),
        None => findings.waits(
            STEP,
            format!("{told}, which somebody else than its author has to approve: the rule `{STEP}`"),
            Condition::Approval(STEP.to_owned()),
        ),
    }
}

plimsoll_sdk::export!(promotion: SemverStep);

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of all versions with numbers up to 2, against a plain reading of the numbers from the left.
    #[test]
    fn steps_follow_the_first_number_that_differs() {
        let settings = Settings { zero_is_unstable: false, ..Settings::default() };
        let numbers = || (0..27u64).map(|n| [n / 9, n / 3 % 3, n % 3]);
        for old in numbers() {
            for new in numbers() {
                let version = |numbers: [u64; 3]| Version::new(numbers[0], numbers[1], numbers[2]);
                let expected = match old.iter().zip(&new).position(|(old, new)| old != new) {
                    None => Step::None,
                    Some(place) if new[place] < old[place] => Step::Back,
                    Some(place) => [Step::Major, Step::Minor, Step::Patch][place],
                };
                assert_eq!(
                    step(Some(&version(old)), &version(new), &settings),
                    expected,
                    "{old:?} to {new:?}"
                );
            }
        }
    }

    #[test]
    fn an_unstable_line_is_one_place_higher() {
        let settings = Settings::default();
        let v = |text: &str| Version::parse(text).unwrap();
        for (old, new, expected) in [
            ("0.1.0", "0.1.1", Step::Minor),
            ("0.1.0", "0.2.0", Step::Major),
            ("0.9.0", "1.0.0", Step::Major),
            ("1.0.0", "1.0.1", Step::Patch),
            ("1.0.0-rc.1", "1.0.0", Step::Patch),
            ("1.0.0", "1.1.0-rc.1", Step::PreRelease),
        ] {
            assert_eq!(step(Some(&v(old)), &v(new), &settings), expected, "{old} to {new}");
        }
    }
}
