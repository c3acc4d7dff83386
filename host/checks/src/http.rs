//! A page that has to answer.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use plimsoll_core::{
    contract::EvidenceOutcome,
    names::{CheckName, EnvironmentName},
    ports::{Activity, Check, Checked, Deployment, Progress},
};
use reqwest::{Client, Response, StatusCode, Url, header::LOCATION, redirect::Policy};
use tokio::time::{sleep, timeout};

use crate::text::{LONGEST_VALUE, line};

/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(10);
/// The first pause between two tries; each is half as long again as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How much of a page is read, bytes: a text is looked for in its beginning only.
const MOST_READ: usize = 1 << 20;

/// Gets a page until it answers as expected; it has failed when it did not within the time.
///
/// Redirects are not followed: where one is right, it is the status that is expected. TLS is rustls with the provider that the
/// process installed, and trusts what the system trusts.
///
/// # Panics
/// `run`, where the process installed no provider for rustls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// Its name.
    pub name: CheckName,
    /// Whether the environment counts as unhealthy when it does not pass.
    pub required: bool,
    /// The page, `http` or `https`.
    pub url: String,
    /// The status that it answers with, usually 200.
    pub status: u16,
    /// A text in the first MiB of the page.
    pub contains: Option<String>,
    /// How long to try.
    pub within: Duration,
}

#[async_trait]
impl Check for HttpCheck {
    fn name(&self) -> &CheckName {
        &self.name
    }

    fn required(&self) -> bool {
        self.required
    }

    async fn run(
        &self,
        _environment: &EnvironmentName,
        _deployment: &Deployment,
        progress: &dyn Progress,
    ) -> Checked {
        let (client, url) = match self.prepare() {
            Ok(prepared) => prepared,
            Err(problem) => return checked(EvidenceOutcome::Unknown, &problem),
        };
        match self.until_good(&client, &url, progress).await {
            Ok(status) => checked(EvidenceOutcome::Passed, &format!("it answers {status}")),
            Err(seen) => {
                let patience = self.within.as_secs_f32();
                checked(EvidenceOutcome::Failed, &format!("{seen}; tried for {patience} s"))
            }
        }
    }
}

impl HttpCheck {
    fn prepare(&self) -> Result<(Client, Url), String> {
        let url = Url::parse(&self.url).map_err(|error| format!("`{}` is no address: {error}", self.url))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{}` is no address of a web page", self.url));
        }
        let client = Client::builder()
            .redirect(Policy::none())
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no connection can be prepared: {}", causes(&error)))?;
        Ok((client, url))
    }

    /// The status of the good answer, or what was seen last.
    async fn until_good(&self, client: &Client, url: &Url, progress: &dyn Progress) -> Result<u16, String> {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut told = String::new();
        loop {
            let left = self.within.saturating_sub(begun.elapsed());
            // A first try is made however little time there is.
            let patience = left.clamp(Duration::from_millis(1), ONE_TRY);
            let seen = match timeout(patience, self.once(client, url)).await {
                Ok(Ok(status)) => return Ok(status),
                Ok(Err(seen)) => seen,
                Err(_) => format!("no answer within {} s", patience.as_secs_f32()),
            };
            if seen != told {
                progress.activity(Activity::Line(&line(&seen, LONGEST_VALUE)));
                told.clone_from(&seen);
            }
            if begun.elapsed() + pause >= self.within {
                return Err(seen);
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self, client: &Client, url: &Url) -> Result<u16, String> {
        let response = client.get(url.clone()).send().await.map_err(|error| causes(&error.without_url()))?;
        let status = response.status();
        if status.as_u16() != self.status {
            return Err(format!("it answers {}{}", status.as_u16(), self.instead(status, &response)));
        }
        match &self.contains {
            Some(text) if !contains(response, text.as_bytes()).await? => {
                Err(format!("it answers {}, but not with `{text}`", self.status))
            }
            _ => Ok(self.status),
        }
    }

    /// What to say beside the status that came instead of the expected one.
    fn instead(&self, status: StatusCode, response: &Response) -> String {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        match location {
            Some(location) if status.is_redirection() => {
                format!(" and leads to {location}, which is not followed; {} is expected", self.status)
            }
            _ => format!(", {} is expected", self.status),
        }
    }
}

/// Whether the beginning of a page holds a text.
async fn contains(mut response: Response, text: &[u8]) -> Result<bool, String> {
    let mut page = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| causes(&error.without_url()))? {
        page.extend_from_slice(&chunk[..chunk.len().min(MOST_READ - page.len())]);
        if page.len() == MOST_READ {
            break;
        }
    }
    Ok(text.is_empty() || page.windows(text.len()).any(|window| window == text))
}

/// An error and its causes in one line.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn checked(outcome: EvidenceOutcome, value: &str) -> Checked {
    Checked { outcome, value: Some(line(value, LONGEST_VALUE)) }
}
