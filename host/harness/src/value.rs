//! JSON values: merging them, finding things in them, and times written as text.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Map, Value, json};

/// Fields whose type is a variant of the contract: one replaces the other as a whole, they never merge.
const VARIANTS: &[&str] = &["trigger", "git-ref", "intent"];
/// Fields that hold a time, Unix seconds.
const TIMES: &[&str] = &["at", "since", "healthy-since", "expires", "time", "unix", "opened"];

/// Merges a value over another: objects member by member, everything else replaces what was there.
pub(crate) fn merge(under: &mut Value, over: &Value) {
    let (Value::Object(under), Value::Object(over)) = (&mut *under, over) else {
        *under = over.clone();
        return;
    };
    for (name, value) in over {
        match under.get_mut(name) {
            Some(existing) if !VARIANTS.contains(&name.as_str()) => merge(existing, value),
            _ => {
                under.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Puts a value at a dotted path, such as `request.image.tags`, making the objects on the way.
pub(crate) fn put(root: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            root.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let below = root.entry(first).or_insert_with(|| json!({}));
            if !below.is_object() {
                *below = json!({});
            }
            if let Value::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}

/// What stands at a dotted path with indexes, such as `environments[0].running`; the empty path is the whole.
pub(crate) fn at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    let mut here = root;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (name, indexes) = step.split_once('[').map_or((step, None), |(name, rest)| (name, Some(rest)));
        if !name.is_empty() {
            here = here.get(name)?;
        }
        for index in indexes.into_iter().flat_map(|rest| rest.split('[')) {
            here = here.get(index.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
    }
    Some(here).filter(|value| !value.is_null())
}

/// Turns texts at the places of times into Unix seconds, and `now` into a whole moment.
///
/// # Errors
/// A text there is no time; the message names the field.
pub(crate) fn tell_times(value: &mut Value, time_zone: &str) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| tell_times(item, time_zone)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "now" => {
                        let unix = unix(text).map_err(|error| format!("`{name}`: {error}"))?;
                        *member = moment(unix, time_zone)?;
                    }
                    Value::String(text) if TIMES.contains(&name.as_str()) => {
                        *member = unix(text).map_err(|error| format!("`{name}`: {error}"))?.into();
                    }
                    other => tell_times(other, time_zone)?,
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A time as text, Unix seconds.
fn unix(text: &str) -> Result<i64, String> {
    let time = text.parse::<Timestamp>();
    time.map(Timestamp::as_second).map_err(|_| {
        format!("`{text}` is no time: write Unix seconds or RFC 3339, such as `2026-11-20T15:00:00+01:00`")
    })
}

/// A moment in the contract's form.
pub(crate) fn moment(unix: i64, time_zone: &str) -> Result<Value, String> {
    let zone = TimeZone::get(time_zone).map_err(|_| {
        format!("the time zone `{time_zone}` is unknown: write a name such as `Europe/Berlin`")
    })?;
    let time = Timestamp::from_second(unix).map_err(|_| format!("{unix} s is outside the calendar"))?;
    let zoned = time.to_zoned(zone);
    let weekday = match zoned.weekday() {
        civil::Weekday::Monday => "monday",
        civil::Weekday::Tuesday => "tuesday",
        civil::Weekday::Wednesday => "wednesday",
        civil::Weekday::Thursday => "thursday",
        civil::Weekday::Friday => "friday",
        civil::Weekday::Saturday => "saturday",
        civil::Weekday::Sunday => "sunday",
    };
    Ok(json!({
        "unix": unix, "time-zone": time_zone, "offset": zoned.offset().seconds() / 60,
        "year": zoned.year(), "month": zoned.month(), "day": zoned.day(), "weekday": weekday,
        "hour": zoned.hour(), "minute": zoned.minute(), "second": zoned.second(),
    }))
}

/// Whether a text fits a pattern in which `*` stands for any characters.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_merge_and_variants_replace() {
        let mut value = json!({"source": {"git-ref": {"branch": "main"}, "tags": ["a"]}, "x": 1});
        merge(&mut value, &json!({"source": {"git-ref": {"tag": "v1"}, "tags": []}}));
        assert_eq!(value, json!({"source": {"git-ref": {"tag": "v1"}, "tags": []}, "x": 1}));
    }

    #[test]
    fn paths_lead_to_values() {
        let value = json!({"a": [{"b": [1, 2]}], "c": null});
        assert_eq!(at(&value, "a[0].b[1]"), Some(&json!(2)));
        assert_eq!(at(&value, ""), Some(&value));
        for nowhere in ["a[1]", "a[x]", "a.b", "c", "d.e"] {
            assert_eq!(at(&value, nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn times_are_told() {
        let mut value = json!({"now": "2026-07-01T07:30:05Z", "approvals": [{"at": "1970-01-01T00:01:00Z"}]});
        tell_times(&mut value, "Europe/Berlin").expect("these are times");
        assert_eq!(value["now"]["hour"], 9);
        assert_eq!(value["now"]["weekday"], "wednesday");
        assert_eq!(value["approvals"][0]["at"], 60);
        let error = tell_times(&mut json!({"since": "yesterday"}), "UTC").expect_err("this is none");
        assert!(error.contains("`since`") && error.contains("yesterday"), "{error}");
    }

    #[test]
    fn patterns_fit() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("a*c", "abd", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
