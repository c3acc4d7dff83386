//! `docs/dockerfile.md` and the cases know the same intended differences.

use std::{collections::BTreeSet, fs, path::Path};

use super::case;

#[test]
fn every_intended_difference_is_on_the_page_and_has_a_case() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/dockerfile.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## Intended differences").unwrap();
    // Each has a row of its own: | `identifier` | what differs | why |
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let described: BTreeSet<&str> = rows.map(|(identifier, _)| identifier).collect();
    let cases = case::all();
    let shown: BTreeSet<&str> = cases.iter().filter_map(|case| case.differs.as_deref()).collect();
    assert_eq!(described, shown, "left: described on the page, right: shown by cases");
}
