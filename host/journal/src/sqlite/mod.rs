//! Facts in one SQLite file.

mod append;
mod lease;
mod read;
mod schema;
mod verify;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use plimsoll_core::{
    fact::{Entry, Fact, StoredFact},
    names::{EnvironmentName, ReleaseId},
    ports::{Journal, JournalCheck, Lease, LeaseScope, PortFailure},
};
use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard};

use crate::error::{BUSY_SECONDS, JournalError};
use lease::Locks;

/// A journal in an SQLite file.
///
/// It keeps one connection: SQLite lets one writer in at a time anyway, and one connection opens in a millisecond.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    connection: Mutex<SqliteConnection>,
    locks: Locks,
}

impl SqliteJournal {
    /// Opens the journal at this path for reading and writing; makes it and its folder when there is none.
    ///
    /// # Errors
    /// The folder or file cannot be written, or the file is no journal or one of a newer Plimsoll.
    pub async fn open(path: &Path) -> Result<Self, JournalError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let unusable = |source| JournalError::Folder { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(unusable)?;
        let mut connection = connect(path, options(path).create_if_missing(true)).await?;
        let locks = Locks::beside(path);
        if schema::state(&mut connection, path).await? != schema::State::Current {
            let _held = locks.schema().await?;
            // Another host may have done it while this one waited for the lock.
            if schema::state(&mut connection, path).await? != schema::State::Current {
                schema::migrate(&mut connection, path).await?;
            }
        }
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection), locks })
    }

    /// Opens the journal at this path for reading; `None` when there is none. Makes no journal and changes nothing in it.
    ///
    /// # Errors
    /// The file cannot be read, or it is no journal, or one that this Plimsoll cannot read.
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, JournalError> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(JournalError::Unopenable { journal: path.to_owned(), source: source.into() });
            }
            Ok(metadata) if !metadata.is_file() => {
                return Err(JournalError::NotAJournal { journal: path.into() });
            }
            Ok(_) => {}
        }
        // Not opened for reading alone: what a killed host left half written could not be taken back then. SQLite opens
        // the file for reading where it may not be written.
        let mut connection = connect(path, options(path).pragma("query_only", "on")).await?;
        match schema::state(&mut connection, path).await? {
            schema::State::Current => {}
            // A host that was killed before it wrote anything leaves an empty file behind.
            schema::State::Empty => return Ok(None),
            schema::State::Older => return Err(JournalError::ReadOnly { journal: path.to_owned() }),
        }
        let locks = Locks::beside(path);
        Ok(Some(Self { path: path.to_owned(), connection: Mutex::new(connection), locks }))
    }

    /// Where the journal lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        self.connection.lock().await
    }
}

/// How the file is opened. New files have SQLite's rollback journal: the file alone is the journal whenever nobody writes,
/// also when its last host ended without closing it, so it can be copied and sent. With that, `EXTRA` is what makes every
/// fact survive a loss of power once it is appended (SQLite, `PRAGMA synchronous`).
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Extra)
        .busy_timeout(Duration::from_secs(BUSY_SECONDS))
        .disable_statement_logging()
}

async fn connect(path: &Path, options: SqliteConnectOptions) -> Result<SqliteConnection, JournalError> {
    options.connect().await.map_err(|error| JournalError::of(path, error))
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(
        &self,
        release: &ReleaseId,
        expected: usize,
        at: i64,
        fact: Fact,
    ) -> Result<Entry, PortFailure> {
        let mut connection = self.connection().await;
        Ok(append::append(&mut connection, &self.path, release, Some(expected), at, fact).await?)
    }

    async fn give(&self, release: &ReleaseId, at: i64, fact: Fact) -> Result<Entry, PortFailure> {
        let mut connection = self.connection().await;
        Ok(append::append(&mut connection, &self.path, release, None, at, fact).await?)
    }

    async fn unsettled(&self, limit: usize) -> Result<Vec<ReleaseId>, PortFailure> {
        Ok(read::unsettled(&mut *self.connection().await, &self.path, limit).await?)
    }

    async fn rejections(
        &self,
        environment: &EnvironmentName,
        limit: usize,
    ) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::rejections(&mut *self.connection().await, &self.path, environment, limit).await?)
    }

    async fn hold(&self, environment: &EnvironmentName) -> Result<Option<Entry>, PortFailure> {
        Ok(read::hold(&mut *self.connection().await, &self.path, environment).await?)
    }

    async fn release(&self, release: &ReleaseId) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::release(&mut *self.connection().await, &self.path, release).await?)
    }

    async fn openings(&self, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::openings(&mut *self.connection().await, &self.path, limit).await?)
    }

    async fn environment(
        &self,
        environment: &EnvironmentName,
        limit: usize,
    ) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::environment(&mut *self.connection().await, &self.path, environment, limit).await?)
    }

    async fn deployed(&self, environment: &EnvironmentName) -> Result<Option<Entry>, PortFailure> {
        Ok(read::deployed(&mut *self.connection().await, &self.path, environment).await?)
    }

    async fn tag(&self, tag: &str, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::tag(&mut *self.connection().await, &self.path, tag, limit).await?)
    }

    async fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::entries(&mut *self.connection().await, &self.path, after, limit).await?)
    }

    async fn decisions(&self, after: u64, limit: usize) -> Result<Vec<StoredFact>, PortFailure> {
        Ok(read::decisions(&mut *self.connection().await, &self.path, after, limit).await?)
    }

    async fn shadows(&self, before: u64, limit: usize) -> Result<Vec<Entry>, PortFailure> {
        Ok(read::shadows(&mut *self.connection().await, &self.path, before, limit).await?)
    }

    async fn verify(&self) -> Result<JournalCheck, PortFailure> {
        Ok(verify::verify(&mut *self.connection().await, &self.path).await?)
    }

    async fn try_lease(&self, scope: &LeaseScope) -> Result<Option<Box<dyn Lease>>, PortFailure> {
        Ok(self.locks.try_lease(scope)?.map(|lease| Box::new(lease) as Box<dyn Lease>))
    }

    fn lease_holder(&self, scope: &LeaseScope) -> Option<String> {
        self.locks.holder(scope)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor;

    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_called_so_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(&folder.path().join("journal.db")).await.unwrap();
        let release = ReleaseId::new("r-0123456789ab").unwrap();
        // SQLite answers the same when the file may not grow as when the disk is full.
        journal.connection().await.execute("PRAGMA max_page_count = 12").await.unwrap();
        let mut written = 0;
        let failure = loop {
            match journal.append(&release, written, 0, failure_of(4000)).await {
                Ok(_) => written += 1,
                Err(failure) => break failure,
            }
        };
        assert!(failure.to_string().contains("the disk is full"), "{failure}");
        assert_eq!(journal.release(&release).await.unwrap().len(), written);
        assert!(matches!(journal.verify().await.unwrap(), JournalCheck::Intact { .. }));
    }

    fn failure_of(size: usize) -> Fact {
        Fact::StepFailed {
            step: "build".to_owned(),
            environment: None,
            message: "x".repeat(size),
            hint: None,
            aftermath: None,
        }
    }
}
