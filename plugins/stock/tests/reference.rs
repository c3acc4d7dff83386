//! `docs/contract.md` is made of `wit/`: this test says when it is not, and writes it anew with `UPDATE_REFERENCE=1`.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use wit_parser::{Docs, Function, Interface, Resolve, Type, TypeDef, TypeDefKind, TypeId};

/// The interfaces in the order in which a newcomer reads them.
const INTERFACES: &[&str] = &["tagging", "promotion", "about", "types", "log", "registry", "history"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A doc comment on one line.
fn told(docs: &Docs) -> String {
    docs.contents
        .as_deref()
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

/// A type as the contract writes it, with links to those that have a name.
fn shown(resolve: &Resolve, shape: &Type) -> String {
    match shape {
        Type::Id(id) => named(resolve, *id),
        Type::Bool => "`bool`".to_owned(),
        Type::String => "`string`".to_owned(),
        Type::U8 => "`u8`".to_owned(),
        Type::U32 => "`u32`".to_owned(),
        Type::U64 => "`u64`".to_owned(),
        Type::S16 => "`s16`".to_owned(),
        Type::S64 => "`s64`".to_owned(),
        other => panic!("teach this test about {other:?}"),
    }
}

fn named(resolve: &Resolve, id: TypeId) -> String {
    let TypeDef { name, kind, .. } = &resolve.types[id];
    if let Some(name) = name {
        return format!("[`{name}`](#{name})");
    }
    match kind {
        TypeDefKind::Option(inner) => format!("option of {}", shown(resolve, inner)),
        TypeDefKind::List(inner) => format!("list of {}", shown(resolve, inner)),
        TypeDefKind::Result(result) => {
            let side =
                |shape: &Option<Type>| shape.as_ref().map_or("nothing".to_owned(), |one| shown(resolve, one));
            format!("result of {}, or else {}", side(&result.ok), side(&result.err))
        }
        other => panic!("teach this test about {}", other.as_str()),
    }
}

fn function(resolve: &Resolve, function: &Function, page: &mut String) {
    let parameters: Vec<String> = function
        .params
        .iter()
        .map(|param| format!("`{}`: {}", param.name, shown(resolve, &param.ty)))
        .collect();
    let result = function.result.as_ref().map_or("nothing".to_owned(), |result| shown(resolve, result));
    let _ = writeln!(page, "### `{}`\n\n{}\n", function.name, told(&function.docs));
    let takes = if parameters.is_empty() { "nothing".to_owned() } else { parameters.join(", ") };
    let _ = writeln!(page, "Takes {takes}. Answers {result}.\n");
}

fn definition(resolve: &Resolve, name: &str, definition: &TypeDef, page: &mut String) {
    let mut table = |heading: &str, rows: Vec<(String, String, String)>| {
        let _ = writeln!(
            page,
            "### {name}\n\n{}\n\n| {heading} | type | meaning |\n|---|---|---|",
            told(&definition.docs)
        );
        for (name, shape, meaning) in rows {
            let _ = writeln!(page, "| `{name}` | {shape} | {meaning} |");
        }
        page.push('\n');
    };
    match &definition.kind {
        // A name that is used from another interface, and explained there.
        TypeDefKind::Type(_) => {}
        TypeDefKind::Record(record) => {
            let row = |field: &wit_parser::Field| {
                (field.name.clone(), shown(resolve, &field.ty), told(&field.docs))
            };
            table("field", record.fields.iter().map(row).collect());
        }
        TypeDefKind::Variant(variant) => {
            let row = |case: &wit_parser::Case| {
                let shape = case.ty.as_ref().map_or(String::new(), |shape| shown(resolve, shape));
                (case.name.clone(), shape, told(&case.docs))
            };
            table("case", variant.cases.iter().map(row).collect());
        }
        TypeDefKind::Enum(cases) => {
            let row = |case: &wit_parser::EnumCase| (case.name.clone(), String::new(), told(&case.docs));
            table("case", cases.cases.iter().map(row).collect());
        }
        other => panic!("teach this test about {}", other.as_str()),
    }
}

fn interface(resolve: &Resolve, name: &str, content: &Interface, page: &mut String) {
    let _ = writeln!(page, "## Interface `{name}`\n\n{}\n", told(&content.docs));
    for one in content.functions.values() {
        function(resolve, one, page);
    }
    for (name, id) in &content.types {
        definition(resolve, name, &resolve.types[*id], page);
    }
}

fn reference() -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit/v0.1")).expect("the contract is valid");
    let content = &resolve.packages[package];
    let mut page = format!(
        "# The contract, item by item\n\nThe package `{}`, made of the doc comments in [`wit/v0.1`](../wit/v0.1). \
         [wit/README.md](../wit/README.md) says what holds for all of it,\nits form in JSON, and how it changes.\n\n",
        content.name
    );
    for name in INTERFACES {
        interface(&resolve, name, &resolve.interfaces[content.interfaces[*name]], &mut page);
    }
    assert_eq!(content.interfaces.len(), INTERFACES.len(), "say in INTERFACES where each interface stands");
    let _ = writeln!(page, "## Worlds\n\n| world | |\n|---|---|");
    for (name, id) in &content.worlds {
        let _ = writeln!(page, "| `{name}` | {} |", told(&resolve.worlds[*id].docs));
    }
    page
}

#[test]
fn the_reference_is_what_the_contract_says() {
    let file = root().join("docs/contract.md");
    let made = reference();
    if env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&file, &made).expect("the page can be written");
    }
    let written = fs::read_to_string(&file).expect("the page is there");
    assert!(
        written == made,
        "docs/contract.md is not what wit/ says: run this test with UPDATE_REFERENCE=1 and look at what changes"
    );
}
