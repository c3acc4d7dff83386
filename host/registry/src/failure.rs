//! What a registry's failures mean.

use std::{future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;
use oci_client::errors::{DigestError, OciDistributionError};
use plimsoll_core::digest::Digest;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    address,
    connection::{Ask, Connection, TOKEN},
    error::{RegistryError, is_certificate_error},
};

/// How much of what a registry says about an error is shown, characters.
const LONGEST_REASON: usize = 300;

impl Connection {
    /// What a failure of the client means. Addresses are left out: those of uploads hold secrets of the registry.
    pub(crate) fn failure(&self, ask: &Ask<'_>, error: OciDistributionError) -> RegistryError {
        match error {
            OciDistributionError::RequestError(error) => match error.status() {
                Some(status) => self.refusal(ask.what, status, String::new()),
                None => self.transport(error),
            },
            OciDistributionError::ServerError { code, message, .. } => {
                let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
                self.refusal(ask.what, status, reason(message.as_bytes()))
            }
            OciDistributionError::RegistryError { envelope, .. } => {
                let text = serde_json::to_vec(&envelope).unwrap_or_default();
                self.refusal(ask.what, status_of(&text), reason(&text))
            }
            OciDistributionError::UnauthorizedError { .. } => self.unauthorised(ask.what, String::new()),
            OciDistributionError::AuthenticationFailure(text) => {
                self.unauthorised(TOKEN, reason(text.as_bytes()))
            }
            // The text may hold a secret.
            OciDistributionError::RegistryTokenDecodeError(_) => {
                self.nonsense(TOKEN, "something that holds no token".to_owned())
            }
            OciDistributionError::DigestError(DigestError::VerificationError { expected, actual }) => {
                let wanted = ask.reference.digest().and_then(|digest| digest.parse().ok());
                self.wrong_digest(ask.what, wanted, expected, actual)
            }
            other => self.nonsense(ask.what, format!("what cannot be used: {other}")),
        }
    }

    /// The client compared two digests, without saying which of them the registry only claims. What was asked for by
    /// digest has that digest; else the content is right.
    fn wrong_digest(
        &self,
        what: &str,
        wanted: Option<Digest>,
        stated: String,
        actual: String,
    ) -> RegistryError {
        let (registry, what) = (self.registry.clone(), what.to_owned());
        match wanted.or_else(|| actual.parse().ok()) {
            Some(expected) => {
                let found = if actual == expected.to_string() { stated } else { actual };
                RegistryError::WrongDigest { registry, what, expected, found }
            }
            None => self.nonsense(&what, format!("the digest {stated} for content with {actual}")),
        }
    }

    /// What a status other than success means.
    pub(crate) fn refusal(&self, what: &str, status: StatusCode, reason: String) -> RegistryError {
        let (registry, what) = (self.registry.clone(), what.to_owned());
        match status {
            StatusCode::UNAUTHORIZED => self.unauthorised(&what, reason),
            StatusCode::FORBIDDEN => RegistryError::Denied { registry, what, reason },
            StatusCode::NOT_FOUND => RegistryError::NotFound { registry, what, reason },
            _ if is_passing(status) => {
                RegistryError::Failing { registry, what, status: status.as_u16(), reason, retry_after: None }
            }
            _ if reason.is_empty() => {
                let reason = format!(" (status {})", status.as_u16());
                RegistryError::Refused { registry, what, reason }
            }
            _ => RegistryError::Refused { registry, what, reason },
        }
    }

    pub(crate) fn transport(&self, error: reqwest::Error) -> RegistryError {
        let registry = self.server(&error);
        let source = error.without_url();
        if is_certificate_error(&source) {
            RegistryError::Untrusted { registry, source }
        } else if source.is_connect() {
            RegistryError::Unreachable { registry, source }
        } else {
            RegistryError::Interrupted { registry, source: Some(source) }
        }
    }

    pub(crate) fn interrupted(&self, error: Option<reqwest::Error>) -> RegistryError {
        let registry = error.as_ref().map_or_else(|| self.registry.clone(), |error| self.server(error));
        RegistryError::Interrupted { registry, source: error.map(reqwest::Error::without_url) }
    }

    /// Who did not do its part: the registry, or another server that it sent us to for tokens or content.
    fn server(&self, error: &reqwest::Error) -> String {
        let url = error.url();
        let host = url.and_then(|url| Some((url.host_str()?, url.port())));
        let host = host.map(|(host, port)| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        });
        host.filter(|host| host != address::host(&self.registry)).unwrap_or_else(|| self.registry.clone())
    }

    pub(crate) fn stalled(&self) -> RegistryError {
        RegistryError::Stalled { registry: self.registry.clone(), idle: self.options.idle_timeout }
    }

    pub(crate) fn unauthorised(&self, what: &str, reason: String) -> RegistryError {
        let credentials = self.credentials.describe(self.credential());
        let (registry, what) = (self.registry.clone(), what.to_owned());
        RegistryError::Unauthorised { registry, what, credentials, reason }
    }

    pub(crate) fn nonsense(&self, what: &str, problem: String) -> RegistryError {
        RegistryError::Nonsense { registry: self.registry.clone(), what: what.to_owned(), problem }
    }
}

/// Makes an error of a panic: oci-client 0.18 panics on some answers, such as a token that does not fit into a header.
pub(crate) async fn contained<T>(
    call: impl Future<Output = Result<T, OciDistributionError>>,
) -> Result<T, OciDistributionError> {
    let panicked = |_| Err(OciDistributionError::SpecViolationError("the client gave up on it".to_owned()));
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(panicked)
}

/// Whether the same request may work a little later. What a server has no notion of (501) it will not have then.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// The errors of the OCI distribution specification 1.1, "Error Codes".
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

/// The status that the first error usually comes with: the client passes the errors on without their status.
fn status_of(text: &[u8]) -> StatusCode {
    let errors = serde_json::from_slice(text).map_or_else(|_| Vec::new(), |Errors { errors }| errors);
    match errors.first().map(|error| error.code.as_str()) {
        Some("BLOB_UNKNOWN" | "MANIFEST_UNKNOWN" | "NAME_UNKNOWN" | "NOT_FOUND") => StatusCode::NOT_FOUND,
        // It is not 401: the client tells that apart.
        Some("DENIED" | "UNAUTHORIZED") => StatusCode::FORBIDDEN,
        Some("TOOMANYREQUESTS") => StatusCode::TOO_MANY_REQUESTS,
        // Nothing that a status would add to.
        _ => StatusCode::BAD_REQUEST,
    }
}

/// What the registry says about an error, in brackets after a space; empty when it says nothing that can be read.
pub(crate) fn reason(bytes: &[u8]) -> String {
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
    fn codes_stand_for_a_status() {
        for (code, status) in [("NAME_UNKNOWN", 404), ("DENIED", 403), ("TOOMANYREQUESTS", 429), ("X", 400)] {
            assert_eq!(status_of(format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#).as_bytes()), status);
        }
        assert_eq!(status_of(b"{}"), 400);
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
