//! The session of a host: one connection that appends, reads and holds the host's leases.
//!
//! A lease is a lock of the session, so it ends with the session: at once when the host dies or the server ends the
//! connection, and by the server's keep-alive probes when the host is cut off. Appends go over the same session: one that
//! the server carries out is one whose leases still stand. A session that was lost is opened again, and takes its leases
//! again: those that nobody had in between go on, those that somebody had are lost, and what was done under them is no
//! longer recorded ([`PostgresError::LeaseLost`]).

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    time::{Duration, Instant},
};

use plimsoll_core::ports::LeaseScope;
use sqlx::{ConnectOptions as _, PgConnection, Row as _, postgres::PgRow};

use super::{
    error::{PostgresError, SILENCE},
    fence,
    lease::key,
    options::Server,
    statement::{Argument, Statement},
};

/// How long a lost session is tried to be opened again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether a session may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The oldest server with everything that is used here (`gen_random_uuid` without an extension).
const OLDEST: i32 = 130_000;

/// What a session is set to, whatever the server, the database or the user's settings are. Probes find out within 25 s
/// that a host is gone. A commit waits for the disk; a server set to wait for more keeps that.
const SET_UP: &str = "
SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'),
    current_setting('server_version'), gen_random_uuid()::text,
    set_config('search_path', $1 || ', pg_temp', false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('default_transaction_read_only', $2, false),
    set_config('tcp_keepalives_idle', '10', false),
    set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '3', false),
    set_config('tcp_user_timeout', '25000', false),
    set_config('statement_timeout', '0', false),
    -- Version 14 brought it.
    CASE WHEN current_setting('idle_session_timeout', true) IS NOT NULL
        THEN set_config('idle_session_timeout', '0', false) END,
    CASE WHEN current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
        THEN set_config('synchronous_commit', 'on', false) END";

/// A lease that this host holds, or believes to.
#[derive(Debug)]
struct Held {
    mark: String,
    is_lost: bool,
}

/// See the module.
pub(super) struct Session {
    server: Server,
    access: Access,
    connection: Option<PgConnection>,
    leases: BTreeMap<LeaseScope, Held>,
    /// Different for every session there ever was.
    identity: String,
    marks: u64,
}

impl Session {
    /// Opens a session. It is tried once: an address that is wrong should be told at once.
    pub(super) async fn open(server: Server, access: Access) -> Result<Self, PostgresError> {
        let (connection, identity) = connect(&server, access).await?;
        let (leases, marks) = (BTreeMap::new(), 0);
        Ok(Self { server, access, connection: Some(connection), leases, identity, marks })
    }

    /// A text that no other writer or lease has.
    pub(super) fn mark(&mut self) -> String {
        self.marks += 1;
        format!("{}/{}", self.identity, self.marks)
    }

    /// Sends a statement that changes nothing, or the same however often it is sent.
    pub(super) async fn rows(&mut self, statement: &Statement) -> Result<Vec<PgRow>, PostgresError> {
        self.rows_under(&[], statement).await
    }

    /// The same, as long as none of these leases was lost.
    pub(super) async fn rows_under(
        &mut self,
        leases: &[LeaseScope],
        statement: &Statement,
    ) -> Result<Vec<PgRow>, PostgresError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let error = match self.attempt(leases, statement).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            // What a broken session was doing is unknown, so it is not used again.
            self.connection = None;
            let is_passing =
                matches!(error, PostgresError::Unreachable { .. } | PostgresError::Silent { .. });
            if !is_passing || Instant::now() >= deadline {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn attempt(
        &mut self,
        leases: &[LeaseScope],
        statement: &Statement,
    ) -> Result<Vec<PgRow>, PostgresError> {
        let name = self.server.name.clone();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.reconnect().await?,
        };
        let lost = |scope: &&LeaseScope| self.leases.get(scope).is_some_and(|held| held.is_lost);
        if let Some(scope) = leases.iter().find(lost) {
            self.connection = Some(connection);
            return Err(PostgresError::LeaseLost { journal: name, what: fence::text(scope) });
        }
        // A future that is dropped here takes the connection with it.
        let rows = in_time(statement.send(&mut connection)).await;
        let rows = rows.map_err(|error| PostgresError::of(&name, error))?;
        self.connection = Some(connection);
        Ok(rows)
    }

    /// Opens the session again and takes its leases again.
    async fn reconnect(&mut self) -> Result<PgConnection, PostgresError> {
        let (mut connection, _) = connect(&self.server, self.access).await?;
        let deadline = Instant::now() + PATIENCE;
        for (scope, held) in self.leases.iter_mut().filter(|(_, held)| !held.is_lost) {
            let text = fence::text(scope);
            let retake = Statement::new(
                "SELECT standing FROM retake_lease($1, $2, $3)",
                [
                    Argument::from(text.as_str()),
                    key(&self.server.schema, &text).into(),
                    held.mark.as_str().into(),
                ],
            );
            held.is_lost = retake_lease(&mut connection, &retake, deadline)
                .await
                .map_err(|error| PostgresError::of(&self.server.name, error))?;
        }
        Ok(connection)
    }

    /// Takes a lease: nothing when it is taken, else who has it, as far as is known.
    pub(super) async fn take(
        &mut self,
        scope: &LeaseScope,
        holder: &str,
    ) -> Result<Option<Option<String>>, PostgresError> {
        // The server would give a session its own lock again.
        if self.leases.contains_key(scope) {
            return Ok(Some(Some(holder.to_owned())));
        }
        let (text, mark) = (fence::text(scope), self.mark());
        let take = Statement::new(
            "SELECT taken, other FROM take_lease($1, $2, $3, $4)",
            [
                Argument::from(text.as_str()),
                key(&self.server.schema, &text).into(),
                mark.as_str().into(),
                holder.into(),
            ],
        );
        let rows = self.rows(&take).await?;
        let failed = |error| PostgresError::of(&self.server.name, error);
        let row = rows.first().ok_or_else(|| failed(sqlx::Error::RowNotFound))?;
        if row.try_get(0).map_err(failed)? {
            self.leases.insert(scope.clone(), Held { mark, is_lost: false });
            Ok(None)
        } else {
            Ok(Some(row.try_get(1).map_err(failed)?))
        }
    }

    /// Gives a lease back. What cannot be given back now, the end of the session does.
    pub(super) async fn give_back(&mut self, scope: &LeaseScope) {
        let Some(held) = self.leases.remove(scope) else { return };
        if held.is_lost {
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        let text = fence::text(scope);
        let give_back = Statement::new(
            "SELECT give_lease_back($1, $2, $3)",
            [
                Argument::from(text.as_str()),
                key(&self.server.schema, &text).into(),
                held.mark.as_str().into(),
            ],
        );
        if in_time(give_back.send(&mut connection)).await.is_ok() {
            self.connection = Some(connection);
        }
    }
}

/// Whether somebody had the lease since. Waits for the server to notice the end of the session before.
async fn retake_lease(
    connection: &mut PgConnection,
    retake: &Statement,
    deadline: Instant,
) -> Result<bool, sqlx::Error> {
    loop {
        let rows = in_time(retake.send(connection)).await?;
        let standing: String = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
        match standing.as_str() {
            "held" => return Ok(false),
            "lost" => return Ok(true),
            _ if Instant::now() >= deadline => return Err(timed_out()),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// A connection that is set up, and a text that no other has.
pub(super) async fn connect(
    server: &Server,
    access: Access,
) -> Result<(PgConnection, String), PostgresError> {
    let failed = |error| PostgresError::of(&server.name, error);
    let mut connection = in_time(server.connect.connect()).await.map_err(failed)?;
    let read_only = if access == Access::Read { "on" } else { "off" };
    let set_up =
        Statement::new(SET_UP, [Argument::from(server.quoted_schema().as_str()), Argument::from(read_only)]);
    let rows = in_time(set_up.send(&mut connection)).await.map_err(failed)?;
    let row = rows.first().ok_or_else(|| failed(sqlx::Error::RowNotFound))?;
    let unusable = |problem| PostgresError::Server { journal: server.name.clone(), problem };
    let (version, encoding): (i32, String) =
        (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
    if version < OLDEST {
        let version: String = row.try_get(2).map_err(failed)?;
        return Err(unusable(format!("it is PostgreSQL {version}")));
    }
    if encoding != "UTF8" {
        return Err(unusable(format!("its database has the encoding {encoding}")));
    }
    let identity = row.try_get(3).map_err(failed)?;
    Ok((connection, identity))
}

/// An answer, or a failure when it takes too long.
async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(SILENCE, answer).await.unwrap_or_else(|_| Err(timed_out()))
}

fn timed_out() -> sqlx::Error {
    io::Error::from(io::ErrorKind::TimedOut).into()
}
