//! The HTTP client for one registry: whom it trusts, how it says who it is in TLS, and which proxies it goes through.

use reqwest::{Response, Url, redirect};

use crate::{certificates::Trust, connection::Connection, error::RegistryError, proxies};

/// How this program calls itself.
const USER_AGENT: &str = concat!("plimsoll/", env!("CARGO_PKG_VERSION"));

impl Connection {
    /// A client that follows redirections, or one that does not, for requests with secrets in their bodies.
    pub(crate) fn http(&self, trust: &Trust, follows: bool) -> Result<reqwest::Client, RegistryError> {
        let failed = |source: reqwest::Error| RegistryError::Client { source: source.into() };
        let authorities = trust.authorities.iter().map(|der| reqwest::Certificate::from_der(der));
        let authorities: Vec<_> = authorities.collect::<Result<_, _>>().map_err(failed)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(self.options.connect_timeout)
            .tls_certs_merge(authorities)
            // The environment is not ours to read.
            .no_proxy();
        for proxy in proxies::proxies(&self.options.proxies)? {
            builder = builder.proxy(proxy);
        }
        if let Some(identity) = trust.identity.clone() {
            builder = builder.identity(identity);
        }
        builder = if follows {
            builder.redirect(redirect::Policy::custom(follow))
        } else {
            // Questions for tokens are small; an upload has watchers of its own.
            builder.redirect(redirect::Policy::none()).timeout(self.options.idle_timeout)
        };
        builder.build().map_err(failed)
    }
}

/// Follows as is usual, but never out of TLS.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let was_safe = attempt.previous().iter().any(|url| url.scheme() == "https");
    if was_safe && attempt.url().scheme() != "https" {
        return attempt.stop();
    }
    redirect::Policy::default().redirect(attempt)
}

/// Pairs as the body of a form.
pub(crate) fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = Url::parse("form:").expect("a scheme alone is an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// The content of an answer, cut off where it is longer than `most` bytes.
pub(crate) async fn read_at_most(answer: &mut Response, most: usize) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = most - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form([("a", "b&c"), ("d", "e f")]), "a=b%26c&d=e+f");
    }
}
