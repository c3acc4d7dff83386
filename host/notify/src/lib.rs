//! Notifications of what happens to releases: webhooks, and commit statuses and deployments on GitHub.
//!
//! A [`Notifier`] watches the facts that are journaled, makes [`Event`]s of them and delivers those in the background. It never
//! keeps a release waiting and never fails one: what could not be delivered is said at the end.

mod client;
mod event;
mod fold;
mod github;
mod notifier;
mod outbox;
mod text;
mod webhook;

pub use client::{NotifyError, Patience};
pub use event::{Event, EventKind, EventSource, Health, ShortFinding};
pub use github::GitHubOptions;
pub use notifier::{Channel, Notifier};
pub use webhook::{WebhookOptions, signature};
