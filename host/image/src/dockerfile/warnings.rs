//! What people should know though nothing is wrong, once all instructions are known.

use std::collections::BTreeMap;

use super::{
    instruction::{Argument, Copy, Instruction, Kind, Source},
    planner::is_predefined,
    remote::Remote,
    stages::{Plan, Stage, shown},
};

/// The warnings about a plan, and the arguments that the build was given.
pub(super) fn warnings(plan: &Plan, given: &BTreeMap<String, String>) -> Vec<String> {
    let needed = plan.stages.iter().filter(|stage| stage.needed);
    let changing = needed.flat_map(Stage::all).flat_map(changing);
    unused(plan, given).into_iter().chain(changing).collect()
}

/// Arguments that nothing declares.
fn unused(plan: &Plan, given: &BTreeMap<String, String>) -> Option<String> {
    let all = || plan.stages.iter().flat_map(Stage::all);
    let is_it = |argument: &Argument, name: &str| argument.name.text == name;
    let declared = |name: &str| {
        is_predefined(name)
            // It sets the time of the build.
            || name == "SOURCE_DATE_EPOCH"
            || plan.globals.contains_key(name)
            || all().any(|instruction| {
                matches!(&instruction.kind, Kind::Arg(list) if list.iter().any(|each| is_it(each, name)))
            })
    };
    let unused: Vec<&str> = given.keys().map(String::as_str).filter(|name| !declared(name)).collect();
    (!unused.is_empty()).then(|| format!("no ARG declares the build arguments {}", shown(&unused)))
}

/// Sources that may give something else tomorrow.
fn changing(instruction: &Instruction) -> Vec<String> {
    let Kind::Copy(copy) = &instruction.kind else { return Vec::new() };
    let Copy { is_add: true, checksum: None, sources, .. } = &**copy else { return Vec::new() };
    let remote = sources.iter().filter_map(|source| match source {
        Source::Path(word) => Some((word, Remote::parse(&word.text)?)),
        Source::Inline(..) => None,
    });
    remote
        .filter(|(_, remote)| !remote.is_fixed())
        .map(|(word, _)| {
            format!(
                "line {}: what `{}` gives may change, and the image with it: add `--checksum`",
                word.at.line, word.text
            )
        })
        .collect()
}
