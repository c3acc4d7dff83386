//! Made-up questions, the same in every run.

use proptest::{
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree as _,
    test_runner::TestRunner,
};

/// So many values of a strategy.
pub(crate) fn values<T>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let mut value = || strategy.new_tree(&mut runner).expect("the strategy refuses nothing").current();
    (0..count).map(|_| value()).collect()
}

/// A text made of some of these pieces.
pub(crate) fn pieces(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(select(pieces), 1..=most).prop_map(|chosen| chosen.concat())
}

/// Tags as teams write them: versions strict and not, numbers, branches with commits and times, signatures.
pub(crate) fn tag() -> impl Strategy<Value = String> {
    let number = select(&["0", "1", "2", "3", "10", "01", "20240102", "9223372036854775808"][..]);
    let three = prop::collection::vec(number, 1..=4).prop_map(|numbers| numbers.join("."));
    let tails = &[
        "",
        "",
        "",
        "-rc.1",
        "-rc.2",
        "-rc.10",
        "-alpha",
        "-01",
        "-0",
        "-a.b",
        "-1-2",
        "-",
        "-20000000000000000000",
    ];
    let version = (select(&["", "v", "vv", "V"][..]), three, select(&tails[..]));
    prop_oneof![
        8 => version.prop_map(|(prefix, numbers, tail)| format!("{prefix}{numbers}{tail}")),
        2 => "[0-9]{1,3}(\\.[0-9]{1,2})?(e[0-9]{1,3})?",
        2 => "(main|dev)-[a-f0-9]{2}-[0-9]{1,2}",
        1 => "(build|Build|RELEASE)[-._][0-9a-c]{1,2}",
        1 => select(&["latest", "main", "x", "inf", "Infinity", "1e400", "1_000.5", "1_.5", "_1", "sha256-ab.sig", "1.2.3.sig", "1_0"][..]).prop_map(str::to_owned),
    ]
}

/// Regular expressions, good and bad, about what tags look like.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn expression() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "^",
        "$",
        ".",
        ".*",
        ".+?",
        "*",
        "+",
        "?",
        "??",
        "{2}",
        "{1,2}",
        "{1,}",
        "{,2}",
        "{2,1}",
        "{01}",
        "{1001}",
        "{",
        "}",
        "|",
        "(",
        ")",
        "(?:",
        "(?P<ts>",
        "(?<n>",
        "(?P<1a>",
        "(?P<>",
        "(?i)",
        "(?i:",
        "(?-i)",
        "(?s)",
        "(?m)",
        "(?U)",
        "(?x)",
        "(?)",
        "(?ii)",
        "(?i-)",
        "(?=",
        "[0-9]+",
        "[a-f0-9]",
        "[^0-9]",
        "[",
        "]",
        "[]a]",
        "[^]a]",
        "[a-",
        "[z-a]",
        "[a-z-9]",
        "[[:alpha:]]",
        "[[:^digit:]]",
        "[[:nope:]]",
        "[[a]",
        "[a&&b]",
        "[\\d.-]",
        "[\\d-z]",
        "[a-\\d]",
        "[\\]x]",
        "\\d",
        "\\D",
        "\\w+",
        "\\W",
        "\\s",
        "\\b",
        "\\B",
        "\\A",
        "\\z",
        "\\Z",
        "\\.",
        "\\-",
        "\\_",
        "\\/",
        "\\<",
        "\\e",
        "\\1",
        "\\12",
        "\\x61",
        "\\x{62}",
        "\\x6",
        "\\pL",
        "\\pN+",
        "\\p{Lu}",
        "\\P{Ll}",
        "\\p{^L}",
        "\\p{Nope}",
        "\\Qa.b\\E",
        "\\Q",
        "\\E",
        "v",
        "main",
        "-",
        "build",
        "A",
        "1",
        "0",
        "\\",
        "é",
        "(?P<ts>[0-9]+)",
        "(main|dev)",
        "(a{30}){40}",
        "(a{20}){50}",
        " ",
    ];
    const GOOD: &[&str] = &[
        "^(?P<branch>main|dev)-(?P<sha>[a-f0-9]+)-(?P<ts>[0-9]+)$",
        "^v?(?P<ts>[0-9]+\\.[0-9]+\\.[0-9]+)",
        "^RELEASE\\.(?P<ts>.*)$",
        ".*-rc.*",
        "^(\\d+)\\.(\\d+)",
        "",
    ];
    prop_oneof![4 => pieces(PIECES, 6), 1 => select(GOOD).prop_map(str::to_owned)]
}

/// What of a match is compared.
pub(crate) fn template() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "$ts", "${ts}", "$1", "$2", "${1}", "$0", "$10", "$01", "$1x", "$$", "$", "${", "${1", "$-",
        "${ts }", "a", ".", "0", "$n", "$sha",
    ];
    pieces(PIECES, 3)
}

/// One of a list, by an index that does not depend on its length.
pub(crate) fn one_of<'a, T>(list: &'a [T], index: &Index) -> &'a T {
    &list[index.index(list.len())]
}
