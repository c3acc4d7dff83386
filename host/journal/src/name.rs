//! What a journal is called in messages.

use std::{fmt, path::Path};

/// Where a journal is: a file, or a schema of a database server. No password is ever part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalName(String);

impl JournalName {
    /// The name of the journal in a schema of a server, which is written as `host:port/database` or a folder of sockets.
    pub(crate) fn in_schema(server: &str, schema: &str) -> Self {
        Self(format!("{server} (schema {schema})"))
    }
}

impl From<&Path> for JournalName {
    fn from(file: &Path) -> Self {
        Self(file.display().to_string())
    }
}

impl fmt::Display for JournalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
