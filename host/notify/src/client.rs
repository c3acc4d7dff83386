//! Sending one request until it is taken.

use std::{
    error::Error,
    time::{Duration, Instant, SystemTime},
};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{HeaderMap, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use tokio::time::{sleep, timeout};

use crate::{outbox::Outbox, text::line};

/// How much of an answer is read, bytes.
const MOST_READ: usize = 1 << 20;
/// How much of an answer is shown, characters.
const MOST_SHOWN: usize = 200;

/// Why no notifier came about.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Where to send to is no address of the web.
    #[error("the address of {channel} is no web address: {problem}")]
    InvalidAddress {
        /// The channel.
        channel: &'static str,
        /// What is wrong with it; the address itself may hold a secret.
        problem: String,
    },
    /// A token would travel in the open.
    #[error("{host} would get the token over `http`, where others can read it; use `https`")]
    Insecure {
        /// Where to.
        host: String,
    },
    /// A token holds what no header can.
    #[error("the token for GitHub holds characters that no token has; is it one line without spaces?")]
    InvalidToken,
    /// No connection can be prepared.
    #[error("no connection for notifications can be prepared")]
    Client(#[source] reqwest::Error),
}

/// How long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long one try may take.
    pub one_try: Duration,
    /// How many tries one request gets.
    pub tries: u32,
    /// The pause after the first try; each is twice as long as the one before.
    pub first_pause: Duration,
    /// The longest pause, unless the receiver asks for more.
    pub longest_pause: Duration,
    /// How long one request may take with all tries and pauses.
    pub in_all: Duration,
}

impl Default for Patience {
    /// Six tries within three minutes.
    fn default() -> Self {
        Self {
            one_try: Duration::from_secs(15),
            tries: 6,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            in_all: Duration::from_secs(180),
        }
    }
}

/// Sends requests of one channel.
pub(crate) struct Sender {
    client: Client,
    patience: Patience,
}

/// Why a request was not taken, in words without secrets.
#[derive(Debug)]
pub(crate) enum Untaken {
    /// The receiver does not want it.
    Refused {
        /// Its status.
        status: StatusCode,
        /// What it says.
        answer: String,
    },
    /// All tries failed; what came of the last one.
    GaveUp(String),
}

/// One try that failed.
enum Failure {
    Final(Untaken),
    /// Worth another try, not before this long if the receiver says so.
    Passing {
        problem: String,
        wait: Option<Duration>,
    },
}

impl Sender {
    pub(crate) fn new(patience: Patience) -> Result<Self, NotifyError> {
        let client = Client::builder()
            // What is signed or secret goes where the configuration says and nowhere else.
            .redirect(Policy::none())
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(NotifyError::Client)?;
        Ok(Self { client, patience })
    }

    /// Sends a request until it is taken, and gives the answer's content. Meanwhile the outbox knows what is in the way.
    pub(crate) async fn send(
        &self,
        outbox: &Outbox,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Vec<u8>, Untaken> {
        let begun = Instant::now();
        let mut pause = self.patience.first_pause;
        let mut tries = 1;
        loop {
            let tried = timeout(self.patience.one_try, once(request(&self.client))).await;
            let (problem, wait) = match tried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Failure::Final(untaken))) => return Err(untaken),
                Ok(Err(Failure::Passing { problem, wait })) => (problem, wait),
                Err(_) => (format!("no answer within {} s", self.patience.one_try.as_secs_f32()), None),
            };
            outbox.trouble(&problem);
            let wait = wait.unwrap_or_default().max(pause);
            if tries >= self.patience.tries || begun.elapsed() + wait > self.patience.in_all {
                return Err(Untaken::GaveUp(problem));
            }
            sleep(wait).await;
            tries += 1;
            pause = (pause * 2).min(self.patience.longest_pause);
        }
    }
}

async fn once(request: RequestBuilder) -> Result<Vec<u8>, Failure> {
    let passing =
        |error: reqwest::Error| Failure::Passing { problem: causes(&error.without_url()), wait: None };
    let response = request.send().await.map_err(passing)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let answer = content(response).await;
    if status.is_success() {
        return answer.map_err(passing);
    }
    let answer = answer.map(|answer| shown(&answer)).unwrap_or_default();
    let wait = wanted_wait(&headers, SystemTime::now());
    // GitHub answers 403 as well when it is asked too often, and then says so in its headers.
    let limited = status == StatusCode::FORBIDDEN && wait.is_some();
    let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if status.is_server_error() || busy || limited {
        let problem = with_answer(&format!("it answers {}", status.as_u16()), &answer);
        return Err(Failure::Passing { problem, wait });
    }
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let answer = match location.and_then(|text| Url::parse(text).ok()) {
        Some(url) if status.is_redirection() => {
            format!("it leads to {}, which is not followed", url.host_str().unwrap_or("elsewhere"))
        }
        _ => answer,
    };
    Err(Failure::Final(Untaken::Refused { status, answer }))
}

async fn content(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        content.extend_from_slice(&chunk[..chunk.len().min(MOST_READ - content.len())]);
        if content.len() == MOST_READ {
            break;
        }
    }
    Ok(content)
}

/// How long a receiver wants to be left alone: `Retry-After` (RFC 9110, section 10.2.3), or GitHub's `x-ratelimit-reset`
/// once `x-ratelimit-remaining` is 0.
fn wanted_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(after) = text(RETRY_AFTER.as_str()) {
        let seconds = after.parse().ok().map(Duration::from_secs);
        let date = || httpdate::parse_http_date(after).ok().map(|date| since(date, now));
        return seconds.or_else(date);
    }
    if text("x-ratelimit-remaining") != Some("0") {
        return None;
    }
    let reset = Duration::from_secs(text("x-ratelimit-reset")?.parse().ok()?);
    SystemTime::UNIX_EPOCH.checked_add(reset).map(|reset| since(reset, now))
}

fn since(then: SystemTime, now: SystemTime) -> Duration {
    then.duration_since(now).unwrap_or_default()
}

/// What people see of an answer: the `message` of an object in JSON, else its beginning.
fn shown(answer: &[u8]) -> String {
    let message = serde_json::from_slice::<serde_json::Value>(answer).ok().and_then(|json| {
        let text = json.get("message")?.as_str()?;
        Some(line(text, MOST_SHOWN))
    });
    message.unwrap_or_else(|| {
        let beginning = &answer[..answer.len().min(4 * MOST_SHOWN)];
        line(&String::from_utf8_lossy(beginning), MOST_SHOWN)
    })
}

fn with_answer(what: &str, answer: &str) -> String {
    if answer.is_empty() { what.to_owned() } else { format!("{what} ({answer})") }
}

impl Untaken {
    /// In words.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Refused { status, answer } => {
                with_answer(&format!("it answers {}", status.as_u16()), answer)
            }
            Self::GaveUp(problem) => format!("given up: {problem}"),
        }
    }
}

/// A web address. The error has no part of it.
pub(crate) fn address(channel: &'static str, text: &str) -> Result<Url, NotifyError> {
    let invalid = |problem: String| NotifyError::InvalidAddress { channel, problem };
    let url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("it begins neither with `https:` nor with `http:`".to_owned()));
    }
    Ok(url)
}

/// The host of an address, with its port when that is unusual: what may be shown of it.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

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
    line(&text, MOST_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_how_long_to_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        let wait = |headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
            wanted_wait(&headers.collect(), now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        // The example of RFC 9110, a minute before that became true.
        assert_eq!(wait(&[("retry-after", "Wed, 21 Oct 2015 07:29:00 GMT")]), Some(60));
        assert_eq!(wait(&[("retry-after", "Wed, 21 Oct 2015 07:00:00 GMT")]), Some(0));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1445412500")]), Some(20));
        assert_eq!(wait(&[("x-ratelimit-remaining", "9"), ("x-ratelimit-reset", "1445412500")]), None);
    }
}
