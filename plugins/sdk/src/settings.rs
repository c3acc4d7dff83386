//! Settings: from the JSON object in the configuration to the policy's own type, and back as a list of problems.

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{
    policy::Policy,
    types::{Failure, SettingsProblem},
};

/// How deeply arrays and objects in settings may be nested. Deeper ones would need more stack than a lean component has.
const DEEPEST: usize = 16;
/// The most problems that one check reports.
const MOST_PROBLEMS: usize = 32;

/// The settings of a policy that has none: the empty object.
///
/// ```
/// use plimsoll_sdk::{NoSettings, Policy, testing};
/// # struct Quiet;
/// impl Policy for Quiet {
///     type Settings = NoSettings;
///     // ...
/// #     const NAME: &'static str = "quiet";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Decides without a word.";
/// }
/// assert_eq!(testing::check_settings::<Quiet>("{}"), Ok(()));
/// assert!(testing::check_settings::<Quiet>("{ \"loud\": true }").is_err());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// Reads settings that a check accepted.
pub(crate) fn parse<S: DeserializeOwned>(text: &str) -> Result<S, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("the settings are not what this policy takes: {error}")))
}

/// The JSON Schema (draft 2020-12) of settings.
pub(crate) fn schema<S: JsonSchema>() -> String {
    schemars::schema_for!(S).as_value().to_string()
}

/// Finds everything that is wrong with settings.
pub(crate) fn check<P: Policy>(text: &str) -> Result<(), Vec<SettingsProblem>> {
    let whole = |message: String| vec![SettingsProblem::new("", message)];
    if nesting(text) > DEEPEST {
        return Err(whole(format!("nested more than {DEEPEST} deep; flatten it")));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| whole(format!("no JSON: {error}")))?;
    if !value.is_object() {
        return Err(whole("must be an object, such as `{}`".to_owned()));
    }
    let problems = match read::<P::Settings>(value) {
        Ok(settings) => P::check(&settings),
        Err(problems) => problems,
    };
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Reads settings and collects all problems: after each, what caused it is taken out and the rest read again.
fn read<S: DeserializeOwned>(mut value: Value) -> Result<S, Vec<SettingsProblem>> {
    let mut problems: Vec<SettingsProblem> = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize(&value) {
            Ok(settings) if problems.is_empty() => return Ok(settings),
            Ok(_) => return Err(problems),
            Err(error) => error,
        };
        let pointer = pointer(error.path());
        // A complaint about what holds a part that was taken out may be about its absence: not the author's mistake.
        let inside = |earlier: &SettingsProblem| {
            earlier.pointer.strip_prefix(&pointer).is_some_and(|rest| rest.starts_with('/'))
        };
        if !problems.iter().any(inside) {
            problems.push(SettingsProblem::new(pointer.as_str(), error.inner().to_string()));
        }
        if problems.len() == MOST_PROBLEMS || !remove(&mut value, &pointer) {
            return Err(problems);
        }
    }
}

/// A path as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => return pointer,
        }
    }
    pointer
}

/// Takes out what a pointer points to. False: it points to the whole, or to nothing.
fn remove(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return false;
    };
    let last = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&last).is_some(),
        _ => false,
    }
}

/// The depth of a JSON text, without reading it: the most brackets and braces that are open at once outside of strings.
fn nesting(text: &str) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                open += 1;
                deepest = deepest.max(open);
            }
            (false, b'}' | b']') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Settings {
        /// How many.
        quorum: u32,
        #[serde(default)]
        people: Vec<String>,
        #[serde(default, rename = "inner")]
        _inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "a/b")]
        _slash: bool,
    }

    struct Quorum;

    impl Policy for Quorum {
        const NAME: &'static str = "quorum";
        const VERSION: &'static str = "1.0.0";
        const SUMMARY: &'static str = "Counts.";
        type Settings = Settings;

        fn check(settings: &Settings) -> Vec<SettingsProblem> {
            if settings.people.len() < settings.quorum as usize {
                return vec![SettingsProblem::new("/quorum", "more than there are people")];
            }
            Vec::new()
        }
    }

    fn pointers(text: &str) -> Vec<String> {
        check::<Quorum>(text).err().unwrap_or_default().into_iter().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn each_problem_is_pointed_at() {
        for (text, expected) in [
            (r#"{"quorum": 0}"#, &[][..]),
            (r#"{"quorum": 1}"#, &["/quorum"]),
            (r#"{"quorum": "one"}"#, &["/quorum"]),
            (r#"{"quorum": 0, "people": ["a", 7]}"#, &["/people/1"]),
            (r#"{"quorum": 0, "inner": {"a/b": 1}}"#, &["/inner/a~1b"]),
            (r#"{"quorum": 0, "extra": 1, "more": 2}"#, &["/extra", "/more"]),
            (
                r#"{"quorum": "one", "people": 3, "inner": {"a/b": 1}, "extra": 0}"#,
                &["/quorum", "/people", "/inner/a~1b", "/extra"],
            ),
            ("{}", &[""]),
            ("[]", &[""]),
            ("", &[""]),
            ("{", &[""]),
        ] {
            let mut found = pointers(text);
            let mut expected = expected.to_vec();
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_missing_member_is_named() {
        let problems = check::<Quorum>("{}").unwrap_err();
        assert!(problems[0].message.contains("quorum"), "{problems:?}");
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_read() {
        let deep = format!("{{\"inner\": {}{}}}", "[".repeat(100), "]".repeat(100));
        let problems = check::<Quorum>(&deep).unwrap_err();
        assert!(problems[0].message.contains("nested"), "{problems:?}");
        assert_eq!(nesting(r#"{"a": "[[[[\"[[", "b": [1, [2]]}"#), 3);
    }

    #[test]
    fn the_schema_tells_names_and_doc_comments() {
        let schema: Value = serde_json::from_str(&schema::<Settings>()).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["properties"]["quorum"]["description"], "How many.");
        assert_eq!(schema["additionalProperties"], false);
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in r#"[\[\]{}",:a-z0-9\\ ]{0,200}"#) {
            if let Err(problems) = check::<Quorum>(&text) {
                prop_assert!((1..=MOST_PROBLEMS).contains(&problems.len()));
            }
        }

        #[test]
        fn what_the_check_accepts_can_be_read(quorum in 0u32..3, people in proptest::collection::vec("[a-z]*", 0..3)) {
            let text = serde_json::json!({"quorum": quorum, "people": people}).to_string();
            prop_assert_eq!(check::<Quorum>(&text).is_ok(), people.len() >= quorum as usize);
            prop_assert!(parse::<Settings>(&text).is_ok());
        }
    }
}
