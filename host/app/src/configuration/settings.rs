//! Settings of a policy: a TOML table as the JSON object that policies are given.

use std::collections::BTreeMap;

use miette::SourceSpan;
use serde_json::{Map, Number, Value};
use toml::{
    Spanned,
    de::{DeFloat, DeInteger, DeTable, DeValue},
};

use super::problem::Problem;

/// The table as JSON with sorted keys and no blanks. Date-times become strings; numbers that JSON cannot hold are
/// reported.
pub(super) fn to_json(table: &DeTable<'_>, problems: &mut Vec<Problem>) -> String {
    object(table, problems).to_string()
}

fn object(table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Value {
    // The map sorts by key; the JSON object keeps that order.
    let sorted: BTreeMap<String, Value> = table
        .iter()
        .map(|(name, item)| (name.get_ref().clone().into_owned(), value(item, problems)))
        .collect();
    Value::Object(sorted.into_iter().collect::<Map<_, _>>())
}

fn value(item: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Value {
    let number = |number: Option<Number>, problems: &mut Vec<Problem>| {
        number.map_or_else(
            || {
                problems.push(no_json_number(item.span().into()));
                Value::Null
            },
            Value::Number,
        )
    };
    match item.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Integer(integer) => number(whole(integer), problems),
        DeValue::Float(float) => number(fraction(float), problems),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| value(item, problems)).collect()),
        DeValue::Table(table) => object(table, problems),
    }
}

fn whole(integer: &DeInteger<'_>) -> Option<Number> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(Number::from)
}

fn fraction(float: &DeFloat<'_>) -> Option<Number> {
    float.as_str().parse().ok().and_then(Number::from_f64)
}

fn no_json_number(span: SourceSpan) -> Problem {
    Problem::new(span, "this number cannot be given to a policy")
        .help("settings are JSON: write a finite number, whole ones within 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> (String, usize) {
        let table = DeTable::parse(text).unwrap();
        let mut problems = Vec::new();
        let json = to_json(table.get_ref(), &mut problems);
        (json, problems.len())
    }

    #[test]
    fn every_type_has_its_json() {
        let text = "z = 1\na = [true, 1.5, 0xff, -7]\nd = 2026-07-01\nt.x = 'y'\n";
        assert_eq!(
            json(text),
            (r#"{"a":[true,1.5,255,-7],"d":"2026-07-01","t":{"x":"y"},"z":1}"#.to_owned(), 0)
        );
    }

    #[test]
    fn numbers_outside_json_are_reported() {
        assert_eq!(json("a = nan\nb = [inf, -inf]\nc = 99999999999999999999\nd = 1e999").1, 5);
    }
}
