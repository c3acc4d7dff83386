//! `plimsoll history`

use plimsoll_app::{clock::readable, views};
use plimsoll_core::ports::FailureClass;

use crate::{
    arguments::{Format, HistoryArguments},
    failure::{Ending, Failure},
    output::{
        self, FAINT, PLAIN, STRONG,
        table::{self, Cell},
    },
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &HistoryArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let journal = host.journal(Access::Read).await?;
    let Some(wanted) = &arguments.release else {
        let rows = views::history(journal.as_ref(), arguments.limit).await?;
        match session.format {
            Format::Json => output::json(&rows)?,
            Format::Text => list(&rows),
        }
        return Ok(Ending::Done);
    };
    let Some(state) = views::find(journal.as_ref(), Some(wanted)).await? else {
        return Err(Failure::new(FailureClass::User, format!("the journal has no release `{wanted}`"))
            .hint("`plimsoll history` lists the releases"));
    };
    let happenings = views::happenings(&journal.release(&state.release).await?);
    match session.format {
        Format::Json => output::json(&happenings)?,
        Format::Text => {
            say!("{STRONG}{}{PLAIN}", state.release);
            for happening in &happenings {
                let number = happening.sequence;
                say!("{FAINT}{number:>5} {}{PLAIN} {}", readable(happening.at), happening.what);
            }
        }
    }
    Ok(Ending::Done)
}

fn list(rows: &[views::HistoryRow]) {
    let cells = |row: &views::HistoryRow| {
        let deployed = row.report.environments.iter().filter(|environment| environment.deployed);
        let deployed: Vec<&str> = deployed.map(|environment| environment.name.as_str()).collect();
        vec![
            Cell::styled(&row.report.release, STRONG),
            Cell::plain(readable(row.opened)),
            Cell::plain(row.report.version.clone().unwrap_or_else(|| "-".to_owned())),
            Cell::plain(row.commit.chars().take(12).collect::<String>()),
            Cell::plain(views::git_ref(&row.git_ref)),
            Cell::plain(row.report.standing),
            Cell::plain(if deployed.is_empty() { "-".to_owned() } else { deployed.join(", ") }),
        ]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    table::print(&["release", "opened", "version", "commit", "from", "standing", "deployed to"], &rows);
}
