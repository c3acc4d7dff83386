//! Getting a token for an identity token, which `docker login` and credential helpers of some registries store in place
//! of a password (distribution specification, "OAuth2 Token Authentication").
//!
//! The request is made by hand because oci-client 0.18 knows names with passwords and ready tokens only. The token that
//! comes back is put among those of oci-client, which uses it from then on.

use oci_client::{
    RegistryOperation,
    token_cache::{RegistryToken, RegistryTokenType},
};
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    connection::{Ask, Connection, TOKEN},
    error::RegistryError,
    failure::{is_passing, reason},
};

/// The largest answer of a token server, bytes.
const LARGEST_ANSWER: usize = 1 << 20;
/// How this program calls itself to token servers.
const CLIENT_ID: &str = "plimsoll";

impl Connection {
    /// Asks the token server for a token that is good for `ask`.
    pub(crate) async fn exchange(
        &self,
        ask: &Ask<'_>,
        http: &Client,
        (realm, service): (&Url, Option<&str>),
        identity: &SecretString,
    ) -> Result<RegistryTokenType, RegistryError> {
        let actions = match ask.operation {
            RegistryOperation::Pull => "pull",
            RegistryOperation::Push => "pull,push",
        };
        let scope = format!("repository:{}:{actions}", ask.reference.repository());
        let question = service.map(|service| ("service", service)).into_iter().chain([
            ("scope", scope.as_str()),
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("refresh_token", identity.expose_secret()),
        ]);
        let request = http
            .post(realm.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form(question));
        let (status, bytes) = self
            .in_time(async {
                let mut answer = request.send().await?;
                let (status, mut bytes) = (answer.status(), Vec::new());
                while let Some(chunk) = answer.chunk().await? {
                    bytes.extend_from_slice(&chunk);
                    if bytes.len() > LARGEST_ANSWER {
                        break;
                    }
                }
                Ok((status, bytes))
            })
            .await?
            .map_err(|error| self.transport(error))?;
        match status {
            StatusCode::OK => self.read_token(&bytes),
            status if is_passing(status) => Err(self.refusal(TOKEN, status, reason(&bytes))),
            _ => Err(self.unauthorised(TOKEN, reason(&bytes))),
        }
    }

    /// The answer is not shown when it makes no sense: it may hold a secret.
    fn read_token(&self, bytes: &[u8]) -> Result<RegistryTokenType, RegistryError> {
        serde_json::from_slice(bytes)
            .ok()
            // Anything else cannot go into a header.
            .filter(|token: &RegistryToken| token.token().bytes().all(|byte| byte.is_ascii_graphic()))
            .map(RegistryTokenType::Bearer)
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
    use super::*;

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form([("a", "b&c"), ("d", "e f")].into_iter()), "a=b%26c&d=e+f");
    }
}
