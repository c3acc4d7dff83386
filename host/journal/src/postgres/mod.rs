//! Facts in a schema of a PostgreSQL database, for many hosts.

mod append;
mod error;
mod fence;
mod lease;
mod options;
mod read;
mod schema;
mod session;
mod statement;
mod verify;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
};

use async_trait::async_trait;
use plimsoll_core::{
    fact::{Entry, Fact, StoredFact},
    names::{EnvironmentName, ReleaseId},
    ports::{Journal, JournalCheck, Lease, LeaseScope, PortFailure},
};
use sqlx::Row as _;
use tokio::sync::{Mutex, MutexGuard};

use crate::{error::JournalError, holder::this_host, name::JournalName};
pub use error::PostgresError;
use lease::{Dropped, SessionLease};
pub use options::PostgresOptions;
use options::Server;
use session::{Access, Session, connect};
use statement::Statement;

/// A journal in PostgreSQL.
///
/// It keeps one connection ([`session`]); verifying takes another one while it lasts.
pub struct PostgresJournal {
    server: Server,
    session: Arc<SharedSession>,
    /// Who was in the way when a lease was refused last.
    holders: SyncMutex<BTreeMap<LeaseScope, String>>,
}

/// The session, and what is to be done before it is used.
struct SharedSession {
    session: Mutex<Session>,
    dropped: Dropped,
}

impl SharedSession {
    /// The session, once leases that were dropped are given back.
    async fn lock(&self) -> MutexGuard<'_, Session> {
        let mut session = self.session.lock().await;
        for scope in self.dropped.take() {
            session.give_back(&scope).await;
        }
        session
    }
}

impl PostgresJournal {
    /// Opens the journal for reading and writing; makes it when the schema has none.
    ///
    /// # Errors
    /// The options are wrong, the server cannot be reached or lets the user not do what is needed, or the schema holds
    /// something else or the journal of a newer Plimsoll.
    pub async fn open(options: &PostgresOptions) -> Result<Self, JournalError> {
        let server = options.check()?;
        let (mut connection, _) = connect(&server, Access::Write).await?;
        if schema::state(&mut connection, &server).await? != schema::State::Current {
            schema::migrate(&mut connection, &server).await?;
        }
        drop(connection);
        Self::over(server, Access::Write).await
    }

    /// Opens the journal for reading; `None` when the schema has none. Makes no journal and changes nothing in it.
    ///
    /// # Errors
    /// The options are wrong, the server cannot be reached or lets the user not read, or the schema holds something else or
    /// a journal that this Plimsoll cannot read.
    pub async fn open_existing(options: &PostgresOptions) -> Result<Option<Self>, JournalError> {
        let server = options.check()?;
        let (mut connection, _) = connect(&server, Access::Read).await?;
        match schema::state(&mut connection, &server).await? {
            schema::State::Empty => Ok(None),
            schema::State::Older(_) => Err(PostgresError::OlderSchema { journal: server.name }.into()),
            schema::State::Current => Self::over(server, Access::Read).await.map(Some),
        }
    }

    async fn over(server: Server, access: Access) -> Result<Self, JournalError> {
        let session = Session::open(server.clone(), access).await?;
        let session = SharedSession { session: Mutex::new(session), dropped: Dropped::default() };
        Ok(Self { server, session: Arc::new(session), holders: SyncMutex::default() })
    }

    /// What the journal is called in messages: server, database and schema.
    #[must_use]
    pub fn name(&self) -> &JournalName {
        &self.server.name
    }

    async fn read(&self, statement: Statement) -> Result<Vec<Entry>, PortFailure> {
        let rows = self.session.lock().await.rows(&statement).await.map_err(JournalError::from)?;
        Ok(read::to_entries(&rows, self.name())?)
    }

    async fn write(
        &self,
        release: &ReleaseId,
        expected: Option<usize>,
        at: i64,
        fact: Fact,
    ) -> Result<Entry, PortFailure> {
        let mut session = self.session.lock().await;
        Ok(append::append(&mut session, self.name(), release, expected, at, fact).await?)
    }
}

impl fmt::Debug for PostgresJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresJournal").field(self.name()).finish()
    }
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn append(
        &self,
        release: &ReleaseId,
        expected: usize,
        at: i64,
        fact: Fact,
    ) -> Result<Entry, PortFailure> {
        self.write(release, Some(expected), at, fact).await
    }

    async fn give(&self, release: &ReleaseId, at: i64, fact: Fact) -> Result<Entry, PortFailure> {
        self.write(release, None, at, fact).await
    }

    async fn release(&self, release: &ReleaseId) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::release(release)).await
    }

    async fn openings(&self, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::openings(limit)).await
    }

    async fn unsettled(&self, limit: usize) -> Result<Vec<ReleaseId>, PortFailure> {
        let rows = self.session.lock().await.rows(&read::unsettled(limit)).await;
        let rows = rows.map_err(JournalError::from)?;
        let ids = rows.iter().map(|row| read::to_release(row.get(0), row.get(1), self.name()));
        Ok(ids.collect::<Result<_, _>>()?)
    }

    async fn rejections(
        &self,
        environment: &EnvironmentName,
        limit: usize,
    ) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::rejections(environment, limit)).await
    }

    async fn hold(&self, environment: &EnvironmentName) -> Result<Option<Entry>, PortFailure> {
        Ok(self.read(read::hold(environment)).await?.pop())
    }

    async fn environment(
        &self,
        environment: &EnvironmentName,
        limit: usize,
    ) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::environment(environment, limit)).await
    }

    async fn deployed(&self, environment: &EnvironmentName) -> Result<Option<Entry>, PortFailure> {
        Ok(self.read(read::deployed(environment)).await?.pop())
    }

    async fn tag(&self, tag: &str, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::tag(tag, limit)).await
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::entries(after, limit)).await
    }

    async fn decisions(&self, after: u64, limit: usize) -> Result<Vec<StoredFact>, PortFailure> {
        let rows = self.session.lock().await.rows(&read::decisions(after, limit)).await;
        let rows = rows.map_err(JournalError::from)?;
        let facts = rows.iter().map(|row| read::to_stored(row, self.name()));
        Ok(facts.collect::<Result<_, _>>()?)
    }

    async fn shadows(&self, before: u64, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        self.read(read::shadows(before, limit)).await
    }

    async fn verify(&self) -> Result<JournalCheck, PortFailure> {
        Ok(verify::verify(&self.server).await.map_err(JournalError::from)?)
    }

    async fn try_lease(&self, scope: &LeaseScope) -> Result<Option<Box<dyn Lease>>, PortFailure> {
        let refused = self.session.lock().await.take(scope, &this_host()).await;
        let refused = refused.map_err(JournalError::from)?;
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        holders.remove(scope);
        if let Some(holder) = refused {
            holders.extend(holder.map(|holder| (scope.clone(), holder)));
            return Ok(None);
        }
        Ok(Some(Box::new(SessionLease { scope: scope.clone(), session: Arc::clone(&self.session) })))
    }

    fn lease_holder(&self, scope: &LeaseScope) -> Option<String> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).get(scope).cloned()
    }
}
