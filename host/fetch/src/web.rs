//! Files on the web.

use std::{io::Write, sync::OnceLock, time::Duration};

use plimsoll_core::ports::{Activity, Progress};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT_ENCODING, HeaderValue},
    redirect::{Attempt, Policy},
};
use tokio::time::{sleep, timeout};

use crate::error::FetchError;

/// The largest file that is fetched, bytes.
const LARGEST: u64 = 8 << 30;
/// How long a connection may take to come about, and how long one may say nothing.
const SILENCE: Duration = Duration::from_secs(60);
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How often an address may lead elsewhere.
const MOST_REDIRECTS: usize = 10;
/// The pauses between tries, when a server is in trouble.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// How many bytes come between two notes of progress.
const STEP: u64 = 1 << 20;

/// Gets files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Web {
    /// Made when it is first needed, which it rarely is: it reads all of the system's certificates.
    client: OnceLock<Client>,
}

impl Web {
    fn client(&self) -> Result<&Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(Policy::custom(follow))
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE)
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(FetchError::Client)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Writes a file as the server has it.
    pub(crate) async fn fetch(
        &self,
        url: &str,
        into: &mut (dyn Write + Send),
        progress: &dyn Progress,
    ) -> Result<(), FetchError> {
        let name = shown(url);
        let address = Url::parse(url).map_err(|_| FetchError::InvalidAddress(name.clone()))?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(FetchError::InvalidAddress(name));
        }
        let whole = async {
            let response = self.begin(&address, &name).await?;
            take(response, &name, into, progress).await
        };
        let late = |_| FetchError::TimedOut { what: name.clone(), patience: PATIENCE };
        timeout(PATIENCE, whole).await.map_err(late)?
    }

    /// The beginning of a good answer. A server in trouble gets further tries.
    async fn begin(&self, address: &Url, name: &str) -> Result<Response, FetchError> {
        let client = self.client()?;
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match once(client, address).await {
                Ok(response) if response.status() == StatusCode::OK => return Ok(response),
                Ok(response) => {
                    FetchError::Status { url: name.to_owned(), status: response.status().as_u16() }
                }
                Err(source) => FetchError::Transport { url: name.to_owned(), source: source.without_url() },
            };
            match pauses.next().filter(|_| is_passing(&error)) {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            }
        }
    }
}

async fn once(client: &Client, address: &Url) -> Result<Response, reqwest::Error> {
    // What is packed on the way would have another checksum.
    let request = client.get(address.clone()).header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    request.send().await
}

async fn take(
    mut response: Response,
    name: &str,
    into: &mut (dyn Write + Send),
    progress: &dyn Progress,
) -> Result<(), FetchError> {
    let too_large = || FetchError::TooLarge { url: name.to_owned(), limit: LARGEST };
    let total = response.content_length().unwrap_or(0);
    if total > LARGEST {
        return Err(too_large());
    }
    let (mut done, mut told) = (0, 0);
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|source| FetchError::Transport { url: name.to_owned(), source: source.without_url() })?;
        let Some(chunk) = chunk else { return Ok(()) };
        done += chunk.len() as u64;
        if done > LARGEST {
            return Err(too_large());
        }
        into.write_all(&chunk).map_err(|source| FetchError::Write { url: name.to_owned(), source })?;
        if done - told >= STEP || done == total {
            told = done;
            progress.activity(Activity::Transfer { what: name, done, total });
        }
    }
}

/// Whether another try may help.
fn is_passing(error: &FetchError) -> bool {
    match error {
        FetchError::Status { status, .. } => *status == 429 || *status >= 500,
        FetchError::Transport { source, .. } => source.is_connect() || source.is_timeout(),
        _ => false,
    }
}

/// Follows a few redirects, and none from TLS to the open.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let was_safe = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error("it leads elsewhere too often")
    } else if was_safe && attempt.url().scheme() != "https" {
        attempt.error("it leads from `https` to `http`, where anybody could change it")
    } else {
        attempt.follow()
    }
}

/// An address without name, password, query and fragment: what may be shown.
pub(crate) fn shown(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    match plain.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        for (url, expected) in [
            ("https://me:secret@h:1/a/b?token=secret#x", "https://h:1/a/b"),
            ("https://h", "https://h"),
            ("ssh://git@h/a@b", "ssh://h/a@b"),
            ("git@h:a/b", "git@h:a/b"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
