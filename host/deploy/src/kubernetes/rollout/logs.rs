//! The ends of logs.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, Error, api::LogParams};

use super::text;

/// How much of a log is shown, and read at most.
const LINES: u16 = 20;
const BYTES: i64 = 32 * 1024;

/// How long a log may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Which log of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// Of the container that is there.
    Current,
    /// Of the one before it.
    Previous,
}

/// The last lines of a log, fit to be shown; why they cannot be had otherwise.
pub(crate) async fn tail(
    client: &Client,
    namespace: &str,
    pod: &str,
    container: &str,
    which: Log,
) -> Result<Vec<String>, String> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let parameters = LogParams {
        container: Some(container.to_owned()),
        previous: which == Log::Previous,
        tail_lines: Some(LINES.into()),
        limit_bytes: Some(BYTES),
        ..LogParams::default()
    };
    match tokio::time::timeout(LIMIT, api.logs(pod, &parameters)).await {
        Ok(Ok(log)) => Ok(text::last_lines(&log, LINES.into())),
        Ok(Err(Error::Api(status))) => Err(text::line(&status.message)),
        Ok(Err(error)) => Err(text::line(&error.to_string())),
        Err(_) => Err(format!("no answer within {} seconds", LIMIT.as_secs())),
    }
}
