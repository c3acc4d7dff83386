//! Facts on disk: the journal of an application in one SQLite file with the leases of its hosts in lock files beside it, or
//! both in a schema of a PostgreSQL database, for hosts on many machines.
//!
//! Either holds one table of facts. Each row carries the fact as JSON text, columns for what is looked up, and a hash
//! that covers the row and all rows before it ([`chain`]). Rows are only ever added: the database itself refuses changes
//! (`sqlite/schema.rs`, `postgres/schema.sql`), and [`verify`](plimsoll_core::ports::Journal::verify) finds those that were made all the same.
//!
//! An SQLite file must lie on a local disk: neither SQLite's locks nor those of the leases can be relied on across network
//! file systems.

mod chain;
mod columns;
mod error;
mod holder;
mod name;
mod postgres;
mod rows;
mod sqlite;
mod verify;

pub use error::JournalError;
pub use name::JournalName;
pub use postgres::{PostgresError, PostgresJournal, PostgresOptions};
pub use sqlite::SqliteJournal;
