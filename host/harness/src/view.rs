//! A question and its answer as one JSON value: what invariants look at, and what reports print.

use plimsoll_core::{
    contract::{Decision, Derivation, PromotionRequest, TagMode, TaggingRequest, Verdict},
    decision::Outcome,
};
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
/// It is not in the form of the contract.
pub fn read_request(value: Value) -> Result<Request, serde_path_to_error::Error<serde_json::Error>> {
    Ok(if value.get("environment").is_some() {
        Request::Promotion(Box::new(serde_path_to_error::deserialize::<_, PromotionRequest>(value)?))
    } else {
        Request::Tagging(Box::new(serde_path_to_error::deserialize::<_, TaggingRequest>(value)?))
    })
}
