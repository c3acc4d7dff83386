//! `.dockerignore`.

use plimsoll_image::{Ignore, Verdict};

use crate::LARGEST;

/// Paths that the rules are asked about, each with the folder that it is in before it.
const CHAINS: [&[&str]; 4] = [
    &["a", "a/b", "a/b/c.txt"],
    &["node_modules", "node_modules/x", "node_modules/x/y.js"],
    &[".git", ".git/HEAD"],
    &["ä b", "ä b/[x]", "ä b/[x]/*"],
];

/// Reads a text as `.dockerignore` and asks it about paths. Promises: without a rule that begins with `!`, what is below
/// an excluded folder is excluded; without any rule nothing is.
pub fn dockerignore(bytes: &[u8]) {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LARGEST) else { return };
    let ignore = match Ignore::parse(text) {
        Ok(ignore) => ignore,
        Err(invalid) => {
            assert!((1..=text.lines().count()).contains(&invalid.line), "line {} is not there", invalid.line);
            return;
        }
    };
    let includes = text.lines().any(|line| line.trim().starts_with('!'));
    for chain in CHAINS {
        let mut verdict = Verdict::default();
        for path in chain {
            let below = ignore.check(path, &verdict);
            assert!(!(ignore.is_empty() && below.excluded), "{path} is excluded by no rule");
            assert!(includes || below.excluded || !verdict.excluded, "{path} came back without a rule");
            verdict = below;
        }
    }
}
