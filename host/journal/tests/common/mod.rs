//! What the tests of the journal share.
#![expect(unreachable_pub, reason = "a module of several test programs")]
#![allow(dead_code, reason = "not every test program uses all of it")]

use std::{
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use plimsoll_core::{
    digest::Digest,
    fact::Fact,
    names::{EnvironmentName, ReleaseId, Tag},
    ports::Journal,
};
use plimsoll_journal::{JournalError, PostgresJournal, PostgresOptions, SqliteJournal};
use plimsoll_support::PostgresServer;
use tempfile::TempDir;

/// The id of the release with this number.
pub fn release(number: u32) -> ReleaseId {
    ReleaseId::new(format!("r-{number:012x}")).unwrap()
}

/// Opens a journal.
pub async fn open(path: &Path) -> SqliteJournal {
    SqliteJournal::open(path).await.unwrap()
}

/// A tag put on an image.
pub fn tagged(tag: &str) -> Fact {
    Fact::Tagged { tag: Tag::new(tag).unwrap(), previous: None }
}

/// A deployment.
pub fn deployed(environment: &str) -> Fact {
    Fact::Deployed {
        environment: EnvironmentName::new(environment).unwrap(),
        digest: Digest::of(environment.as_bytes()),
        healthy: true,
        location: "there".to_owned(),
    }
}

/// Where a journal of a test is or will be.
#[derive(Debug, Clone)]
pub enum Place {
    Sqlite(PathBuf),
    Postgres { url: String, schema: String },
}

/// A place for one test, and the folder that goes with it.
pub struct NewPlace {
    pub place: Place,
    pub folder: TempDir,
}

impl NewPlace {
    /// A file that is not there yet.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(folder.path().join("made/on/the/way/journal.db"));
        Self { place, folder }
    }

    /// A schema that is not there yet, on the shared server.
    pub fn postgres() -> Self {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let url = PostgresServer::shared().url("postgres", "postgres");
        let place = Place::Postgres { url, schema: format!("journal-{}-{number}", process::id()) };
        Self { place, folder: tempfile::tempdir().unwrap() }
    }
}

impl Place {
    /// From what [`Place::text`] gave, for another process.
    pub fn from_text(text: &str) -> Self {
        match text.split_once('#') {
            Some((url, schema)) => Self::Postgres { url: url.to_owned(), schema: schema.to_owned() },
            None => Self::Sqlite(text.into()),
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Sqlite(path) => path.to_str().unwrap().to_owned(),
            Self::Postgres { url, schema } => format!("{url}#{schema}"),
        }
    }

    /// What opens the journal of a schema.
    pub fn options(&self) -> PostgresOptions {
        let Self::Postgres { url, schema } = self else { panic!("a file has no options") };
        PostgresOptions {
            url: url.clone(),
            password: None,
            certificate_authority: None,
            schema: schema.clone(),
        }
    }

    pub async fn try_open(&self) -> Result<Box<dyn Journal>, JournalError> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(SqliteJournal::open(path).await?),
            Self::Postgres { .. } => Box::new(PostgresJournal::open(&self.options()).await?),
        })
    }

    pub async fn open(&self) -> Box<dyn Journal> {
        self.try_open().await.unwrap()
    }

    pub async fn try_existing(&self) -> Result<Option<Box<dyn Journal>>, JournalError> {
        Ok(match self {
            Self::Sqlite(path) => {
                SqliteJournal::open_existing(path).await?.map(|journal| Box::new(journal) as Box<dyn Journal>)
            }
            Self::Postgres { .. } => PostgresJournal::open_existing(&self.options())
                .await?
                .map(|journal| Box::new(journal) as Box<dyn Journal>),
        })
    }

    pub async fn existing(&self) -> Option<Box<dyn Journal>> {
        self.try_existing().await.unwrap()
    }

    /// Whether a statement behind the journal's back succeeds.
    pub async fn execute(&self, statements: &str) -> bool {
        match self {
            Self::Sqlite(path) => execute(path, statements).await.is_ok(),
            Self::Postgres { schema, .. } => {
                let statements = format!("SET search_path TO \"{schema}\"; {statements}");
                PostgresServer::shared().try_sql(&statements).status.success()
            }
        }
    }
}

async fn execute(path: &Path, statements: &str) -> Result<(), sqlx::Error> {
    use sqlx::{
        AssertSqlSafe, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions,
    };
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await?;
    connection.close().await
}

/// Makes two tests of each function that takes a place: one with a file, one with a schema.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::common::NewPlace::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                plimsoll_support::require!(plimsoll_support::Requirement::Postgres);
                super::$name($crate::common::NewPlace::postgres()).await;
            })+
        }
    };
}
