//! Facts on disk: the journal of an application in one SQLite file, and the leases of its hosts in lock files beside it.
//!
//! The file holds one table of facts. Each row carries the fact as JSON text, columns for what is looked up, and a hash
//! that covers the row and all rows before it ([`chain`]). Rows are only ever added: the database itself refuses changes
//! ([`schema`]), and [`SqliteJournal::verify`](plimsoll_core::ports::Journal::verify) finds those that were made all the same.
//!
//! The file must lie on a local disk: neither SQLite's locks nor those of the leases can be relied on across network
//! file systems.

mod append;
mod chain;
mod columns;
mod error;
mod lease;
mod read;
mod schema;
mod sqlite;
mod verify;

pub use error::JournalError;
pub use sqlite::SqliteJournal;
