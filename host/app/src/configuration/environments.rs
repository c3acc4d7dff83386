//! The environments, each for itself and among each other.

use plimsoll_core::names::EnvironmentName;

use super::{
    apart,
    binding::{self, Surroundings},
    model::{Environment, Queue},
    order,
    problem::Problem,
    reader::{Reader, Text},
    target, verify,
};

/// The environments as written: enough to check them among each other even when one is wrong in itself.
pub(super) struct Written<'a> {
    pub(super) name: Option<Text<'a>>,
    pub(super) after: Vec<Text<'a>>,
}

pub(super) fn environments(
    readers: &[Reader<'_>],
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Environment>> {
    let written: Vec<Written<'_>> = readers
        .iter()
        .map(|reader| Written { name: reader.text("name"), after: reader.texts("after") })
        .collect();
    report_duplicates(&written, problems);
    order::check(&written, problems);
    apart::check(readers, surroundings.folder, problems);
    // Each is read, also behind one that fails: all problems are to be found.
    let resolved: Vec<Option<Environment>> =
        readers.iter().map(|reader| environment(reader, surroundings, problems)).collect();
    resolved.into_iter().collect()
}

fn environment(
    reader: &Reader<'_>,
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Environment> {
    let name = reader.text("name").and_then(|name| match EnvironmentName::new(name.text) {
        Ok(valid) => Some(valid),
        Err(error) => {
            problems.push(Problem::new(name.span, error.to_string()));
            None
        }
    });
    let promotion: Vec<_> = reader
        .tables("promotion")
        .iter()
        .map(|policy| binding::binding(policy, surroundings, problems))
        .collect();
    let target = reader.table("target");
    let verify = verify::checks(&reader.tables("verify"), target.as_ref(), surroundings.folder, problems);
    let target = target.and_then(|target| target::target(&target, surroundings.folder, problems));
    // A name in `after` that is none belongs to no environment, which was reported.
    let after: Option<Vec<_>> =
        reader.texts("after").iter().map(|name| EnvironmentName::new(name.text).ok()).collect();
    Some(Environment {
        name: name?,
        after: after?,
        target: target?,
        queue: match reader.text("queue").map(|queue| queue.text) {
            Some("fifo") => Queue::Fifo,
            _ => Queue::Latest,
        },
        verify: verify?,
        promotion: promotion.into_iter().collect::<Option<_>>()?,
    })
}

fn report_duplicates(environments: &[Written<'_>], problems: &mut Vec<Problem>) {
    let names: Vec<Text<'_>> = environments.iter().filter_map(|environment| environment.name).collect();
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|earlier| earlier.text == name.text) {
            let message = format!("there is already an environment `{}`", name.text);
            problems.push(Problem::new(name.span, message).help("give each environment a name of its own"));
        }
    }
}
