//! The event that a command is about.

use plimsoll_app::{
    events::{self, EventSource, Overrides, parse_ref},
    host::Host,
    release::Event,
};
use plimsoll_core::{
    contract::{Intent, Source, Trigger},
    ports::{FailureClass, PortFailure},
};

use crate::{
    arguments::{EventArguments, EventKind, FactArguments, TriggerKind},
    failure::Failure,
    output::{PLAIN, WAITING},
    session::{Session, time},
};

/// Reads the event, and says what people should know about it.
pub(crate) fn read(session: &Session, host: &Host, arguments: &EventArguments) -> Result<Event, Failure> {
    let from = match arguments.event {
        EventKind::Git => EventSource::Git,
        EventKind::Github => EventSource::Github { repository: arguments.repository.clone() },
        EventKind::Flags => EventSource::Flags,
    };
    let variables = |name: &str| session.world.variable(name);
    let event = events::read(host, &from, &variables, &overrides(&arguments.facts)?)?;
    if !session.quiet() {
        for note in &event.notes {
            tell!("{WAITING}note:{PLAIN} {note}");
        }
    }
    // What is not in the commit may differ each time: a dirty tree is an event of its own whenever it is released.
    let occurrence = if event.source.dirty {
        Some(format!("{}dirty at {}", event.occurrence.unwrap_or_default(), session.clock.now()))
    } else {
        event.occurrence
    };
    Ok(Event { source: event.source, occurrence, intent: Intent::Promote })
}

/// Refuses to build anything but the event's own commit.
pub(crate) fn require_checkout(host: &Host, source: &Source) -> Result<(), Failure> {
    let Some(head) = events::other_checkout(host, source)? else { return Ok(()) };
    let wanted = &source.commit.id;
    Err(Failure::new(
        FailureClass::User,
        format!("the event is about commit {wanted}, but {head} is checked out: the image would hold the wrong files"),
    )
    .hint(format!("check it out first: git checkout {wanted}")))
}

/// Refuses to work with files that no commit holds; `changed` says whether there are such files, and nobody allowed them.
pub(crate) fn require_committed(changed: bool) -> Result<(), Failure> {
    if !changed {
        return Ok(());
    }
    Err(Failure::new(
        FailureClass::User,
        "the working tree holds changes that are not in the commit: the image would not be what the commit says",
    )
    .hint("commit or stash them, or release them knowingly with --allow-dirty"))
}

fn overrides(facts: &FactArguments) -> Result<Overrides, Failure> {
    Ok(Overrides {
        repository: facts.repository_name.clone(),
        url: facts.repository_url.clone(),
        default_branch: facts.default_branch.clone(),
        trigger: facts.trigger.map(trigger),
        git_ref: facts.git_ref.as_deref().map(parse_ref).transpose().map_err(PortFailure::from)?,
        commit: facts.commit.clone(),
        commit_date: facts.commit_date.as_deref().map(|text| time("--commit-date", text)).transpose()?,
        tags: Some(facts.git_tags.clone()).filter(|tags| !tags.is_empty()),
        actor: facts.actor.clone(),
    })
}

const fn trigger(kind: TriggerKind) -> Trigger {
    match kind {
        TriggerKind::Push => Trigger::Push,
        TriggerKind::Schedule => Trigger::Schedule,
        TriggerKind::Manual => Trigger::Manual,
    }
}
