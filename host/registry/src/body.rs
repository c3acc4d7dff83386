//! Reading what a registry says: always with a bound.

use std::time::Duration;

use reqwest::{
    Response,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{connection::Connection, error::RegistryError};

/// How much of an error's text is read, bytes, and shown, characters.
const LONGEST_ERROR: u64 = 16 << 10;
const LONGEST_REASON: usize = 300;
/// The longest pause that a registry can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Connection {
    /// The next piece of a body; `None` at its end.
    pub(crate) async fn chunk(&self, answer: &mut Response) -> Result<Option<bytes::Bytes>, RegistryError> {
        match timeout(self.options.idle_timeout, answer.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(self.interrupted(error)),
            Err(_) => Err(self.stalled()),
        }
    }

    /// A whole body of at most `limit` bytes.
    pub(crate) async fn read(
        &self,
        mut answer: Response,
        what: &str,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(&mut answer).await? {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Err(self.nonsense(what, format!("more than {limit} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// What the registry says about an error, in brackets after a space; empty when it says nothing that can be read.
    pub(crate) async fn reason(&self, answer: Response) -> String {
        self.read(answer, "an error", LONGEST_ERROR).await.map(|bytes| reason(&bytes)).unwrap_or_default()
    }
}

/// The errors of the OCI distribution specification 1.1, "Error Codes", else the text itself.
fn reason(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Error>,
    }
    #[derive(Deserialize)]
    struct Error {
        code: String,
        #[serde(default)]
        message: Option<String>,
    }
    let text = match serde_json::from_slice::<Errors>(bytes) {
        Ok(Errors { errors }) => errors
            .iter()
            .map(|error| match error.message.as_deref() {
                None | Some("") => error.code.clone(),
                Some(message) => format!("{}: {message}", error.code),
            })
            .collect::<Vec<_>>()
            .join("; "),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text.trim().chars().map(visible).take(LONGEST_REASON).collect();
    if line.is_empty() { line } else { format!(" ({line})") }
}

/// The pause that an answer asks for (RFC 9110, section 10.2.3), in its form of seconds, bounded.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reasons_are_short_and_on_one_line() {
        let envelope = br#"{"errors":[{"code":"DENIED","message":"no\nway"},{"code":"X"}]}"#;
        assert_eq!(reason(envelope), " (DENIED: no way; X)");
        assert_eq!(reason(b""), "");
        assert_eq!(reason(b"<html>"), " (<html>)");
    }

    #[test]
    fn pauses_are_bounded() {
        let pause = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(pause("3"), Some(Duration::from_secs(3)));
        assert_eq!(pause("999999999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:00 GMT"), None);
    }

    proptest! {
        #[test]
        fn any_reason_is_printable(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let text = reason(&bytes);
            prop_assert!(text.chars().count() <= LONGEST_REASON + 3);
            prop_assert!(!text.contains(char::is_control));
        }
    }
}
