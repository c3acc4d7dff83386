//! What a registry's failures mean.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    address,
    authentication::Access,
    connection::Connection,
    error::{RegistryError, is_certificate_error},
};

/// How much of what a registry says about an error is shown, characters.
const LONGEST_REASON: usize = 300;

impl Connection {
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

    /// What it means that a request has no answer. Addresses are left out: those of uploads hold secrets of the registry.
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

    /// Content ended early.
    pub(crate) fn ended_early(&self) -> RegistryError {
        RegistryError::Interrupted { registry: self.registry.clone(), source: None }
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
        let credentials = self.known_access().map_or_else(String::new, Access::describe);
        let (registry, what) = (self.registry.clone(), what.to_owned());
        RegistryError::Unauthorised { registry, what, credentials, reason }
    }

    pub(crate) fn nonsense(&self, what: &str, problem: String) -> RegistryError {
        RegistryError::Nonsense { registry: self.registry.clone(), what: what.to_owned(), problem }
    }
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

    proptest! {
        #[test]
        fn any_reason_is_printable(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let text = reason(&bytes);
            prop_assert!(text.chars().count() <= LONGEST_REASON + 3);
            prop_assert!(!text.contains(char::is_control));
        }
    }
}
