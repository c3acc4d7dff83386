//! What is shown to a registry with requests that oci-client does not make.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use oci_client::{RegistryOperation, secrets::RegistryAuth, token_cache::RegistryTokenType};
use reqwest::header::HeaderValue;

use crate::{
    challenge::Challenge,
    connection::{Ask, Connection, TOKEN},
    credentials::Credential,
    error::RegistryError,
};

/// Tokens by repository and right.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<BTreeMap<(String, RegistryOperation), HeaderValue>>);

impl Connection {
    /// The value of the header `Authorization` for a request; `None` when the registry asks for nothing.
    pub(crate) async fn shown(&self, ask: &Ask<'_>) -> Result<Option<HeaderValue>, RegistryError> {
        let session = self.session().await?;
        let key = (ask.reference.repository().to_owned(), ask.operation);
        if let Some(known) = self.tokens.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(known.clone()));
        }
        let header = match (&session.challenge, &session.credential) {
            (None, _) | (Some(Challenge::Basic), Credential::Anonymous | Credential::IdentityToken(_)) => {
                return Ok(None);
            }
            (Some(Challenge::Basic), Credential::Password { .. }) => match &session.authentication {
                RegistryAuth::Basic(name, password) => reqwest::Client::new()
                    .get("http://x")
                    .basic_auth(name, Some(password))
                    .build()
                    .ok()
                    .and_then(|r| r.headers().get("authorization").cloned())
                    .unwrap(),
                _ => return Ok(None),
            },
            (Some(Challenge::Bearer { realm, service }), Credential::IdentityToken(identity)) => {
                match self.exchange(ask, &session.http, (realm, service.as_deref()), identity).await? {
                    RegistryTokenType::Bearer(token) => HeaderValue::from_str(&token.bearer_token()).unwrap(),
                    RegistryTokenType::Basic(..) => return Ok(None),
                }
            }
            (Some(Challenge::Bearer { .. }), _) => {
                let asked = session.client.auth(ask.reference, &session.authentication, ask.operation);
                let ask = Ask { what: TOKEN, ..*ask };
                let token = self.in_time(asked).await?.map_err(|error| self.failure(&ask, error))?;
                let Some(token) = token else { return Ok(None) };
                HeaderValue::from_str(&format!("Bearer {token}"))
                    .map_err(|_| self.nonsense(TOKEN, "what cannot be used: no header".to_owned()))?
            }
        };
        self.tokens.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, header.clone());
        Ok(Some(header))
    }

    /// Forgets what was shown and refused.
    pub(crate) fn forget(&self, ask: &Ask<'_>) {
        let key = (ask.reference.repository().to_owned(), ask.operation);
        self.tokens.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}
