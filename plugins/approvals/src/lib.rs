//! Stock policy `approvals`: enough of the right people have to approve.
//!
//! `README.md` beside this crate is the reference of its settings and rules.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sdk::{
    Approval, Condition, Failure, Findings, IntentKind, Policy, PromotionPolicy, PromotionRequest,
    SettingsProblem, Verdict, quote_all, schemars::JsonSchema, serde::Deserialize,
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
        let everybody: BTreeSet<String> =
            settings.roles.values().flat_map(|role| settings.people_of(role)).collect();
        if !settings.roles.is_empty() && settings.quorum > most(everybody.len()) {
            let people = everybody.len();
            problems.push(SettingsProblem::new(
                "/quorum",
                format!("{} approvals are asked of {people} people", settings.quorum),
            ));
        }
        for (name, role) in &settings.roles {
            let people = settings.people_of(role).len();
            if role.quorum > most(people) {
                let pointer = format!("/roles/{}/quorum", name.replace('~', "~0").replace('/', "~1"));
                let message = format!("{} approvals are asked of {people} people", role.quorum);
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
        let people = People::of(request, settings);
        people.tell_own(&mut findings);
        for (name, role) in settings.roles.iter().filter(|(_, role)| role.quorum > 0) {
            let rule = format!("role/{name}");
            let of_role = settings.people_of(role);
            let approved = people.who_approved(&rule).filter(|person| of_role.contains(*person)).collect();
            count(&rule, &approved, role.quorum, &mut findings);
        }
        if settings.quorum > 0 {
            count(QUORUM, &people.who_approved(QUORUM).collect(), settings.quorum, &mut findings);
        }
        Ok(findings.verdict())
    }
}

impl Settings {
    /// A person by one name, whatever the case and the name that is written.
    fn person(&self, name: &str) -> String {
        let plain = |name: &str| name.trim().to_lowercase();
        let known = self.same_person.iter().find(|(other, _)| plain(other) == plain(name));
        known.map_or_else(|| plain(name), |(_, person)| plain(person))
    }

    fn people_of(&self, role: &Role) -> BTreeSet<String> {
        role.people.iter().map(|name| self.person(name)).collect()
    }
}

/// Who approved, by one name each.
struct People<'a> {
    /// Approvals that count, and who gave them.
    approvals: Vec<(&'a Approval, String)>,
    /// Those who approved a change of their own.
    own: BTreeSet<String>,
}

impl<'a> People<'a> {
    fn of(request: &'a PromotionRequest, settings: &Settings) -> Self {
        let source = &request.source;
        let authors: BTreeSet<String> =
            source.actor.iter().chain(&source.commit.author).map(|name| settings.person(name)).collect();
        let may: BTreeSet<String> =
            settings.roles.values().flat_map(|role| settings.people_of(role)).collect();
        let mut people = Self { approvals: Vec::new(), own: BTreeSet::new() };
        for approval in &request.approvals {
            let counts = approval.environment.as_ref().is_none_or(|name| *name == request.environment)
                && approval.at <= request.now.unix
                && approval.expires.is_none_or(|expires| expires > request.now.unix);
            let by = settings.person(&approval.by);
            if !counts || !(settings.roles.is_empty() || may.contains(&by)) {
                continue;
            }
            if authors.contains(&by) && !settings.author_may_approve {
                people.own.insert(by);
            } else {
                people.approvals.push((approval, by));
            }
        }
        people
    }

    fn tell_own(&self, findings: &mut Findings) {
        match quote_all(&self.own) {
            Some(names) => findings
                .skipped(NOT_THE_AUTHOR, format!("{names} made this change: their approval does not count")),
            None => findings.passed(NOT_THE_AUTHOR, "nobody approved a change of their own"),
        }
    }

    /// Whose approval is for a rule, or for any.
    fn who_approved(&self, rule: &str) -> impl Iterator<Item = &String> {
        let for_rule = move |approval: &Approval| approval.rule.as_deref().is_none_or(|name| name == rule);
        self.approvals.iter().filter(move |(approval, _)| for_rule(approval)).map(|(_, by)| by)
    }
}

fn count(rule: &str, people: &BTreeSet<&String>, quorum: u32, findings: &mut Findings) {
    let names = quote_all(people).unwrap_or_else(|| "nobody".to_owned());
    if people.len() >= quorum as usize {
        findings.passed(rule, format!("{names} approved, {quorum} asked for"));
    } else {
        findings.waits(
            rule,
            format!("{names} approved, {quorum} asked for; approve the rule `{rule}`"),
            Condition::Approval(rule.to_owned()),
        );
    }
}

plimsoll_sdk::export!(promotion: Approvals);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use plimsoll_sdk::{Decision, testing};
    use proptest::prelude::*;

    use super::*;

    /// An approval by one of a few people under one of their names, and whether it counts for production now.
    fn approval() -> impl Strategy<Value = (usize, bool, Option<bool>, Approval)> {
        let names = [["ann", "Ann"], ["bob", " bob "], ["carl", "Carl Example"], ["Contoso Web Team", "web"]];
        (0..4usize, 0..2usize, 0..3u8, 0..3u8, prop::sample::select(&[-1i64, 0, 1][..]), 0..3u8).prop_map(
            move |(person, name, environment, rule, age, end)| {
                let now = testing::promotion(None, "production").now.unix;
                let environment = [None, Some("production"), Some("staging")][usize::from(environment)];
                let rule = [None, Some("quorum"), Some("role/ops")][usize::from(rule)];
                let expires = [None, Some(now), Some(now + 1)][usize::from(end)];
                let counts = environment != Some("staging") && age >= 0 && expires != Some(now);
                let approval = Approval {
                    by: names[person][name].to_owned(),
                    at: now - age,
                    environment: environment.map(str::to_owned),
                    rule: rule.map(str::to_owned),
                    expires,
                };
                (person, counts, rule.map(|rule| rule == "quorum"), approval)
            },
        )
    }

    proptest! {
        /// Counted anew in the plainest way: of four people the last one is the author, the first and third are of `ops`.
        #[test]
        fn each_person_counts_once_for_what_they_approved(
            approvals in prop::collection::vec(approval(), 0..7),
            quorum in 0..4u32,
            of_ops in 0..3u32,
        ) {
            prop_assume!(quorum + of_ops > 0);
            let mut request = testing::promotion(None, "production");
            request.approvals = approvals.iter().map(|(.., approval)| approval.clone()).collect();
            request.settings = format!(
                r#"{{"quorum": {quorum}, "same-person": {{"carl example": "carl", "web": "contoso web team"}},
                    "roles": {{"ops": {{"people": ["ANN", "carl"], "quorum": {of_ops}}}, "dev": {{"people": ["bob", "web"]}}}}}}"#
            );
            let who = |for_quorum: bool| -> HashSet<usize> {
                let counted = approvals.iter().filter(|(person, counts, rule, _)| {
                    *person != 3 && *counts && rule.is_none_or(|quorum| quorum == for_quorum)
                });
                counted.map(|(person, ..)| *person).collect()
            };
            let ops = who(false).into_iter().filter(|person| [0, 2].contains(person)).count();
            let expected = who(true).len() >= quorum as usize && ops >= of_ops as usize;
            let decision = testing::decide::<Approvals>(&request).unwrap().decision;
            prop_assert_eq!(decision == Decision::Allow, expected);
            prop_assert_ne!(decision, Decision::Deny);
        }
    }
}
