//! YAML documents as JSON, read the way `kubectl` reads them: scalars mean what YAML 1.1 says (yaml.org/type), so `0644`
//! is octal and `yes` a truth value.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value};

use crate::yaml::{Node, NotYaml, Scalar};

/// A document as JSON.
pub(crate) fn value(node: &Node) -> Result<Value, NotYaml> {
    match node {
        Node::Scalar(scalar) => Ok(scalar_value(scalar)),
        Node::Sequence(items) => items.iter().map(value).collect::<Result<_, _>>().map(Value::Array),
        Node::Mapping(pairs) => mapping(pairs).map(Value::Object),
    }
}

/// The line of the first scalar in a node.
pub(crate) fn line(node: &Node) -> Option<usize> {
    match node {
        Node::Scalar(scalar) => Some(scalar.line),
        Node::Sequence(items) => items.iter().find_map(line),
        Node::Mapping(pairs) => pairs.iter().find_map(|(key, _)| line(key)),
    }
}

fn mapping(pairs: &[(Node, Node)]) -> Result<Map<String, Value>, NotYaml> {
    let mut map = Map::new();
    let mut merged = Vec::new();
    for (key, node) in pairs {
        let Node::Scalar(key) = key else {
            let line = line(key).or_else(|| line(node)).unwrap_or(1);
            return Err(NotYaml { line, problem: "a key is no text".to_owned() });
        };
        if key.plain && key.text == "<<" {
            merged.push(node);
            continue;
        }
        let name = key_text(key);
        if map.insert(name, value(node)?).is_some() {
            return Err(NotYaml {
                line: key.line,
                problem: format!("the key `{}` is there twice", key.text),
            });
        }
    }
    for node in merged {
        merge(&mut map, node)?;
    }
    Ok(map)
}

/// Fills in what a merge key brings: it never goes over what is there (yaml.org/type/merge).
fn merge(map: &mut Map<String, Value>, node: &Node) -> Result<(), NotYaml> {
    match node {
        Node::Mapping(pairs) => {
            for (name, value) in mapping(pairs)? {
                map.entry(name).or_insert(value);
            }
            Ok(())
        }
        Node::Sequence(items) => items.iter().try_for_each(|item| merge(map, item)),
        Node::Scalar(scalar) => {
            Err(NotYaml { line: scalar.line, problem: "`<<` merges something that has no keys".to_owned() })
        }
    }
}

/// A key as JSON has it: what a plain scalar means, as text.
fn key_text(key: &Scalar) -> String {
    match scalar_value(key) {
        Value::String(text) => text,
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

fn scalar_value(scalar: &Scalar) -> Value {
    let text = scalar.text.as_str();
    match scalar.tag.as_deref().map(short_tag) {
        Some("str") => Value::from(text),
        Some("binary") => binary(text).map_or_else(|| Value::from(text), Value::from),
        Some("int" | "float" | "bool" | "null") => plain(text),
        _ if scalar.plain => plain(text),
        _ => Value::from(text),
    }
}

/// The text that is written in base64.
fn binary(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// The last part of a tag of the YAML standard: `str` of `!!str`, `!<tag:yaml.org,2002:str>` and so on.
fn short_tag(tag: &str) -> &str {
    tag.rsplit([':', '!']).next().unwrap_or(tag)
}

/// What a plain scalar means.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        // Numbers may have underscores between their digits.
        _ if text.starts_with('_') => Value::from(text),
        _ => {
            let digits = text.replace('_', "");
            let number = integer(&digits).or_else(|| float(&digits));
            number.map_or_else(|| Value::from(text), Value::Number)
        }
    }
}

fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        b'0'..=b'9' => (false, text),
        _ => return None,
    };
    // A second sign would be taken by the parser of numbers below.
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0_i64.checked_sub_unsigned(number).map(Number::from) } else { Some(Number::from(number)) }
}

fn float(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let looks_like_one = digits.starts_with(|first: char| first.is_ascii_digit())
        || (digits.starts_with('.') && digits[1..].starts_with(|second: char| second.is_ascii_digit()));
    if !looks_like_one {
        return None;
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    // JSON has one kind of number: what is whole is written so.
    #[expect(clippy::cast_possible_truncation, reason = "the number is whole and below 2^53")]
    let whole = (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64);
    whole.map_or_else(|| Number::from_f64(number), |whole| Some(Number::from(whole)))
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, process::Command};

    use plimsoll_support::{Requirement, cluster_tool, missing, run};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::yaml::parse;

    fn read(text: &str) -> Result<Value, NotYaml> {
        value(&parse(text)?[0])
    }

    #[test]
    fn scalars_mean_what_kubectl_takes_them_for() {
        let cases = [
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("-0644", json!(-420)),
            ("0", json!(0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000)),
            (".5", json!(0.5)),
            ("1.0", json!(1)),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!(true)),
            ("!!binary aGk=", json!("hi")),
            ("1__0", json!(10)),
            ("089", json!(89)),
            ("+5", json!(5)),
            ("5.", json!(5)),
            ("1e400", json!("1e400")),
            ("_1", json!("_1")),
            ("!!int \"3\"", json!(3)),
            ("1_0.5", json!(10.5)),
            ("=", json!("=")),
            ("~", json!(null)),
            ("", json!(null)),
            ("500m", json!("500m")),
            ("1Gi", json!("1Gi")),
            ("1.2.3", json!("1.2.3")),
            ("2001-01-01", json!("2001-01-01")),
            ("12:30:45", json!("12:30:45")),
            ("--1", json!("--1")),
            ("0x", json!("0x")),
            ("'yes'", json!("yes")),
            ("\"0644\"", json!("0644")),
            ("!!str 0644", json!("0644")),
            ("!!str yes", json!("yes")),
            ("|-\n  0644", json!("0644")),
        ];
        for (text, expected) in cases {
            assert_eq!(read(&format!("a: {text}\n")).unwrap()["a"], expected, "{text}");
        }
    }

    /// What kubectl makes of a document, without a cluster.
    fn kubectl(document: &str) -> Value {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(document.as_bytes()).unwrap();
        let mut command = Command::new(cluster_tool("kubectl"));
        command.args(["annotate", "--local", "--output=json", "a=b", "--filename"]).arg(file.path());
        serde_json::from_str(&run(&mut command).success().text()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        #[test]
        fn what_kubectl_reads_is_what_we_read(
            scalars in prop::collection::vec(
                prop_oneof![
                    "[-+]?0?[xbo]?[0-9_]{1,6}[a-f]?",
                    "[-+]?[0-9]{0,3}\\.[0-9]{0,3}(e[-+]?[0-9]{1,2})?",
                    "[yYnNtTfFoO][a-zA-Z]{0,4}",
                    "(yes|Yes|YES|yEs|on|Off|NO|true|True|tRue|null|Null|NULL|~|nil|0|00|-0|0x|0b2|08|1e3|1E3|_1|1_|\\.5|5\\.|1:30|2001-01-01|2001-01-01T00:00:00Z|!!str 1|!!int '1'|'a'|\"b\")",
                ],
                60,
            ),
        ) {
            if missing(&[Requirement::Cluster]).is_some() {
                return Ok(());
            }
            let lines: String = scalars.iter().enumerate().map(|(at, text)| format!("  k{at}: {text}\n")).collect();
            let document = format!("apiVersion: example.com/v1\nkind: Scalars\nmetadata: {{name: a}}\nspec:\n{lines}");
            let (ours, theirs) = (read(&document).unwrap(), kubectl(&document));
            for (at, text) in scalars.iter().enumerate() {
                let key = format!("k{at}");
                let (ours, theirs) = (&ours["spec"][&key], &theirs["spec"][&key]);
                // JSON is read back here with the last bit of large numbers rounded.
                let close = |one: f64, other: f64| (one - other).abs() <= one.abs() * 1e-14;
                let alike = ours.as_f64().zip(theirs.as_f64()).is_some_and(|(one, other)| close(one, other));
                prop_assert!(ours == theirs || alike, "{text}: {ours} and {theirs}");
            }
        }
    }

    #[test]
    fn keys_are_texts_and_there_once() {
        assert_eq!(read("{1: a, on: b, ~: c}").unwrap(), json!({"1": "a", "true": "b", "null": "c"}));
        assert_eq!(read("a: 1\nb: 2\na: 3\n").unwrap_err().line, 3);
        assert!(read("{[a]: b}").is_err());
    }

    #[test]
    fn merged_keys_fill_in_what_is_missing() {
        let text = "x: &x {a: 1, b: 2}\nu: {<<: *x, a: 3}\nz: {<<: [{c: 4}, *x]}\n";
        let value = read(text).unwrap();
        assert_eq!(value["u"], json!({"a": 3, "b": 2}));
        assert_eq!(value["z"], json!({"c": 4, "a": 1, "b": 2}));
        assert!(read("{<<: 1}").is_err());
    }

    proptest! {
        #[test]
        fn json_is_read_as_itself(
            texts in prop::collection::vec("[ -~]{0,12}", 0..4),
            number in any::<i64>(),
            flag in any::<bool>(),
        ) {
            let expected = json!({"texts": texts, "number": number, "flag": flag, "nothing": null, "empty": {}});
            prop_assert_eq!(read(&expected.to_string()).unwrap(), expected);
        }

        #[test]
        fn any_scalar_is_read_without_a_panic(text in "[-+0-9._xobeEyn~]{0,10}") {
            drop(read(&format!("a: {text}")));
        }
    }
}
