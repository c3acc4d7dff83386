//! The tokens that were got, each kept for what it is good for until it runs out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::scopes::Scopes;

/// A token is replaced when this part of its life is left, or this time when that is less, so that it does not run out on the
/// way.
const LAST_PART: u32 = 10;
const LAST_TIME: Duration = Duration::from_secs(30);

/// What is shown to a registry in the header `Authorization`.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// The header's value, marked as a secret.
    pub(crate) header: HeaderValue,
    /// When it was got.
    pub(crate) since: Instant,
    /// How long it is good; absent when nobody said.
    pub(crate) life: Option<Duration>,
}

impl Token {
    fn is_fresh(&self) -> bool {
        self.life.is_none_or(|life| {
            let last = (life / LAST_PART).min(LAST_TIME);
            self.since.elapsed() < life.saturating_sub(last)
        })
    }
}

/// All tokens for one registry.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<Scopes, Arc<Slot>>>);

/// The place of the token for some scopes.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Held by whoever gets a new one; the others wait for it.
    pub(crate) turn: tokio::sync::Mutex<()>,
    token: Mutex<Option<Token>>,
}

impl Tokens {
    /// The place of the token for some scopes.
    pub(crate) fn slot(&self, scopes: &Scopes) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scopes.clone()).or_default())
    }

    /// Forgets them all.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Slot {
    /// What is to be shown, as far as there is something.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.token().as_ref().map(|token| token.header.clone())
    }

    /// Whether there is a token that will still be good for a while.
    pub(crate) fn is_fresh(&self) -> bool {
        self.token().as_ref().is_some_and(Token::is_fresh)
    }

    pub(crate) fn put(&self, token: Option<Token>) {
        *self.token() = token;
    }

    /// When the token was got.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.token().as_ref().map(|token| token.since)
    }

    /// Forgets the token that was got at this time.
    pub(crate) fn forget(&self, since: Instant) {
        self.token().take_if(|token| token.since == since);
    }

    fn token(&self) -> MutexGuard<'_, Option<Token>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token for a minute, got so many seconds ago.
    fn token(age: u64, life: Option<u64>) -> Token {
        Token {
            header: HeaderValue::from_static("Bearer x"),
            since: Instant::now() - Duration::from_secs(age),
            life: life.map(Duration::from_secs),
        }
    }

    #[test]
    fn a_token_is_replaced_before_it_runs_out() {
        for (age, life, is_fresh) in [
            (0, Some(60), true),
            (50, Some(60), true),
            (54, Some(60), false),
            (3_560, Some(3_600), true),
            (3_570, Some(3_600), false),
            (9_999, None, true),
            (0, Some(0), false),
        ] {
            assert_eq!(token(age, life).is_fresh(), is_fresh, "{age} of {life:?}");
        }
    }

    #[test]
    fn a_newer_token_is_not_forgotten_with_the_old_one() {
        let slot = Slot::default();
        let (old, new) = (token(9, None), token(0, None));
        slot.put(Some(new.clone()));
        slot.forget(old.since);
        assert_eq!(slot.since(), Some(new.since));
        slot.forget(new.since);
        assert!(slot.since().is_none() && slot.header().is_none());
    }
}
