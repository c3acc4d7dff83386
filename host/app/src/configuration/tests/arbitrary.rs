//! Any text is answered: with a configuration, or with problems that can be shown.

use proptest::prelude::*;

use super::{FULL, parse, rendered};

/// Reads, and shows what is wrong.
fn read(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = parse(text) {
        prop_assert!(!error.lines().is_empty(), "an error without a problem");
        prop_assert!(!rendered(&error).is_empty());
    }
    Ok(())
}

/// Replaces, drops and repeats parts of the full file.
fn damaged() -> impl Strategy<Value = String> {
    let line = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..6_u8);
    prop::collection::vec(line, 1..6).prop_map(|damages| {
        let mut lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
        for (at, from, damage) in damages {
            let (at, from) = (at.index(lines.len()), from.index(lines.len()));
            let value = |line: &str| {
                line.split_once(" = ").map_or_else(|| "[]".to_owned(), |(_, value)| value.to_owned())
            };
            let key = lines[at].split(" = ").next().unwrap_or_default().to_owned();
            match damage {
                0 => lines[at] = String::new(),
                1 => lines[at] = format!("{key} = {}", value(&lines[from])),
                2 => lines[at] = format!("{key} = \"\""),
                3 => lines[at] = format!("{key} = -1.5"),
                4 => lines[at] = lines[from].clone(),
                _ => lines[at] = format!("x{}", lines[at]),
            }
        }
        lines.join("\n")
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn any_toml_like_text_is_answered(text in "([a-z.\\-]{1,3} ?= ?(\"[^\"\n]{0,4}\"|[0-9]{1,20}|\\[.?\\]|\\{\\})\n|\\[\\[?[a-z]{1,5}\\]?\\]\r?\n|.{0,3}){0,20}") {
        read(&text)?;
    }

    #[test]
    fn any_damage_is_answered(text in damaged()) {
        read(&text)?;
    }
}
