//! Stock policy `approvals`: enough of the right people have to approve.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sdk::{
    Condition, Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest, SettingsProblem,
    Verdict, quote_all, schemars::JsonSchema, serde::Deserialize,
};

/// Settings of `approvals`. All are optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// How many people have to approve, whoever they are.
    pub quorum: u32,
    /// Who may approve, by role, and how many of each role have to. Absent: anybody may.
    pub roles: BTreeMap<String, Role>,
    /// Whether the commit's author, and whoever set the event off, may approve.
    pub author_may_approve: bool,
    /// Names that are the same person: the one on the right counts for the one on the left.
    pub same_person: BTreeMap<String, String>,
    /// Intents for which the rules do not count.
    pub exempt: Vec<IntentKind>,
}

/// The people of a role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Role {
    /// Their names, as approvals give them.
    pub people: BTreeSet<String>,
    /// How many of them have to approve.
    #[serde(default)]
    pub quorum: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quorum: 1,
            roles: BTreeMap::new(),
            author_may_approve: false,
            same_person: BTreeMap::new(),
            exempt: vec![IntentKind::Rollback, IntentKind::BreakGlass],
        }
    }
}

/// The policy.
#[derive(Debug)]
pub struct Approvals;

impl Policy for Approvals {
    const NAME: &'static str = "approvals";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Allows what enough of the right people have approved, never its author alone.";
    type Settings = Settings;

    fn check(settings: &Settings) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let most = |people: usize| u32::try_from(people).unwrap_or(u32::MAX);
        let everybody: BTreeSet<&String> = settings.roles.values().flat_map(|role| &role.people).collect();
        if !settings.roles.is_empty() && settings.quorum > most(everybody.len()) {
            let people = everybody.len();
            problems.push(SettingsProblem::new(
                "/quorum",
                format!("{} approvals are asked of {people} people", settings.quorum),
            ));
        }
        for (name, role) in &settings.roles {
            if role.quorum > most(role.people.len()) {
                let pointer = format!("/roles/{}/quorum", name.replace('~', "~0").replace('/', "~1"));
                let message = format!("{} approvals are asked of {} people", role.quorum, role.people.len());
                problems.push(SettingsProblem::new(pointer, message));
            }
            let well = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
            if name.is_empty() || name.len() > 48 || !name.chars().all(well) {
                problems.push(SettingsProblem::new(
                    "/roles",
                    format!("`{name}` is not 1 to 48 of `a-z 0-9 - . _`"),
                ));
            }
        }
        if settings.quorum == 0 && settings.roles.values().all(|role| role.quorum == 0) {
            problems.push(SettingsProblem::new(
                "/quorum",
                "nobody has to approve; bind `stock:always` if that is meant",
            ));
        }
        problems
    }
}

/// The rule on how many approve.
const QUORUM: &str = "quorum";
/// The rule on who may not.
const NOT_THE_AUTHOR: &str = "not-the-author";

impl PromotionPolicy for Approvals {
    fn decide(request: &PromotionRequest, settings: &Settings) -> Result<Verdict, Failure> {
        let mut findings = Findings::new();
        let intent = IntentKind::at(&request.intent, request.now.unix);
        if settings.exempt.contains(&intent) {
            findings.skipped(QUORUM, format!("the intent is {}, which needs no approval", intent.name()));
            return Ok(findings.verdict());
        }
        let people = approvers(request, settings, &mut findings);
        for (name, role) in settings.roles.iter().filter(|(_, role)| role.quorum > 0) {
            let of_role: Vec<&String> =
                people.iter().filter(|person| role.people.contains(*person)).collect();
            count(&format!("role/{name}"), &of_role, role.quorum, &mut findings);
        }
        if settings.quorum > 0 {
            count(QUORUM, &people.iter().collect::<Vec<_>>(), settings.quorum, &mut findings);
        }
        Ok(findings.verdict())
    }
}

/// The people whose approval counts, each once, sorted.
fn approvers(request: &PromotionRequest, settings: &Settings, findings: &mut Findings) -> BTreeSet<String> {
    let person = |name: &str| settings.same_person.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let source = &request.source;
    let authors: BTreeSet<String> =
        source.actor.iter().chain(&source.commit.author).map(|name| person(name)).collect();
    let for_this = |name: &Option<String>, this: &dyn Fn(&str) -> bool| name.as_deref().is_none_or(this);
    let mut own = BTreeSet::new();
    let mut people = BTreeSet::new();
    for approval in &request.approvals {
        let counts = for_this(&approval.environment, &|name| name == request.environment)
            && for_this(&approval.rule, &|rule| {
                rule == QUORUM || settings.roles.keys().any(|role| rule == format!("role/{role}"))
            })
            && approval.at <= request.now.unix
            && approval.expires.is_none_or(|expires| expires > request.now.unix);
        let by = person(&approval.by);
        let may = settings.roles.is_empty() || settings.roles.values().any(|role| role.people.contains(&by));
        if !counts || !may {
            continue;
        }
        if authors.contains(&by) && !settings.author_may_approve {
            own.insert(by);
        } else {
            people.insert(by);
        }
    }
    match quote_all(&own) {
        Some(names) => findings
            .skipped(NOT_THE_AUTHOR, format!("{names} made this change: their approval does not count")),
        None => findings.passed(NOT_THE_AUTHOR, "nobody approved a change of their own"),
    }
    people
}

fn count(rule: &str, people: &[&String], quorum: u32, findings: &mut Findings) {
    let names = quote_all(people).unwrap_or_else(|| "nobody".to_owned());
    if people.len() >= quorum as usize {
        findings.passed(rule, format!("{names} approved, {quorum} asked for"));
    } else {
        findings.waits(
            rule,
            format!("{names} approved, {quorum} asked for; the rule of the approval is `{rule}`"),
            Condition::Approval(rule.to_owned()),
        );
    }
}

plimsoll_sdk::export!(promotion: Approvals);
