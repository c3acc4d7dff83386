//! A question and its answer as one JSON value: what invariants look at, and what reports print.

use plimsoll_core::{
    contract::{Decision, Derivation, PromotionRequest, TagMode, TaggingRequest, Verdict},
    decision::{CapabilityCall, Outcome},
    digest::Digest,
    names::Tag,
};
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::question::{Answer, Request};

/// `{ request, settings, answer, asked }`: see `docs/test-a-policy.md` for what stands where.
#[must_use]
pub fn view(request: &Request, answer: &Answer) -> Value {
    let (mut request_value, asked) = match request {
        Request::Tagging(request) => (json!(**request), Value::Null),
        Request::Promotion(request) => (json!(**request), asked(request)),
    };
    let settings = request_value
        .as_object_mut()
        .and_then(|fields| fields.remove("settings"))
        .and_then(|text| serde_json::from_str(text.as_str()?).ok())
        .unwrap_or(Value::Null);
    json!({ "request": request_value, "settings": settings, "answer": answer_view(answer), "asked": asked })
}

/// The environment that a promotion is about.
fn asked(request: &PromotionRequest) -> Value {
    let asked = request.environments.iter().find(|environment| environment.name == request.environment);
    json!(asked)
}

/// An answer, or why there is none.
#[must_use]
pub fn answer_view(answer: &Answer) -> Value {
    match answer {
        Answer::Tagging(Outcome::Answered(derivation)) => derivation_view(derivation),
        Answer::Promotion(Outcome::Answered(verdict)) => verdict_view(verdict),
        Answer::Tagging(other) => json!({ "outcome": other }),
        Answer::Promotion(other) => json!({ "outcome": other }),
    }
}

fn verdict_view(verdict: &Verdict) -> Value {
    let mut view = json!({ "verdict": verdict.decision.word(), "findings": verdict.findings });
    if let Decision::Hold(until) = &verdict.decision {
        view["until"] = json!(until);
    }
    view
}

fn derivation_view(derivation: &Derivation) -> Value {
    let plan = match derivation {
        Derivation::Plan(plan) => plan,
        Derivation::Refusal(findings) => return json!({ "refused": true, "findings": findings }),
    };
    let names = |moving: bool| -> Vec<&str> {
        let tags = plan.tags.iter().filter(|tag| !moving || tag.mode == TagMode::Move);
        tags.map(|tag| tag.name.as_str()).collect()
    };
    let map = |labels: &[plimsoll_core::contract::Label]| -> Value {
        labels.iter().map(|label| (label.name.clone(), Value::from(label.value.clone()))).collect()
    };
    json!({
        "refused": false, "version": plan.version, "tags": names(false), "moving": names(true),
        "labels": map(&plan.labels), "annotations": map(&plan.annotations), "findings": plan.findings,
    })
}

/// Reads a request from JSON: one with an `environment` is about a promotion.
///
/// # Errors
/// It is not in the form of the contract, or no host asks it.
pub fn read_request(value: Value) -> Result<Request, serde_path_to_error::Error<serde_json::Error>> {
    Ok(if value.get("environment").is_some() {
        let request = serde_path_to_error::deserialize::<_, PromotionRequest>(value)?;
        can_be_asked(&request).map_err(|problem| {
            let nowhere = serde_path_to_error::Track::new().path();
            serde_path_to_error::Error::new(nowhere, serde::de::Error::custom(problem))
        })?;
        Request::Promotion(Box::new(request))
    } else {
        Request::Tagging(Box::new(serde_path_to_error::deserialize::<_, TaggingRequest>(value)?))
    })
}

/// What every host keeps to when it asks about a promotion: the environment is there, digests are digests, tags are tags.
fn can_be_asked(request: &PromotionRequest) -> Result<(), String> {
    let names: Vec<&str> = request.environments.iter().map(|environment| environment.name.as_str()).collect();
    let asked = request.environment.as_str();
    if !names.contains(&asked) {
        let there = if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) };
        return Err(format!("there is no environment `{asked}` among `environments`: it lists {there}"));
    }
    let running = request.environments.iter().filter_map(|environment| environment.running.as_ref());
    let digests = running.clone().map(|running| &running.digest).chain(&request.image.digest);
    for digest in digests {
        digest.parse::<Digest>().map_err(|error| error.to_string())?;
    }
    for tag in running.flat_map(|running| &running.tags).chain(&request.image.tags) {
        Tag::new(tag.as_str()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A request to a Plimsoll policy: one with an `environment` is about a promotion, any other about tagging.
#[derive(JsonSchema)]
#[schemars(untagged, title = "Request to a Plimsoll policy")]
#[expect(dead_code, reason = "it exists for its schema")]
enum AnyRequest {
    Promotion(Box<PromotionRequest>),
    Tagging(Box<TaggingRequest>),
}

/// Answers to look-ups, as decisions record them.
#[derive(JsonSchema)]
#[schemars(transparent, title = "Capability calls of a Plimsoll policy, with their answers")]
#[expect(dead_code, reason = "it exists for its schema")]
struct Calls(Vec<CapabilityCall>);

/// The JSON Schema (draft 2020-12) of what [`read_request`] reads.
#[must_use]
pub fn request_schema() -> Value {
    schemars::schema_for!(AnyRequest).to_value()
}

/// The JSON Schema (draft 2020-12) of a list of capability calls with their answers.
#[must_use]
pub fn capabilities_schema() -> Value {
    schemars::schema_for!(Calls).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cases::default_request, question::Question};

    /// Whether a value is what a schema describes: as much of JSON Schema as the schemas here use.
    fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
        let all = |key: &str, fits: &dyn Fn(&[Value]) -> bool| {
            schema[key].as_array().is_none_or(|choices| fits(choices))
        };
        let fit = |choices: &[Value]| choices.iter().filter(|choice| fits(root, choice, value)).count();
        let reference = schema["$ref"].as_str().is_none_or(|reference| {
            let meant = root.pointer(reference.trim_start_matches('#')).expect("it refers to what is there");
            fits(root, meant, value)
        });
        let is = |name: &str| match name {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("the schema uses the type {other}"),
        };
        let kind = match &schema["type"] {
            Value::String(name) => is(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
            _ => true,
        };
        let members = value.as_object().is_none_or(|members| {
            let known = |name: &String| schema["properties"].get(name);
            let closed = schema["additionalProperties"] == false;
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            members
                .iter()
                .all(|(name, member)| known(name).map_or(!closed, |schema| fits(root, schema, member)))
                && required.clone().all(|name| members.contains_key(name))
        });
        let items = value.as_array().is_none_or(|items| {
            schema.get("items").is_none_or(|schema| items.iter().all(|item| fits(root, schema, item)))
        });
        let constant = schema.get("const").is_none_or(|constant| constant == value);
        reference
            && kind
            && members
            && items
            && constant
            && all("enum", &|choices| choices.contains(value))
            && all("anyOf", &|choices| fit(choices) > 0)
            && all("oneOf", &|choices| fit(choices) == 1)
    }

    /// The value with one thing changed, for each thing in it: a member or item left out, one too many, another type.
    fn changed(value: &Value) -> Vec<Value> {
        let other = if value.is_string() { json!(["another type"]) } else { json!("another type") };
        let mut all = vec![other];
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let mut without = members.clone();
                    without.remove(name);
                    all.push(without.into());
                    for changed in changed(member) {
                        let mut with = members.clone();
                        with.insert(name.clone(), changed);
                        all.push(with.into());
                    }
                }
                let mut more = members.clone();
                more.insert("one-more".to_owned(), json!(1));
                all.push(more.into());
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    for changed in changed(item) {
                        let mut with = items.clone();
                        with[index] = changed;
                        all.push(with.into());
                    }
                }
            }
            _ => {}
        }
        all
    }

    #[test]
    fn what_no_host_asks_is_refused() {
        for (pointer, wrong, says) in [
            (
                "/environment",
                "prodction",
                "no environment `prodction` among `environments`: it lists `staging`, `production`",
            ),
            ("/image/digest", "sha256:1", "sha256:1"),
            ("/image/tags/0", "v 1", "v 1"),
            ("/environments/0/running/digest", "latest", "latest"),
            ("/environments/0/running/tags/0", "-", "`-`"),
        ] {
            let mut request = default_request(Question::Promotion);
            request["settings"] = json!("{}");
            assert!(read_request(request.clone()).is_ok());
            *request.pointer_mut(pointer).expect("it is there") = json!(wrong);
            let told = read_request(request).expect_err("no host asks this").to_string();
            assert!(told.contains(says), "{told}");
        }
    }

    #[test]
    fn the_schema_describes_what_is_read() {
        let schema = request_schema();
        let (mut read, mut refused) = (0, 0);
        for question in [Question::Tagging, Question::Promotion] {
            let mut request = default_request(question);
            request["settings"] = json!("{}");
            assert!(fits(&schema, &schema, &request) && read_request(request.clone()).is_ok(), "{request}");
            for request in changed(&request) {
                let is_read = read_request(request.clone()).is_ok();
                assert_eq!(fits(&schema, &schema, &request), is_read, "{request}");
                *(if is_read { &mut read } else { &mut refused }) += 1;
            }
        }
        assert!(read > 10 && refused > 100, "{read} were read, {refused} refused");
    }

    #[test]
    fn the_schema_of_look_ups_describes_what_is_read() {
        let schema = capabilities_schema();
        let calls = json!([
            { "log": { "level": "info", "message": "so far" } },
            { "registry-tags": { "repository": "ghcr.io/contoso/website", "ok": ["latest"] } },
            { "registry-digest": { "repository": "ghcr.io/contoso/website", "tag": "latest", "ok": null } },
            { "history-deployments": { "environment": "staging", "limit": 5, "err": { "unavailable": "down" } } },
        ]);
        let is_read = |calls: &Value| serde_json::from_value::<Vec<CapabilityCall>>(calls.clone()).is_ok();
        assert!(fits(&schema, &schema, &calls) && is_read(&calls));
        for calls in changed(&calls) {
            assert_eq!(fits(&schema, &schema, &calls), is_read(&calls), "{calls}");
        }
    }
}
