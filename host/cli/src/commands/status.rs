//! `plimsoll status`

use plimsoll_app::{clock::readable, views};

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{
        self, FAINT, PLAIN, STRONG,
        table::{self, Cell},
    },
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session) -> Result<Ending, Failure> {
    let host = session.host()?;
    let journal = host.journal(Access::Read).await?;
    let status = views::status(journal.as_ref(), &host.environment_names()).await?;
    if session.format == Format::Json {
        output::json(&status)?;
        return Ok(Ending::Done);
    }
    let nothing = || "-".to_owned();
    let row = |environment: &views::EnvironmentStatus| {
        vec![
            Cell::styled(&environment.name, STRONG),
            Cell::plain(environment.version.clone().unwrap_or_else(nothing)),
            Cell::plain(environment.release.clone().unwrap_or_else(nothing)),
            Cell::plain(environment.commit.as_ref().map_or_else(nothing, |id| id.chars().take(12).collect())),
            Cell::plain(
                environment.digest.as_ref().map_or_else(nothing, |digest| digest.chars().take(19).collect()),
            ),
            Cell::plain(environment.since.map_or_else(nothing, readable)),
        ]
    };
    let rows: Vec<_> = status.environments.iter().map(row).collect();
    table::print(&["environment", "version", "release", "commit", "digest", "since"], &rows);
    for report in &status.open {
        say!("\n{STRONG}{}{PLAIN} {}", report.release, report.standing);
        for environment in report.environments.iter().filter(|environment| !environment.deployed) {
            let verdict = environment.verdict.unwrap_or("not asked");
            say!(
                "  {STRONG}{}{PLAIN}: {verdict}, not deployed  {FAINT}plimsoll why {} {}{PLAIN}",
                environment.name,
                report.release,
                environment.name
            );
        }
    }
    Ok(Ending::Done)
}
