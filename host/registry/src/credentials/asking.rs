//! Asking a cloud for a secret, for sources that do.

use std::{error::Error, iter::successors};

use reqwest::{RequestBuilder, Url, header::CONTENT_TYPE};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::Problem;
use crate::{
    failure::{is_passing, reason},
    http::{form, read_at_most},
};

/// The largest answer that is read, bytes.
const LARGEST_ANSWER: usize = 1 << 20;

/// Asks somebody for a secret, which stands in one field of the answer. No answer is shown but the reason of a refusal.
pub(super) async fn secret(
    request: RequestBuilder,
    field: &str,
    who: &str,
    advice: &str,
) -> Result<SecretString, Problem> {
    let ask = async {
        let mut answer = request.send().await?;
        let bytes = read_at_most(&mut answer, LARGEST_ANSWER).await?;
        Ok((answer.status(), bytes))
    };
    let unreachable = |error: reqwest::Error| Problem {
        text: format!("cannot ask {who} for a token: {}", chain(&error.without_url())),
        advice: "Check that the network reaches it, and that its certificate is trusted.".to_owned(),
        is_passing: true,
    };
    let (status, bytes) = ask.await.map_err(unreachable)?;
    if !status.is_success() {
        let text = format!("{who} refused a token: status {}{}", status.as_u16(), refusal(&bytes));
        return Err(Problem { text, advice: advice.to_owned(), is_passing: is_passing(status) });
    }
    let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
    let found = answer.as_ref().and_then(|answer| answer[field].as_str()).filter(|text| !text.is_empty());
    let nothing = || Problem::new(format!("{who} answered something that holds no token"), advice);
    found.map(|text| SecretString::from(text.to_owned())).ok_or_else(nothing)
}

/// The reason of a refusal: as OAuth 2.0 has it (RFC 6749, section 5.2), or as registries do.
fn refusal(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    match serde_json::from_slice::<Refusal>(bytes) {
        Ok(Refusal { error, error_description }) => {
            // What follows the first line are marks for Microsoft's support.
            let first = error_description.lines().next().unwrap_or_default();
            reason(format!("{error}: {first}").as_bytes())
        }
        Err(_) => reason(bytes),
    }
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let causes = successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

pub(super) fn post(
    http: &reqwest::Client,
    url: Url,
    question: impl IntoIterator<Item = (&'static str, impl AsRef<str>)>,
) -> RequestBuilder {
    let question: Vec<_> = question.into_iter().collect();
    let pairs = question.iter().map(|(name, value)| (*name, value.as_ref()));
    http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(pairs))
}

/// An address that secrets may be sent to.
pub(super) fn safe_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.host().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_both_forms() {
        let entra = br#"{"error":"invalid_client","error_description":"AADSTS700213: No match.\r\nTrace ID: 1","error_codes":[1]}"#;
        assert_eq!(refusal(entra), " (invalid_client: AADSTS700213: No match.)");
        assert_eq!(refusal(br#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#), " (UNAUTHORIZED: no)");
    }
}
