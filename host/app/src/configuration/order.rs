//! The order that `after` demands: every name known, nobody waiting for itself.

use std::collections::{HashMap, HashSet};

use super::{
    environments::Written,
    problem::{Problem, suggestion},
    reader::Text,
};

/// Who waits for whom, and where the file says so.
type Waiting<'a> = HashMap<&'a str, Vec<Text<'a>>>;

/// Checks `after` of all environments.
pub(super) fn check(environments: &[Written<'_>], problems: &mut Vec<Problem>) {
    let names: Vec<&str> = environments.iter().filter_map(|written| Some(written.name?.text)).collect();
    let mut waiting = Waiting::new();
    for environment in environments {
        let own = environment.name.map(|name| name.text);
        for name in &environment.after {
            if own == Some(name.text) {
                let message = format!("`{}` waits for itself", name.text);
                problems.push(Problem::new(name.span, message).help("take it out of its own `after`"));
            } else if !names.contains(&name.text) {
                let message = format!("there is no environment `{}`", name.text);
                let others = names.iter().copied().filter(|other| Some(*other) != own);
                let help = if names.len() > 1 {
                    suggestion(name.text, others)
                } else {
                    "there is no other environment".to_owned()
                };
                problems.push(Problem::new(name.span, message).help(help));
            } else if let Some(own) = own {
                waiting.entry(own).or_default().push(*name);
            }
        }
    }
    report_cycles(&names, waiting, problems);
}

fn report_cycles(names: &[&str], mut waiting: Waiting<'_>, problems: &mut Vec<Problem>) {
    loop {
        drop_those_who_need_not_wait(&mut waiting);
        let Some(start) = names.iter().find(|name| waiting.contains_key(**name)) else { return };
        let cycle = cycle_from(start, &waiting);
        let (Some(first), Some(last)) = (cycle.first(), cycle.last()) else { return };
        let chain = cycle.iter().map(|name| format!("`{}`", name.text)).collect::<Vec<_>>().join(" after ");
        let message = format!("these environments wait for each other: `{}` after {chain}", last.text);
        problems.push(Problem::new(first.span, message).help("take one of them out of the circle"));
        for name in &cycle {
            waiting.remove(name.text);
        }
    }
}

/// Drops whoever waits only for environments that do not wait, until nothing changes: what is left waits for a circle.
fn drop_those_who_need_not_wait(waiting: &mut Waiting<'_>) {
    loop {
        let still: HashSet<&str> = waiting.keys().copied().collect();
        waiting.retain(|_, after| after.iter().any(|name| still.contains(name.text)));
        if waiting.len() == still.len() {
            return;
        }
    }
}

/// Follows `after` until an environment comes back; gives the mentions that make the circle, in that order.
fn cycle_from<'a>(start: &'a str, waiting: &Waiting<'a>) -> Vec<Text<'a>> {
    let mut path: Vec<Text<'a>> = Vec::new();
    let mut seen = HashMap::from([(start, 0)]);
    let mut current = start;
    while let Some(next) =
        waiting.get(current).and_then(|after| after.iter().find(|name| waiting.contains_key(name.text)))
    {
        path.push(*next);
        if let Some(since) = seen.insert(next.text, path.len()) {
            return path.split_off(since);
        }
        current = next.text;
    }
    path
}
