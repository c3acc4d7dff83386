//! Answering a registry's challenge: Basic (RFC 7617), and tokens as Docker's registries hand them out
//! (distribution specification, "Token Authentication Specification" and "OAuth2 Token Authentication").

use http_auth::parser::ChallengeParser;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::{body::retry_after, connection::Connection, credentials::Credential, error::RegistryError};

/// The largest answer of a token server, bytes.
const LARGEST_TOKEN: u64 = 1 << 20;
/// How this program calls itself to token servers.
const CLIENT_ID: &str = "plimsoll";
/// What is asked of a token server, for messages.
const TOKEN: &str = "a token";

/// What a request is about: it decides which token it needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// The repository's path.
    pub(crate) repository: String,
    /// Whether it writes.
    pub(crate) writes: bool,
}

impl Scope {
    fn text(&self) -> String {
        let actions = if self.writes { "pull,push" } else { "pull" };
        format!("repository:{}:{actions}", self.repository)
    }
}

/// What goes with requests once a challenge was answered.
#[derive(Debug, Clone)]
pub(crate) enum Authorization {
    Basic { username: String, password: SecretString },
    Bearer(SecretString),
}

impl Authorization {
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic { username, password } => {
                request.basic_auth(username, Some(password.expose_secret()))
            }
            Self::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
    }
}

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// The best challenge that can be answered: a token before a password.
fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for header in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|header| header.to_str().ok()) {
        for challenge in ChallengeParser::new(header).map_while(Result::ok) {
            let parameter = |name: &str| {
                let is_it = |(key, _): &&(&str, _)| key.eq_ignore_ascii_case(name);
                challenge.params.iter().find(is_it).map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                if let Some(realm) = parameter("realm") {
                    return Some(Challenge::Bearer { realm, service: parameter("service") });
                }
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

impl Connection {
    /// Answers the challenge in `headers`.
    pub(crate) async fn authorize(
        &self,
        scope: &Scope,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<Authorization, RegistryError> {
        let credential = self.credential().await?;
        match (challenge(headers), credential) {
            (Some(Challenge::Basic), Credential::Password { username, password }) => {
                Ok(Authorization::Basic { username: username.clone(), password: password.clone() })
            }
            (Some(Challenge::Bearer { realm, service }), credential) => {
                let realm = self.realm(&realm, credential)?;
                self.token(realm, service.as_deref(), scope, credential).await.map(Authorization::Bearer)
            }
            (Some(Challenge::Basic) | None, _) => Err(self.unauthorised(what, String::new())),
        }
    }

    /// The token server's address. A secret never goes there in the clear, unless the registry itself is spoken to so.
    fn realm(&self, realm: &str, credential: &Credential) -> Result<Url, RegistryError> {
        let url = Url::parse(realm).map_err(|_| {
            self.nonsense("a request", format!("the token server `{realm}`, which is no address"))
        })?;
        let is_safe =
            url.scheme() == "https" || matches!(credential, Credential::Anonymous) || self.is_plain();
        if is_safe {
            Ok(url)
        } else {
            Err(self.nonsense("a request", format!("the token server `{realm}`, which has no TLS")))
        }
    }

    async fn token(
        &self,
        mut realm: Url,
        service: Option<&str>,
        scope: &Scope,
        credential: &Credential,
    ) -> Result<SecretString, RegistryError> {
        let scope = scope.text();
        let question =
            service.map(|service| ("service", service)).into_iter().chain([("scope", scope.as_str())]);
        let request = match credential {
            Credential::IdentityToken(token) => {
                let form = form(question.chain([
                    ("grant_type", "refresh_token"),
                    ("client_id", CLIENT_ID),
                    ("refresh_token", token.expose_secret()),
                ]));
                self.request(Method::POST, realm)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form)
            }
            Credential::Password { username, password } => {
                realm.query_pairs_mut().extend_pairs(question);
                self.request(Method::GET, realm).basic_auth(username, Some(password.expose_secret()))
            }
            Credential::Anonymous => {
                realm.query_pairs_mut().extend_pairs(question);
                self.request(Method::GET, realm)
            }
        };
        let answer = self.send_raw(request).await?;
        self.read_token(answer).await
    }

    async fn read_token(&self, answer: Response) -> Result<SecretString, RegistryError> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<SecretString>,
            access_token: Option<SecretString>,
        }
        let status = answer.status();
        if !status.is_success() {
            let retry_after = retry_after(answer.headers());
            let reason = self.reason(answer).await;
            return Err(match status {
                StatusCode::TOO_MANY_REQUESTS => self.failing(TOKEN, status, reason, retry_after),
                status if status.is_server_error() => self.failing(TOKEN, status, reason, retry_after),
                _ => self.unauthorised(TOKEN, reason),
            });
        }
        let bytes = self.read(answer, TOKEN, LARGEST_TOKEN).await?;
        // The answer is not shown: it may hold a secret.
        serde_json::from_slice(&bytes)
            .ok()
            .and_then(|Token { token, access_token }| token.or(access_token))
            .ok_or_else(|| self.nonsense(TOKEN, "something that holds no token".to_owned()))
    }
}

/// Pairs as the body of a form.
fn form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = Url::parse("form:").expect("a scheme alone is an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(headers: &[&str]) -> Option<Challenge> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        challenge(&map)
    }

    #[test]
    fn the_best_challenge_is_answered() {
        let bearer = r#"Bearer realm="https://auth.example.org/token",service="registry",scope="x,y""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.example.org/token".to_owned(),
            service: Some("registry".to_owned()),
        };
        assert_eq!(parse(&[bearer]).as_ref(), Some(&expected));
        assert_eq!(parse(&[r#"Basic realm="x""#, bearer]).as_ref(), Some(&expected));
        assert_eq!(parse(&[r#"basic realm="x""#]), Some(Challenge::Basic));
        assert_eq!(parse(&["Negotiate"]), None);
        assert_eq!(parse(&[]), None);
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form([("a", "b&c"), ("d", "e f")].into_iter()), "a=b%26c&d=e+f");
    }

    proptest! {
        #[test]
        fn any_challenge_is_read_without_panic(text in "[ -~]{0,200}") {
            let _ = parse(&[&text]);
            let _ = parse(&[&format!("Bearer {text}")]);
        }
    }
}
