//! `plimsoll status`

use plimsoll_app::{clock::readable, views};

use crate::{
    arguments::{Format, StatusArguments},
    failure::{Ending, Failure},
    output::{
        self, BAD, FAINT, GOOD, PLAIN, STRONG, WAITING,
        table::{self, Cell},
    },
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &StatusArguments) -> Result<Ending, Failure> {
    let host = session.host()?;
    let journal = host.journal(Access::Read).await?;
    let mut status = views::status(journal.as_ref(), host.configuration(), session.clock).await?;
    if !arguments.offline {
        status.observe(&host.lookout(journal).look().await?);
    }
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
    status.environments.iter().for_each(remarks);
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
    status.shadows.iter().for_each(shadow);
    Ok(Ending::Done)
}

/// Prints what is not as it should be in an environment.
fn remarks(environment: &views::EnvironmentStatus) {
    let views::EnvironmentStatus { name, hold, unhealthy, drift, unseen, .. } = environment;
    if let Some(hold) = hold {
        let until = hold.until.map_or_else(String::new, |until| format!(" until {}", readable(until)));
        say!("\n{STRONG}{name}{PLAIN} {WAITING}held{PLAIN} by {}{until}: {}", hold.by, hold.reason);
    }
    let lines =
        unhealthy.iter().map(|line| ("unhealthy", line)).chain(drift.iter().map(|line| ("drift", line)));
    for (what, line) in lines {
        say!("\n{STRONG}{name}{PLAIN} {BAD}{what}{PLAIN}: {line}");
    }
    if let Some(reason) = unseen {
        say!("\n{STRONG}{name}{PLAIN} {WAITING}not seen{PLAIN}: {reason}");
    }
}

/// Prints how a shadow did.
fn shadow(status: &views::ShadowStatus) {
    let views::ShadowStatus { environment, policy, decider, decisions, disagreements, since, newest } =
        status;
    let place = environment.as_deref().unwrap_or("the tags");
    say!("\n{STRONG}shadow {policy}{PLAIN} beside {decider} on {place}");
    let Some(since) = since else {
        say!("  not asked yet");
        return;
    };
    let style = if *disagreements == 0 { GOOD } else { WAITING };
    say!("  {style}disagrees in {disagreements} of {decisions}{PLAIN} decisions since {}", readable(*since));
    for disagreement in newest {
        let views::Disagreement { sequence, at, release, version, comparison } = disagreement;
        let version = version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        say!(
            "  {STRONG}{release}{version}{PLAIN} {FAINT}{}, entry {sequence}{PLAIN}: {}",
            readable(*at),
            output::shadow::disagreement(comparison)
        );
        output::shadow::reasons(comparison);
    }
}
