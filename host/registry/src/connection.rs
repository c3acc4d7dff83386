//! Asking one registry: time-outs, authorisation, retries.

use std::{future::Future, sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use oci_client::{Reference, RegistryOperation, errors::OciDistributionError};
use rustls::pki_types::CertificateDer;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout},
};

use crate::{
    address::{self, Protocol},
    authentication::{Access, Scopes},
    credentials::Sources,
    error::RegistryError,
    failure::contained,
    options::RegistryOptions,
    session::Session,
};

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How many times longer the pauses are when the registry has too much to do. It may have said how long it wants to be
/// left alone, but the client does not pass that on.
const BUSY_FACTOR: u32 = 10;
/// What is asked of a token server, for messages.
pub(crate) const TOKEN: &str = "a token";
/// What the first request is about, for messages.
pub(crate) const GREETING: &str = "a first request";

/// One registry.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) registry: String,
    pub(crate) options: RegistryOptions,
    pub(crate) protocol: Protocol,
    /// Where its credentials are found.
    pub(crate) sources: Sources,
    pub(crate) authorities: Arc<[CertificateDer<'static>]>,
    session: OnceCell<Session>,
}

/// What a request is about.
pub(crate) struct Ask<'a> {
    /// The repository, and what is asked for in it.
    pub(crate) reference: &'a Reference,
    /// What it needs permission for.
    pub(crate) operation: RegistryOperation,
    /// Another repository that is read, for a blob that is mounted from there.
    pub(crate) source: Option<&'a str>,
    /// What it asks for, for messages.
    pub(crate) what: &'a str,
}

impl Ask<'_> {
    fn scopes(&self) -> Scopes {
        let scopes = Scopes::of(self.reference, self.operation);
        match self.source {
            Some(source) => scopes.and_pull(source),
            None => scopes,
        }
    }
}

impl Connection {
    pub(crate) fn new(
        registry: &str,
        authorities: Arc<[CertificateDer<'static>]>,
        options: RegistryOptions,
    ) -> Self {
        Self {
            registry: registry.to_owned(),
            protocol: address::protocol(registry, &options.plain_http),
            sources: Sources::new(registry, &options),
            authorities,
            session: OnceCell::new(),
            options,
        }
    }

    /// What is known of the registry, found out on first use.
    pub(crate) async fn session(&self) -> Result<&Session, RegistryError> {
        self.session.get_or_try_init(|| self.retrying(|| self.open())).await
    }

    /// What is known of showing the registry who asks.
    pub(crate) fn known_access(&self) -> Option<&Access> {
        self.session.get().map(|session| session.access.as_ref())
    }

    /// Waits for something that must not take longer than nothing may happen on a connection.
    pub(crate) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, RegistryError> {
        timeout(self.options.idle_timeout, work).await.map_err(|_| self.stalled())
    }

    /// Makes a small request in time.
    pub(crate) async fn ask<T, Call>(
        &self,
        ask: &Ask<'_>,
        call: impl Fn() -> Call,
    ) -> Result<T, RegistryError>
    where
        Call: Future<Output = Result<T, OciDistributionError>>,
    {
        let call =
            || async { self.in_time(contained(call())).await?.map_err(|error| self.failure(ask, error)) };
        self.authorised(ask, call).await
    }

    /// Tries something with what it needs to be allowed, and once more when the registry refuses what was shown and there may be
    /// something better: a token runs out, and is taken back, whenever its server likes.
    pub(crate) async fn authorised<T, Attempt>(
        &self,
        ask: &Ask<'_>,
        attempt: impl Fn() -> Attempt,
    ) -> Result<T, RegistryError>
    where
        Attempt: Future<Output = Result<T, RegistryError>>,
    {
        let (scopes, started) = (ask.scopes(), Instant::now());
        let shown = self.authorise(&scopes).await?;
        match attempt().await {
            Err(RegistryError::Unauthorised { .. }) if self.is_outdated(&scopes, shown, started) => {
                self.authorise(&scopes).await?;
                attempt().await
            }
            result => result,
        }
    }

    /// Does something until it works, fails for good, or was tried often enough.
    pub(crate) async fn retrying<T, Attempt>(
        &self,
        attempt: impl FnMut() -> Attempt + Send,
    ) -> Result<T, RegistryError>
    where
        Attempt: Future<Output = Result<T, RegistryError>> + Send,
    {
        let tries = self.options.tries.max(1);
        let pauses = ExponentialBuilder::new()
            .with_min_delay(self.options.first_pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .with_max_times(tries - 1);
        let result = attempt
            .retry(pauses)
            .when(RegistryError::is_passing)
            .adjust(|error, pause| match error.is_busy() {
                true => pause.map(|pause| (pause * BUSY_FACTOR).min(LONGEST_PAUSE)),
                false => pause,
            })
            .notify(|error, pause| tracing::warn!(%error, ?pause, "the registry failed, trying again"))
            .await;
        result.map_err(|error| match error {
            error if error.is_passing() && tries > 1 => {
                RegistryError::GaveUp { tries, source: Box::new(error) }
            }
            error => error,
        })
    }
}
