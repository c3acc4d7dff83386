//! The demo's base image: nginx from the public registry where that answers, else none.

use std::time::Duration;

use plimsoll_core::{names::Tag, ports::ImageRepository as _, reference::ImageReference};

use super::{repository::DemoRepository, say};
use crate::{failure::Failure, session::Session};

/// How the example's Dockerfile names its base.
const BASE: &str = "ARG BASE=";
/// How long the public registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Leaves the Dockerfile as it is when its base can be had, else lets it start from scratch, and says which.
pub(super) async fn choose(session: &Session, repository: &DemoRepository) -> Result<(), Failure> {
    let dockerfile = repository.read("Dockerfile")?;
    let base = dockerfile.lines().find_map(|line| line.strip_prefix(BASE)).unwrap_or("scratch").trim();
    if answers(session, base).await {
        say(&format!("The public registry answers: the image starts from {base}."));
        return Ok(());
    }
    say(&format!("The public registry does not answer, so the image starts from scratch instead of {base}:"));
    say("it holds the site but no web server. Everything else is as it would be.");
    let from_scratch = dockerfile.replacen(&format!("{BASE}{base}"), &format!("{BASE}scratch"), 1);
    repository.write("Dockerfile", from_scratch.as_bytes())
}

async fn answers(session: &Session, base: &str) -> bool {
    let Ok(reference) = base.parse::<ImageReference>() else { return false };
    let Ok(tag) = reference.tag.map_or_else(|| Tag::new("latest"), Ok) else { return false };
    let Ok(registries) = session.registries() else { return false };
    let repository = registries.repository(reference.repository);
    let question = repository.resolve(&tag);
    matches!(tokio::time::timeout(PATIENCE, question).await, Ok(Ok(Some(_))))
}
