//! `plimsoll verify`

use std::sync::Arc;

use plimsoll_app::{
    configuration,
    host::{Host, Registries},
    provenance::{self, Disregarded, Expected, ExpectedPolicy, NamedImage, Verified},
};
use plimsoll_core::ports::{FailureClass, Journal};

use super::policy::public_key;
use crate::{
    arguments::{Format, VerifyArguments},
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, STRONG, WAITING},
    session::{Access, Session},
};

pub(crate) async fn run(session: &Session, arguments: &VerifyArguments) -> Result<Ending, Failure> {
    let named: NamedImage = arguments.image.parse().map_err(|error| {
        Failure::new(FailureClass::Configuration, format!("`{}` names no image: {error}", arguments.image))
            .hint("write it like `ghcr.io/contoso/website:v1.2.3`, or `oci:FOLDER:v1.2.3`")
    })?;
    let keys = arguments.keys.iter().map(|file| public_key(file)).collect::<Result<Vec<_>, _>>()?;
    let host = session.host_if_any()?;
    let registries = registries(session, host.as_ref())?;
    let image = named.find(&registries).await?;
    let journal = match &host {
        Some(host) if !arguments.no_journal => journal(host, &named).await?,
        _ => None,
    };
    let verified = provenance::verify(&image, &keys, expected(arguments), journal.as_deref()).await?;
    match session.format {
        Format::Json => output::json(&verified)?,
        Format::Text => tell(&verified),
    }
    Ok(if verified.report.verified { Ending::Done } else { Ending::No })
}

fn expected(arguments: &VerifyArguments) -> Expected {
    let policy =
        |text: &String| text.parse().unwrap_or_else(|never: std::convert::Infallible| match never {});
    let policies: Vec<ExpectedPolicy> = arguments.promotion_policies.iter().map(policy).collect();
    Expected {
        tag: None,
        source: arguments.source.clone(),
        commit: arguments.commit.clone(),
        policy: arguments.policy.as_ref().map(policy),
        environment: arguments.environment.clone(),
        promotion_policies: policies,
    }
}

/// The way to registries: as the configuration says where there is one.
fn registries(session: &Session, host: Option<&Host>) -> Result<Arc<Registries>, Failure> {
    match host {
        Some(host) => Ok(host.registries()?),
        None => session.registries(),
    }
}

/// The journal of the image's releases, where it is at hand.
async fn journal(host: &Host, image: &NamedImage) -> Result<Option<Arc<dyn Journal>>, Failure> {
    let configuration = host.configuration();
    let is_there = match &configuration.journal {
        configuration::Journal::Sqlite(path) => path.exists(),
        configuration::Journal::Postgres { .. } => true,
    };
    if !is_there || !image.is_of(&configuration.image.destination) {
        return Ok(None);
    }
    let journal = host.journal(Access::Read).await;
    Ok(Some(journal.map_err(|error| Failure::from(error).hint("--no-journal goes on without the journal"))?))
}

fn tell(verified: &Verified) {
    let Verified { image, report, .. } = verified;
    let (word, style) = match (report.verified, report.proven) {
        (true, true) => ("verified", GOOD),
        (true, false) => ("as stated, and not proven: no signature was checked", WAITING),
        (false, _) => ("not verified", BAD),
    };
    say!("{STRONG}{image}{PLAIN} {style}{word}{PLAIN}");
    output::report::findings(&report.checks);
    for Disregarded { referrer, reason } in &report.disregarded {
        say!("  {FAINT}disregarded {referrer}: {}{PLAIN}", output::visible(reason));
    }
}
