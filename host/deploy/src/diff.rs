//! What a deployment would change, for people.

use similar::TextDiff;

use crate::files::Files;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The differences between two sets of files in the form of `diff -u`; empty when there are none.
pub(crate) fn unified(old: &Files, new: &Files) -> String {
    let mut paths: Vec<_> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let mut text = String::new();
    for path in paths {
        let (before, after) = (old.get(path), new.get(path));
        if before == after {
            continue;
        }
        let shown = path.display().to_string();
        let header = |there: bool| if there { shown.as_str() } else { "/dev/null" };
        let diff = TextDiff::from_lines(before.map_or("", String::as_str), after.map_or("", String::as_str));
        let mut unified = diff.unified_diff();
        unified.context_radius(CONTEXT).header(header(before.is_some()), header(after.is_some()));
        text.push_str(&unified.to_string());
    }
    text
}
