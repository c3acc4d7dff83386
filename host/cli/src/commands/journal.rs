//! `plimsoll journal`

use plimsoll_core::ports::{FailureClass, JournalCheck};

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, GOOD, PLAIN},
    session::{Access, Session},
};

/// How many entries are read at a time.
const PAGE: usize = 500;

pub(crate) async fn verify(session: &Session) -> Result<Ending, Failure> {
    let journal = session.host()?.journal(Access::Read).await?;
    let check = journal.verify().await?;
    if session.format == Format::Json {
        output::json(&match &check {
            JournalCheck::Intact { entries, head } => {
                serde_json::json!({ "intact": true, "entries": entries, "head": head })
            }
            JournalCheck::Broken { sequence, problem } => {
                serde_json::json!({ "intact": false, "sequence": sequence, "problem": problem })
            }
        })?;
    } else {
        match &check {
            JournalCheck::Intact { entries, head } => {
                say!("{GOOD}intact{PLAIN}: {entries} entries, the last one hashes to {head}");
            }
            JournalCheck::Broken { sequence, problem } => {
                say!("{BAD}broken{PLAIN} at entry {sequence}: {problem}");
            }
        }
    }
    Ok(match check {
        JournalCheck::Intact { .. } => Ending::Done,
        JournalCheck::Broken { .. } => Ending::CouldNot,
    })
}

pub(crate) async fn export(session: &Session) -> Result<Ending, Failure> {
    let journal = session.host()?.journal(Access::Read).await?;
    let mut after = 0;
    loop {
        let entries = journal.entries(after, PAGE).await?;
        let Some(last) = entries.last() else { return Ok(Ending::Done) };
        after = last.sequence;
        for entry in &entries {
            let line = serde_json::to_string(entry).map_err(|error| {
                Failure::new(
                    FailureClass::Internal,
                    format!("entry {} has no JSON form: {error}", entry.sequence),
                )
            })?;
            say!("{line}");
        }
    }
}
