//! Showing a registry who asks: what it wants to see (`challenge`), the rights that a request needs (`scopes`), the tokens that
//! stand for them (`tokens`), and where tokens come from (`token_server`). The credentials behind it all are in
//! `crate::credentials`.

mod challenge;
mod scopes;
mod token_server;
mod tokens;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

pub(crate) use challenge::{Challenge, NoAddress, challenge, lacks_scope};
pub(crate) use scopes::Scopes;

use crate::{
    connection::{Connection, GREETING},
    credentials::{Credential, Found, Wanted},
    error::RegistryError,
    session::Session,
};
use token_server::{TokenServer, bearer};
use tokens::{Token, Tokens};

/// What is known of how to show a registry who asks.
#[derive(Debug, Default)]
pub(crate) struct Access {
    challenge: Mutex<Option<Challenge>>,
    tokens: Tokens,
    /// By repository: credentials may differ from one to the next.
    credentials: Mutex<HashMap<String, Arc<Found>>>,
}

impl Access {
    /// Takes note of what the registry asks for. Some ask only when it comes to a repository.
    pub(crate) fn learn(&self, challenge: Challenge) {
        let mut known = self.challenge.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref() != Some(&challenge) {
            self.tokens.clear();
            *known = Some(challenge);
        }
    }

    fn challenge(&self) -> Option<Challenge> {
        self.challenge.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is to be shown for some rights, as far as it was got.
    pub(crate) fn header(&self, scopes: &Scopes) -> Option<HeaderValue> {
        self.tokens.slot(scopes).header()
    }

    /// The credential for a repository, as far as it was looked up.
    pub(crate) fn credential(&self, repository: &str) -> Option<Arc<Found>> {
        self.credentials().get(repository).cloned()
    }

    /// The credentials in use, for messages.
    pub(crate) fn describe(&self) -> String {
        let mut all: Vec<_> = self.credentials().values().map(|found| found.describe()).collect();
        all.sort();
        all.dedup();
        if all.is_empty() { "it does not say which".to_owned() } else { all.join("; ") }
    }

    fn credentials(&self) -> MutexGuard<'_, HashMap<String, Arc<Found>>> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Sees to it that what these rights need is there to be shown: a token that is still good for a while, or a password. Answers
    /// when it was got.
    pub(crate) async fn authorise(&self, scopes: &Scopes) -> Result<Option<Instant>, RegistryError> {
        let session = self.session().await?;
        let Some(challenge) = session.access.challenge() else { return Ok(None) };
        let slot = session.access.tokens.slot(scopes);
        let _turn = slot.turn.lock().await;
        if !slot.is_fresh() {
            slot.put(self.new_token(session, &challenge, scopes).await?);
        }
        Ok(slot.since())
    }

    /// Whether something better may be shown for these rights than what was refused, which was got at `shown`: something that
    /// came in its place, or something new when it was there before `started` or has run out, and is now forgotten.
    pub(crate) fn is_outdated(&self, scopes: &Scopes, shown: Option<Instant>, started: Instant) -> bool {
        let Some(access) = self.known_access() else { return false };
        let slot = access.tokens.slot(scopes);
        if slot.since() != shown {
            return true;
        }
        let Some(shown) = shown else {
            // Only now it is known what the registry asks for.
            return access.challenge().is_some() && access.credential(scopes.repository()).is_none();
        };
        let is_old = shown < started || !slot.is_fresh();
        if is_old {
            slot.forget(shown);
            access
                .credentials()
                .retain(|repository, found| repository != scopes.repository() || found.since > shown);
        }
        is_old
    }

    /// What to show in answer to a challenge; `None` when there is nothing.
    async fn new_token(
        &self,
        session: &Session,
        challenge: &Challenge,
        scopes: &Scopes,
    ) -> Result<Option<Token>, RegistryError> {
        let started = Instant::now();
        let found = self.look_up(session, scopes.repository()).await?;
        match self.answer(session, challenge, scopes, &found).await {
            // A credential may have run out, too.
            Err(RegistryError::Unauthorised { .. }) if found.since < started => {
                session.access.credentials().remove(scopes.repository());
                let found = self.look_up(session, scopes.repository()).await?;
                self.answer(session, challenge, scopes, &found).await
            }
            answer => answer,
        }
    }

    async fn look_up(&self, session: &Session, repository: &str) -> Result<Arc<Found>, RegistryError> {
        if let Some(found) = session.access.credential(repository) {
            return Ok(found);
        }
        let wanted = Wanted { registry: &self.registry, repository, http: &session.token_http };
        let found = Arc::new(self.sources.look_up(&wanted).await?);
        session.access.credentials().insert(repository.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    async fn answer(
        &self,
        session: &Session,
        challenge: &Challenge,
        scopes: &Scopes,
        found: &Found,
    ) -> Result<Option<Token>, RegistryError> {
        let lasting = |header| Some(Token { header, since: found.since, life: None });
        match (challenge, &found.credential) {
            (_, Credential::RegistryToken(token)) => match bearer(token.expose_secret()) {
                Some(header) => Ok(lasting(header)),
                None => Err(self.unauthorised("a token that cannot be sent", String::new())),
            },
            (Challenge::Basic, Credential::Password { username, password }) => {
                Ok(lasting(basic(username, password.expose_secret())))
            }
            (Challenge::Basic, Credential::Anonymous | Credential::IdentityToken(_)) => Ok(None),
            (Challenge::Bearer { realm, service }, credential) => {
                if realm.scheme() != "https" && !session.is_plain && !credential.is_anonymous() {
                    let problem = format!("the token server `{realm}`, which has no TLS");
                    return Err(self.nonsense(GREETING, problem));
                }
                let http = &session.token_http;
                let server = TokenServer { http, realm, service: service.as_deref() };
                self.ask_for_token(&server, scopes, credential).await.map(Some)
            }
        }
    }
}

fn basic(username: &str, password: &str) -> HeaderValue {
    let encoded = BASE64_STANDARD.encode(format!("{username}:{password}"));
    let mut header = HeaderValue::try_from(format!("Basic {encoded}"))
        .expect("base64 has only characters that a header may have");
    header.set_sensitive(true);
    header
}
