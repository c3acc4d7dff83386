//! Getting tokens from the token server that a registry names (distribution specification, "Token Authentication
//! Specification" and "OAuth2 Token Authentication").
//!
//! Redirections are not followed: they would carry the credential to who knows whom.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue},
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{scopes::Scopes, tokens::Token};
use crate::{
    connection::{Connection, TOKEN},
    credentials::Credential,
    error::RegistryError,
    failure::{is_passing, reason},
    http::{form, read_at_most},
    retry_after::retry_after,
};

/// The largest answer of a token server, bytes.
const LARGEST_ANSWER: usize = 1 << 20;
/// How this program calls itself to token servers.
const CLIENT_ID: &str = "plimsoll";
/// How long a token is good when the server does not say ("Token Response Fields").
const USUAL_LIFE: Duration = Duration::from_secs(60);
/// No token is kept longer, whatever the server says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A token server, and what the registry is called there.
pub(super) struct TokenServer<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) realm: &'a Url,
    pub(super) service: Option<&'a str>,
}

impl Connection {
    /// Asks for a token that is good for `scopes`.
    pub(super) async fn ask_for_token(
        &self,
        server: &TokenServer<'_>,
        scopes: &Scopes,
        credential: &Credential,
    ) -> Result<Token, RegistryError> {
        let asked = Instant::now();
        let (mut status, mut headers, mut bytes) = self.exchange(server.question(scopes, credential)).await?;
        if let Credential::Password { username, password } = credential
            && matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        {
            // This server is asked in the other way only.
            let grant =
                [("grant_type", "password"), ("username", username), ("password", password.expose_secret())];
            let request = server.post(scopes, &grant);
            (status, headers, bytes) = self.exchange(request).await?;
        }
        match status {
            StatusCode::OK => read_token(&headers, &bytes, asked)
                // The answer is not shown: it may hold a secret.
                .ok_or_else(|| self.nonsense(TOKEN, "something that holds no token".to_owned())),
            status if is_passing(status) => {
                Err(self.refusal(TOKEN, status, reason(&bytes)).later(retry_after(&headers)))
            }
            _ => Err(self.unauthorised(TOKEN, reason(&bytes))),
        }
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), RegistryError> {
        let exchange = async {
            let mut answer = request.send().await?;
            let bytes = read_at_most(&mut answer, LARGEST_ANSWER).await?;
            Ok((answer.status(), answer.headers().clone(), bytes))
        };
        self.in_time(exchange).await?.map_err(|error| self.transport(error))
    }
}

impl TokenServer<'_> {
    fn question(&self, scopes: &Scopes, credential: &Credential) -> RequestBuilder {
        match credential {
            Credential::IdentityToken(identity) => {
                let grant = [("grant_type", "refresh_token"), ("refresh_token", identity.expose_secret())];
                self.post(scopes, &grant)
            }
            Credential::Password { username, password } => {
                self.get(scopes).basic_auth(username, Some(password.expose_secret()))
            }
            Credential::Anonymous | Credential::RegistryToken(_) => self.get(scopes),
        }
    }

    fn get(&self, scopes: &Scopes) -> RequestBuilder {
        let mut realm = self.realm.clone();
        realm
            .query_pairs_mut()
            .extend_pairs(scopes.each().map(|scope| ("scope", scope)))
            .extend_pairs(self.service.map(|service| ("service", service)));
        self.http.get(realm)
    }

    fn post(&self, scopes: &Scopes, grant: &[(&str, &str)]) -> RequestBuilder {
        let scope = scopes.joined();
        let service = self.service.map(|service| ("service", service));
        let question = [("scope", scope.as_str()), ("client_id", CLIENT_ID)];
        let question = service.into_iter().chain(question).chain(grant.iter().copied());
        self.http
            .post(self.realm.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(question))
    }
}

/// What a token server answers. Both names of the token are in use, and some servers send both. Times that make no sense are no
/// reason to go without the token.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    issued_at: Value,
}

/// `None` for what holds no token, or one that cannot go into a header.
fn read_token(headers: &HeaderMap, bytes: &[u8], asked: Instant) -> Option<Token> {
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let token = [answer.token, answer.access_token].into_iter().find(|token| !token.is_empty())?;
    let life = answer.expires_in.as_u64().map_or(USUAL_LIFE, Duration::from_secs).min(LONGEST_LIFE);
    let age = age(headers, answer.issued_at.as_str()).unwrap_or_default();
    Some(Token { header: bearer(&token)?, since: asked, life: Some(life.saturating_sub(age)) })
}

/// How old a token was when it was handed out. Both times are the server's, so that no two clocks are compared.
fn age(headers: &HeaderMap, issued: Option<&str>) -> Option<Duration> {
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let issued = SystemTime::from(issued?.parse::<Timestamp>().ok()?);
    now.duration_since(issued).ok()
}

/// A token as the value of the header `Authorization`; `None` when it cannot be one.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(date: Option<&'static str>, answer: &str) -> Option<(HeaderValue, Duration)> {
        let mut headers = HeaderMap::new();
        headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
        let token = read_token(&headers, answer.as_bytes(), Instant::now())?;
        Some((token.header, token.life.unwrap()))
    }

    #[test]
    fn tokens_and_their_lives_are_read() {
        let date = Some("Wed, 01 Jul 2026 09:30:10 GMT");
        for (date, answer, token, life) in [
            (None, r#"{"token":"a"}"#, "a", 60),
            (None, r#"{"access_token":"b","expires_in":300}"#, "b", 300),
            (None, r#"{"token":"","access_token":"b","refresh_token":"c"}"#, "b", 60),
            (None, r#"{"token":"a","expires_in":999999999}"#, "a", 86_400),
            (None, r#"{"token":"a","expires_in":"soon","issued_at":null}"#, "a", 60),
            (None, r#"{"token":"a","expires_in":300,"issued_at":"2026-07-01T09:30:00Z"}"#, "a", 300),
            (date, r#"{"token":"a","expires_in":300,"issued_at":"2026-07-01T09:30:00Z"}"#, "a", 290),
            (date, r#"{"token":"a","expires_in":300,"issued_at":"2026-07-01T09:31:00Z"}"#, "a", 300),
            (date, r#"{"token":"a","expires_in":5,"issued_at":"2026-07-01T09:30:00Z"}"#, "a", 0),
            (date, r#"{"token":"a","expires_in":5,"issued_at":"yesterday"}"#, "a", 5),
        ] {
            let (header, found) = read(date, answer).unwrap();
            assert_eq!(header, format!("Bearer {token}"), "{answer}");
            assert!(header.is_sensitive());
            assert_eq!(found, Duration::from_secs(life), "{answer}");
        }
        for answer in ["", "[]", "{}", r#"{"token":""}"#, r#"{"token":"two\nlines"}"#, r#"{"token":7}"#] {
            assert!(read(None, answer).is_none(), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic(text in ".{0,200}", life in any::<u64>(), time in ".{0,30}") {
            let _ = read(None, &text);
            let answer = serde_json::json!({"token": text, "expires_in": life, "issued_at": time});
            let _ = read(Some("Wed, 01 Jul 2026 09:30:10 GMT"), &answer.to_string());
        }
    }
}
