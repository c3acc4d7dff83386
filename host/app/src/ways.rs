//! What would take a release further, as commands that people can copy.

use std::borrow::Cow;

use plimsoll_core::{
    contract::{Condition, Decision, Finding},
    names::EnvironmentName,
    release::{EnvironmentState, ReleaseState, Standing, Stay},
};

use crate::clock::readable;

/// What would change how a release stands in an environment, a line each.
pub(crate) fn ways(state: &ReleaseState, environment: &EnvironmentState) -> Vec<String> {
    let (release, name) = (&state.release, &environment.plan.name);
    match &environment.stay {
        Stay::Held => held(state, environment),
        // Taken up again, it works with the files of the same commit.
        Stay::Failed(_) => vec![
            "release a commit that mends it".to_owned(),
            format!("where it was not for the commit: plimsoll resume {release}"),
        ],
        Stay::Denied => vec![
            "release a commit that the rules allow".to_owned(),
            format!("once the rules changed: plimsoll promote {release} {name}"),
        ],
        Stay::Rejected { .. } => vec![format!("to bring it back: plimsoll promote {release} {name}")],
        Stay::Superseded(_) => {
            vec![format!("to go back to it: plimsoll rollback {name} --to {release} --reason \"...\"")]
        }
        Stay::Pending if state.standing() == Standing::Waiting && state.unreachable().is_empty() => {
            let way = |before: &EnvironmentName| {
                if is_unhealthy(state, before) {
                    format!("plimsoll tick, once {before} is healthy; what is wrong: plimsoll status")
                } else {
                    format!("see what {before} waits for: plimsoll why {release} {before}")
                }
            };
            state.missing_before(environment).into_iter().map(way).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether an environment runs the release, and is not healthy.
pub(crate) fn is_unhealthy(state: &ReleaseState, name: &EnvironmentName) -> bool {
    let stay = state.environment(name).map(|environment| &environment.stay);
    matches!(stay, Some(Stay::Deployed { healthy: false, .. }))
}

fn held(state: &ReleaseState, environment: &EnvironmentState) -> Vec<String> {
    let Some(verdict) = &environment.verdict else { return Vec::new() };
    let has = |rule: &str| verdict.findings.iter().any(|finding: &Finding| finding.rule == rule);
    let (release, name) = (&state.release, &environment.plan.name);
    if has("host:hold") {
        return vec![format!("plimsoll free {name}")];
    }
    if has("host:policy") {
        return vec![format!("mend the policy or its settings, then: plimsoll resume {release}")];
    }
    let Decision::Hold(until) = &verdict.decision else { return Vec::new() };
    let way = |condition: &Condition| match condition {
        Condition::Time(unix) => format!("plimsoll tick, at {} or later", readable(*unix)),
        Condition::Approval(rule) => {
            format!("plimsoll approve {release} --environment {name} --rule {}", quoted(rule))
        }
        Condition::Evidence(evidence) => {
            format!("plimsoll evidence add {release} --name {} --outcome passed", quoted(evidence))
        }
        Condition::Other(_) => {
            format!("plimsoll tick asks again; at once: plimsoll promote {release} {name}")
        }
    };
    let mut ways: Vec<String> = until.iter().map(way).collect();
    ways.dedup();
    ways
}

/// A word as a shell takes it.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_of_policies_are_quoted_for_a_shell() {
        assert_eq!(quoted("role/ops"), "role/ops");
        assert_eq!(quoted("unit tests; rm -r ~"), "'unit tests; rm -r ~'");
        assert_eq!(quoted("ann's"), r"'ann'\''s'");
    }
}
