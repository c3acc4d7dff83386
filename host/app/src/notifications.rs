//! From the configuration of notifications to their channels.

use std::path::Path;

use plimsoll_core::ports::{FailureClass, PortFailure};
use plimsoll_notify::{Channel, EventKind, GitHubOptions, WebhookOptions};
use secrecy::SecretString;

pub use plimsoll_notify::{Notifier, Patience};

use crate::configuration::{Notification, NotificationEvent};

/// Why notifications cannot be sent.
#[derive(Debug, thiserror::Error)]
enum NotificationError {
    #[error("the secret in {file} cannot be read: {source}")]
    Unreadable { file: String, source: std::io::Error },
    #[error("notifications to GitHub need a token")]
    NoToken,
}

/// The channels of a configuration. `github_token` is the one of the process's environment.
///
/// # Errors
/// A secret is not there or cannot be read.
pub(crate) fn channels(
    written: &[Notification],
    github_token: Option<&SecretString>,
) -> Result<Vec<Channel>, PortFailure> {
    let channel = |notification: &Notification| {
        Ok(match notification {
            Notification::Webhook { url, secret_file, events } => Channel::Webhook(WebhookOptions {
                url: SecretString::from(url.clone()),
                secret: secret_file.as_deref().map(secret).transpose()?,
                events: events.iter().flat_map(|event| kinds(*event)).copied().collect(),
            }),
            Notification::GitHub { api, token_file } => {
                let token = token_file.as_deref().map(secret).transpose()?.or_else(|| github_token.cloned());
                let token = token.ok_or_else(|| {
                    PortFailure::new(FailureClass::Configuration, NotificationError::NoToken)
                        .hint("name a file with one in `token-file`, or set GITHUB_TOKEN")
                })?;
                Channel::GitHub(GitHubOptions { api: api.clone(), token })
            }
        })
    };
    written.iter().map(channel).collect()
}

/// The secret in a file, without the end of its line.
pub(crate) fn secret(file: &Path) -> Result<SecretString, PortFailure> {
    let text = std::fs::read_to_string(file).map_err(|source| {
        let error = NotificationError::Unreadable { file: file.display().to_string(), source };
        PortFailure::new(FailureClass::Configuration, error).hint("see that the file is there and readable")
    })?;
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}

/// What is told under the name that the configuration has for it.
const fn kinds(event: NotificationEvent) -> &'static [EventKind] {
    match event {
        NotificationEvent::Deployed => &[EventKind::Deployed],
        NotificationEvent::Held => &[EventKind::Held],
        NotificationEvent::Denied => &[EventKind::Denied, EventKind::Superseded, EventKind::Rejected],
        NotificationEvent::Failed => &[EventKind::Failed, EventKind::Unhealthy, EventKind::Healthy],
        NotificationEvent::Done => &[EventKind::Done],
    }
}
