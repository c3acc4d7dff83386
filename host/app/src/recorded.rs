//! Where recorded decisions come from: a journal, or what `journal export` printed of one.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_core::{
    fact::StoredFact,
    names::ReleaseId,
    ports::{FailureClass, Journal, PortFailure},
};
use plimsoll_journal::SqliteJournal;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How many facts make a page.
const PAGE: usize = 2_000;
/// The first bytes of an SQLite file (SQLite, "Database File Format", section 1.3).
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Recorded decisions, a page at a time.
pub enum RecordedDecisions {
    /// Of a journal.
    Journal {
        /// It.
        journal: Arc<dyn Journal>,
        /// The place up to which it was read.
        after: u64,
    },
    /// Of an export: one JSON object a line.
    Export {
        /// Where it comes from, for messages.
        name: String,
        /// The lines.
        lines: Box<dyn BufRead + Send>,
        /// How many were read.
        line: usize,
    },
}

/// Why there are no recorded decisions.
#[derive(Debug, thiserror::Error)]
enum RecordedError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("line {line} of {name} is no entry of a journal: {reason}")]
    Line { name: String, line: usize, reason: String },
}

/// A line of an export, its fact unread.
#[derive(Deserialize)]
struct ExportedEntry {
    sequence: u64,
    at: i64,
    release: ReleaseId,
    fact: Box<RawValue>,
}

impl RecordedDecisions {
    /// Those of a journal.
    #[must_use]
    pub fn of(journal: Arc<dyn Journal>) -> Self {
        Self::Journal { journal, after: 0 }
    }

    /// Those of a file: a journal, or an export.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn open(path: &Path) -> Result<Self, PortFailure> {
        let unreadable = |source| {
            PortFailure::new(FailureClass::User, RecordedError::Unreadable { path: path.to_owned(), source })
                .hint("name a journal, or a file that `plimsoll journal export` wrote")
        };
        let mut beginning = Vec::new();
        let mut file = File::open(path).map_err(unreadable)?;
        file.by_ref().take(SQLITE.len() as u64).read_to_end(&mut beginning).map_err(unreadable)?;
        if beginning == SQLITE
            && let Some(journal) = SqliteJournal::open_existing(path).await?
        {
            return Ok(Self::of(Arc::new(journal)));
        }
        let lines = BufReader::new(File::open(path).map_err(unreadable)?);
        Ok(Self::Export { name: path.display().to_string(), lines: Box::new(lines), line: 0 })
    }

    /// Hands over all pages, in order. While one is worked on, the next is read.
    ///
    /// # Errors
    /// The journal cannot be read, a line is no entry, or the work on a page failed.
    pub async fn each_page<E: From<PortFailure>>(
        self,
        mut work: impl FnMut(&Vec<StoredFact>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut source = self;
        let mut page = source.next_page().await?;
        while !page.is_empty() {
            let ahead = tokio::spawn(async move {
                let next = source.next_page().await;
                (source, next)
            });
            work(&page)?;
            let (back, next) =
                ahead.await.map_err(|error| PortFailure::new(FailureClass::Internal, error))?;
            (source, page) = (back, next?);
        }
        Ok(())
    }

    /// The next page; an empty one is the end.
    ///
    /// # Errors
    /// The journal cannot be read, or a line is no entry.
    async fn next_page(&mut self) -> Result<Vec<StoredFact>, PortFailure> {
        match self {
            Self::Journal { journal, after } => {
                let page = journal.decisions(*after, PAGE).await?;
                *after = page.last().map_or(*after, |fact| fact.sequence);
                Ok(page)
            }
            Self::Export { name, lines, line } => {
                let mut page = Vec::new();
                let mut text = String::new();
                while page.len() < PAGE {
                    text.clear();
                    *line += 1;
                    let failed = |reason: String| {
                        let error = RecordedError::Line { name: name.clone(), line: *line, reason };
                        PortFailure::new(FailureClass::User, error)
                    };
                    if lines.read_line(&mut text).map_err(|error| failed(error.to_string()))? == 0 {
                        break;
                    }
                    if !text.trim().is_empty() {
                        page.push(stored(&text).map_err(|error| failed(error.to_string()))?);
                    }
                }
                Ok(page)
            }
        }
    }
}

fn stored(line: &str) -> Result<StoredFact, serde_json::Error> {
    let ExportedEntry { sequence, at, release, fact } = serde_json::from_str(line)?;
    Ok(StoredFact { sequence, at, release, json: fact.get().to_owned() })
}
