//! From the configuration of the journal to the journal.

use std::sync::Arc;

use plimsoll_core::ports::{Journal, PortFailure};
use plimsoll_journal::{PostgresJournal, PostgresOptions, SqliteJournal};

use crate::{
    absent_journal::AbsentJournal,
    configuration,
    host::{Access, HostError},
    notifications::secret,
};

/// Opens the journal that a configuration names.
///
/// # Errors
/// It cannot be opened, or not made.
pub(crate) async fn open(
    written: &configuration::Journal,
    access: Access,
) -> Result<Arc<dyn Journal>, HostError> {
    let found: Option<Arc<dyn Journal>> = match written {
        configuration::Journal::Sqlite(path) => match access {
            Access::Write => {
                let journal = SqliteJournal::open(path).await.map_err(PortFailure::from)?;
                Some(Arc::new(journal))
            }
            Access::Read => {
                let journal = SqliteJournal::open_existing(path).await.map_err(PortFailure::from)?;
                journal.map(|journal| Arc::new(journal) as _)
            }
        },
        configuration::Journal::Postgres { url, password_file, certificate_authority, schema } => {
            let options = PostgresOptions {
                url: url.clone(),
                password: password_file.as_deref().map(secret).transpose()?,
                certificate_authority: certificate_authority.clone(),
                schema: schema.clone(),
            };
            match access {
                Access::Write => {
                    let journal = PostgresJournal::open(&options).await.map_err(PortFailure::from)?;
                    Some(Arc::new(journal))
                }
                Access::Read => {
                    let journal =
                        PostgresJournal::open_existing(&options).await.map_err(PortFailure::from)?;
                    journal.map(|journal| Arc::new(journal) as _)
                }
            }
        }
    };
    Ok(found.unwrap_or_else(|| Arc::new(AbsentJournal)))
}
