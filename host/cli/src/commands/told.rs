//! What a command tells that recorded one act.

use plimsoll_app::views::sentence;
use plimsoll_core::fact::Entry;

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, GOOD, PLAIN},
    session::Session,
};

/// Tells what was recorded, and what takes it further.
pub(super) fn act(session: &Session, entry: &Entry, next: Option<&str>) -> Result<Ending, Failure> {
    match session.format {
        Format::Json => output::json(entry)?,
        Format::Text => {
            say!("{GOOD}recorded{PLAIN} {}", sentence(&entry.fact));
            if let Some(next) = next {
                say!("{FAINT}{next}{PLAIN}");
            }
        }
    }
    Ok(Ending::Done)
}
