//! Asking one registry: time-outs, authorisation.

use std::{future::Future, sync::Arc};

use oci_client::{Reference, RegistryOperation, errors::OciDistributionError};
use rustls::pki_types::CertificateDer;
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    address::{self, Protocol},
    authorization::Tokens,
    challenge::Challenge,
    credentials::{Credential, CredentialSource},
    error::RegistryError,
    failure::contained,
    options::RegistryOptions,
    session::Session,
    traffic::Traffic,
};

/// What is asked of a token server, for messages.
pub(crate) const TOKEN: &str = "a token";

/// One registry.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) registry: String,
    pub(crate) options: RegistryOptions,
    pub(crate) protocol: Protocol,
    pub(crate) credentials: CredentialSource,
    pub(crate) authorities: Arc<[CertificateDer<'static>]>,
    pub(crate) traffic: Traffic,
    pub(crate) tokens: Tokens,
    session: OnceCell<Session>,
}

/// What a request is about.
pub(crate) struct Ask<'a> {
    /// The repository, and what is asked for in it.
    pub(crate) reference: &'a Reference,
    /// What it needs permission for.
    pub(crate) operation: RegistryOperation,
    /// What it asks for, for messages.
    pub(crate) what: &'a str,
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
            credentials: CredentialSource {
                file: options.docker_config.clone(),
                helper_timeout: options.helper_timeout,
            },
            authorities,
            traffic: Traffic::new(options.transfers),
            tokens: Tokens::default(),
            session: OnceCell::new(),
            options,
        }
    }

    /// What is known of the registry, found out on first use.
    pub(crate) async fn session(&self) -> Result<&Session, RegistryError> {
        self.session.get_or_try_init(|| self.retrying(|| self.open())).await
    }

    /// The credential in use, as far as it is known.
    pub(crate) fn credential(&self) -> &Credential {
        self.session.get().map_or(&Credential::Anonymous, |session| &session.credential)
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

    /// Tries something, and once more with a new token when the registry refuses the one that was shown. The client
    /// gets tokens by itself but keeps quiet when it gets none, so the refusal is also what brings the reason to light.
    pub(crate) async fn authorised<T, Attempt>(
        &self,
        ask: &Ask<'_>,
        attempt: impl Fn() -> Attempt,
    ) -> Result<T, RegistryError>
    where
        Attempt: Future<Output = Result<T, RegistryError>>,
    {
        match attempt().await {
            Err(RegistryError::Unauthorised { .. }) => {
                self.authorise(ask).await?;
                attempt().await
            }
            result => result,
        }
    }

    async fn authorise(&self, ask: &Ask<'_>) -> Result<(), RegistryError> {
        let session = self.session().await?;
        if let Credential::IdentityToken(identity) = &session.credential
            && let Some(Challenge::Bearer { realm, service }) = &session.challenge
        {
            let token = self.exchange(ask, &session.http, (realm, service.as_deref()), identity).await?;
            session.client.tokens.insert(ask.reference, ask.operation, token).await;
            return Ok(());
        }
        let asked = session.client.auth(ask.reference, &session.authentication, ask.operation);
        let asked = self.in_time(asked).await?;
        let ask = Ask { what: TOKEN, ..*ask };
        asked.map_err(|error| self.failure(&ask, error))?;
        Ok(())
    }
}
