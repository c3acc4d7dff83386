//! `plimsoll verify`

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use plimsoll_app::{
    configuration,
    host::{Host, Registries},
    provenance::{self, Disregarded, Expected, ExpectedPolicy, NamedImage, Verified},
};
use plimsoll_core::ports::{FailureClass, Journal};

use super::policy::public_key;
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, STRONG, WAITING},
    session::{Access, Session},
};

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The image: REPOSITORY[:TAG][@DIGEST], or oci:FOLDER[:TAG][@DIGEST] for a layout.
    image: String,
    /// A public key: only what was signed with it counts; repeatable.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// It was built from this repository: its web address or short name.
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// It was built from this commit: the id, or at least seven digits of it.
    #[arg(long, value_name = "ID")]
    commit: Option<String>,
    /// This policy gave its tags: the digest, or the reference as in the configuration.
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    /// It was allowed into this environment.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// This policy was among those who allowed it there: the digest or the reference; repeatable.
    #[arg(long = "promotion-policy", value_name = "POLICY", requires = "environment")]
    promotion_policies: Vec<String>,
    /// Compares with no journal, though the configuration names the one of this image.
    #[arg(long)]
    no_journal: bool,
}

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
