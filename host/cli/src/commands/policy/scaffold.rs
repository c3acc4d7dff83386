//! What `plimsoll policy new` writes: the files of a project in each language.

use plimsoll_core::contract::CONTRACT_VERSION;

use super::new::{Kind, Language};

/// Files by their paths in a project.
type Files = &'static [(&'static str, &'static [u8])];

/// The contract, where the tools of other languages than Rust look for it.
const CONTRACT: Files = include!(concat!(env!("OUT_DIR"), "/contract.rs"));
/// The SDK of Rust, with the contract where it looks for it.
const RUST: Files = include!(concat!(env!("OUT_DIR"), "/rust.rs"));
/// The SDK of Go.
const GO: Files = include!(concat!(env!("OUT_DIR"), "/go.rs"));

/// The names of the SDKs as packages: a project cannot bear the name of what it is made of.
pub(super) const VENDORED: [&str; 2] = ["plimsoll-sdk", "plimsoll"];

/// The helper for JavaScript.
const JAVASCRIPT: Files = &[("plimsoll.js", include_bytes!("../../../scaffolds/javascript/plimsoll.js"))];
/// The helper for Python, and what a project is built with.
const PYTHON: Files = &[
    ("plimsoll.py", include_bytes!("../../../scaffolds/python/plimsoll.py")),
    ("requirements.txt", include_bytes!("../../../scaffolds/python/requirements.txt")),
];

/// The text of a template.
macro_rules! template {
    ($($part:literal),+) => {
        include_str!(concat!("../../../scaffolds/", $($part),+))
    };
}

/// The one of three texts that is for a kind.
macro_rules! by_kind {
    ($kind:expr, $before:literal, $after:literal) => {
        match $kind {
            Kind::Tagging => template!($before, "tagging", $after),
            Kind::Promotion => template!($before, "promotion", $after),
            Kind::Both => template!($before, "both", $after),
        }
    };
}

/// Files that are the same in every project of the language.
pub(super) fn vendored_files(language: Language) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let (first, second): (Files, Files) = match language {
        Language::Rust => (RUST, &[]),
        Language::Javascript => (CONTRACT, JAVASCRIPT),
        Language::Python => (CONTRACT, PYTHON),
        Language::Go => (CONTRACT, GO),
    };
    first.iter().chain(second).copied()
}

/// The project's own files.
pub(super) fn own_files(name: &str, language: Language, kind: Kind) -> Vec<(&'static str, String)> {
    let mut files = match language {
        Language::Rust => rust(kind),
        Language::Javascript => javascript(kind),
        Language::Python => python(kind),
        Language::Go => go(kind),
    };
    files.push(("cases.toml", by_kind!(kind, "cases/", ".toml.in")));
    if language != Language::Rust {
        files.push(("wit/world.wit", template!("world.wit.in")));
    }
    let filled = |text: &str| {
        text.replace("{name}", name)
            .replace("{type}", &type_name(name))
            .replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("{exports}", &exports(kind))
            .replace("{contract}", CONTRACT_VERSION)
    };
    files.into_iter().map(|(path, text)| (path, filled(text))).collect()
}

fn rust(kind: Kind) -> Vec<(&'static str, &'static str)> {
    vec![
        ("Cargo.toml", template!("rust/Cargo.toml.in")),
        ("README.md", template!("rust/README.md.in")),
        (".gitignore", template!("rust/gitignore.in")),
        ("vendor/plimsoll/sdk/Cargo.toml", template!("rust/sdk.toml.in")),
        ("src/lib.rs", by_kind!(kind, "rust/", ".rs.in")),
    ]
}

fn javascript(kind: Kind) -> Vec<(&'static str, &'static str)> {
    vec![
        ("package.json", template!("javascript/package.json.in")),
        ("package-lock.json", template!("javascript/package-lock.json.in")),
        (".npmrc", template!("javascript/npmrc.in")),
        ("README.md", template!("javascript/README.md.in")),
        (".gitignore", template!("javascript/gitignore.in")),
        ("policy.js", by_kind!(kind, "javascript/", ".js.in")),
        ("policy.test.js", by_kind!(kind, "javascript/", ".test.js.in")),
    ]
}

fn python(kind: Kind) -> Vec<(&'static str, &'static str)> {
    vec![
        ("pyproject.toml", template!("python/pyproject.toml.in")),
        ("README.md", template!("python/README.md.in")),
        (".gitignore", template!("python/gitignore.in")),
        ("policy.py", by_kind!(kind, "python/", ".py.in")),
        ("test_policy.py", by_kind!(kind, "python/test_", ".py.in")),
    ]
}

fn go(kind: Kind) -> Vec<(&'static str, &'static str)> {
    vec![
        ("go.mod", template!("go/go.mod.in")),
        ("README.md", template!("go/README.md.in")),
        (".gitignore", template!("go/gitignore.in")),
        ("policy.go", by_kind!(kind, "go/", ".go.in")),
        ("policy_test.go", by_kind!(kind, "go/", "_test.go.in")),
    ]
}

/// The questions, as lines of a world.
fn exports(kind: Kind) -> String {
    let questions: &[&str] = match kind {
        Kind::Tagging => &["tagging"],
        Kind::Promotion => &["promotion"],
        Kind::Both => &["tagging", "promotion"],
    };
    questions
        .iter()
        .map(|question| format!("    export plimsoll:policy/{question}@{CONTRACT_VERSION};\n"))
        .collect()
}

/// `branch-gate` as `BranchGatePolicy`: with the ending it is no word that the template uses itself.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    let camel: String = name.split('-').map(capital).collect();
    format!("{camel}Policy")
}
