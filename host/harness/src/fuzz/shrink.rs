//! Making a counter-example small: whatever can be left out of it is.

use serde_json::{Map, Value};

use super::{
    counter_example::{CounterExample, Violation},
    judge::{Example, Judge},
};
use crate::cases::default_request;

/// How often a smaller example is tried at most.
const MOST_TRIES: usize = 4_000;

/// Leaves out of an example all that it does not need to break the same thing.
pub(super) fn shrink(judge: &Judge<'_>, mut example: Example) -> CounterExample {
    drop_defaults(&mut example.part, &default_request(example.question));
    let mut violation = judge.judge(&mut example, None, false).unwrap_or(Violation::Unsteady);
    let mut tries = 0;
    loop {
        let smaller = candidates(&example).into_iter().find_map(|mut smaller| {
            tries += 1;
            if smaller.settings != example.settings && !judge.accepts(&smaller.settings) {
                return None;
            }
            let found = judge.judge(&mut smaller, None, false)?;
            found.is_like(&violation).then_some((smaller, found))
        });
        match smaller {
            Some((smaller, found)) if tries < MOST_TRIES => (example, violation) = (smaller, found),
            _ => break,
        }
    }
    let asked = judge.ask(&example);
    CounterExample {
        index: example.index,
        violation,
        question: example.question,
        part: example.part,
        settings: example.settings,
        capabilities: example.capabilities,
        answer: asked.map(|asked| asked.answer),
    }
}

/// Takes out what is as in the default request anyway.
fn drop_defaults(part: &mut Value, default: &Value) {
    let Value::Object(members) = part else { return };
    members.retain(|name, member| {
        let usual = default.get(name);
        if usual == Some(&*member) || (usual.is_none() && member.is_null()) {
            return false;
        }
        if let Some(usual) = usual {
            drop_defaults(member, usual);
        }
        !matches!(member, Value::Object(inner) if inner.is_empty())
    });
}

/// Everything one step smaller: a member or element taken out, an answer or setting left away.
fn candidates(example: &Example) -> Vec<Example> {
    let mut all = Vec::new();
    for part in smaller(&example.part) {
        all.push(Example { part, ..example.clone() });
    }
    for index in 0..example.capabilities.len() {
        let mut capabilities = example.capabilities.clone();
        capabilities.remove(index);
        all.push(Example { capabilities, ..example.clone() });
    }
    for index in 0..example.capabilities.len() {
        let Ok(call) = serde_json::to_value(&example.capabilities[index]) else { continue };
        for call in smaller(&call).into_iter().filter_map(|call| serde_json::from_value(call).ok()) {
            let mut capabilities = example.capabilities.clone();
            capabilities[index] = call;
            all.push(Example { capabilities, ..example.clone() });
        }
    }
    for name in example.settings.keys() {
        let settings: Map<String, Value> = example
            .settings
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        all.push(Example { settings, ..example.clone() });
    }
    all
}

/// A value with one thing taken out, the largest things first.
fn smaller(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for name in members.keys() {
                let mut without = members.clone();
                without.remove(name);
                all.push(Value::Object(without));
            }
            for (name, member) in members {
                for member in smaller(member) {
                    let mut with = members.clone();
                    with.insert(name.clone(), member);
                    all.push(Value::Object(with));
                }
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                let mut without = items.clone();
                without.remove(index);
                all.push(Value::Array(without));
            }
            for (index, item) in items.iter().enumerate() {
                for item in smaller(item) {
                    let mut with = items.clone();
                    with[index] = item;
                    all.push(Value::Array(with));
                }
            }
        }
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_usual_is_dropped() {
        let mut part = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": {"f": 1}, "g": null});
        drop_defaults(&mut part, &json!({"a": 1, "b": {"c": 2, "d": 4}, "e": {"f": 1}}));
        assert_eq!(part, json!({"b": {"d": 3}}));
    }

    #[test]
    fn one_thing_is_taken_out_at_a_time() {
        let all = smaller(&json!({"a": [1, 2], "b": 3}));
        assert_eq!(
            all,
            [json!({"b": 3}), json!({"a": [1, 2]}), json!({"a": [2], "b": 3}), json!({"a": [1], "b": 3})]
        );
    }
}
