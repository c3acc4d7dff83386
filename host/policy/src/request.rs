//! Requests on their way in. Texts are lent, not copied: a question may be asked ten thousand times a second.

use plimsoll_core::contract::{
    Approval, Environment, Evidence, EvidenceOutcome, GitRef, Image, Intent, Justification, Label, Moment,
    Passage, PromotionRequest, Running, Source, TaggingRequest, Trigger, Weekday,
};

use crate::{
    bindings::{
        exports::plimsoll::policy::{promotion, tagging},
        plimsoll::policy::types,
    },
    capabilities::passage_state,
};

/// Lends a tagging request in the contract's form.
pub(crate) fn lend_tagging<R>(
    request: &TaggingRequest,
    then: impl FnOnce(tagging::TaggingRequest<'_>) -> R,
) -> R {
    let TaggingRequest { source, repositories, now, settings } = request;
    let tags = texts(&source.tags);
    let facts = labels(&source.facts);
    let repositories = texts(repositories);
    then(tagging::TaggingRequest {
        source: lend_source(source, &tags, &facts),
        repositories: &repositories,
        now: moment(now),
        settings,
    })
}

/// Lends a promotion request in the contract's form.
pub(crate) fn lend_promotion<R>(
    request: &PromotionRequest,
    then: impl FnOnce(promotion::PromotionRequest<'_>) -> R,
) -> R {
    let source_tags = texts(&request.source.tags);
    let facts = labels(&request.source.facts);
    let image_tags = texts(&request.image.tags);
    let labels = labels(&request.image.labels);
    let lists: Vec<_> = request.environments.iter().map(EnvironmentTexts::of).collect();
    let environments: Vec<_> =
        request.environments.iter().zip(&lists).map(|(one, lists)| environment(one, lists)).collect();
    let passages: Vec<_> = request.passages.iter().map(passage).collect();
    let approvals: Vec<_> = request.approvals.iter().map(approval).collect();
    let evidence: Vec<_> = request.evidence.iter().map(piece_of_evidence).collect();
    then(promotion::PromotionRequest {
        source: lend_source(&request.source, &source_tags, &facts),
        image: image(&request.image, &image_tags, &labels),
        intent: intent(&request.intent),
        environment: &request.environment,
        environments: &environments,
        passages: &passages,
        approvals: &approvals,
        evidence: &evidence,
        now: moment(&request.now),
        settings: &request.settings,
    })
}

fn labels(labels: &[Label]) -> Vec<types::LabelParam<'_>> {
    labels.iter().map(label).collect()
}

fn texts(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn lend_source<'a>(
    source: &'a Source,
    tags: &'a [&'a str],
    facts: &'a [types::LabelParam<'a>],
) -> types::Source<'a> {
    let Source { repository, trigger, git_ref, commit, tags: _, actor, dirty, facts: _ } = source;
    types::Source {
        repository: types::Repository {
            name: &repository.name,
            url: repository.url.as_deref(),
            default_branch: repository.default_branch.as_deref(),
            description: repository.description.as_deref(),
            license: repository.license.as_deref(),
        },
        trigger: lend_trigger(trigger),
        git_ref: match git_ref {
            GitRef::Branch(name) => types::GitRefParam::Branch(name),
            GitRef::Tag(name) => types::GitRefParam::Tag(name),
            GitRef::PullRequest(number) => types::GitRefParam::PullRequest(*number),
            GitRef::Detached => types::GitRefParam::Detached,
        },
        commit: types::Commit {
            id: &commit.id,
            time: commit.time,
            author: commit.author.as_deref(),
            message: commit.message.as_deref(),
        },
        tags,
        actor: actor.as_deref(),
        dirty: *dirty,
        facts,
    }
}

fn lend_trigger(trigger: &Trigger) -> types::Trigger<'_> {
    match trigger {
        Trigger::Push => types::Trigger::Push,
        Trigger::PullRequest(pull) => types::Trigger::PullRequest(types::PullRequest {
            number: pull.number,
            base: &pull.base,
            head: &pull.head,
            head_commit: pull.head_commit.as_deref(),
            from_fork: pull.from_fork,
        }),
        Trigger::Schedule => types::Trigger::Schedule,
        Trigger::Manual => types::Trigger::Manual,
        Trigger::PublishedRelease(release) => {
            types::Trigger::PublishedRelease(types::PublishedRelease { prerelease: release.prerelease })
        }
        Trigger::Other(name) => types::Trigger::Other(name),
    }
}

fn moment(moment: &Moment) -> types::Moment<'_> {
    let Moment { unix, time_zone, offset, year, month, day, weekday, hour, minute, second } = moment;
    types::Moment {
        unix: *unix,
        time_zone,
        offset: *offset,
        year: *year,
        month: *month,
        day: *day,
        weekday: match weekday {
            Weekday::Monday => types::Weekday::Monday,
            Weekday::Tuesday => types::Weekday::Tuesday,
            Weekday::Wednesday => types::Weekday::Wednesday,
            Weekday::Thursday => types::Weekday::Thursday,
            Weekday::Friday => types::Weekday::Friday,
            Weekday::Saturday => types::Weekday::Saturday,
            Weekday::Sunday => types::Weekday::Sunday,
        },
        hour: *hour,
        minute: *minute,
        second: *second,
    }
}

fn label(label: &Label) -> types::LabelParam<'_> {
    types::LabelParam { name: &label.name, value: &label.value }
}

fn image<'a>(
    image: &'a Image,
    tags: &'a [&'a str],
    labels: &'a [types::LabelParam<'a>],
) -> promotion::Image<'a> {
    promotion::Image {
        repository: &image.repository,
        digest: image.digest.as_deref(),
        tags,
        version: image.version.as_deref(),
        labels,
    }
}

fn intent(intent: &Intent) -> promotion::Intent<'_> {
    match intent {
        Intent::Promote => promotion::Intent::Promote,
        Intent::Rollback => promotion::Intent::Rollback,
        Intent::Hotfix(reason) => promotion::Intent::Hotfix(justification(reason)),
        Intent::BreakGlass(reason) => promotion::Intent::BreakGlass(justification(reason)),
    }
}

fn justification(justification: &Justification) -> promotion::Justification<'_> {
    let Justification { by, reason, expires } = justification;
    promotion::Justification { by, reason, expires: *expires }
}

/// The lists of texts of an environment.
struct EnvironmentTexts<'a> {
    after: Vec<&'a str>,
    running_tags: Vec<&'a str>,
}

impl<'a> EnvironmentTexts<'a> {
    fn of(environment: &'a Environment) -> Self {
        let running_tags = environment.running.as_ref().map_or(Vec::new(), |running| texts(&running.tags));
        Self { after: texts(&environment.after), running_tags }
    }
}

fn environment<'a>(
    environment: &'a Environment,
    lists: &'a EnvironmentTexts<'a>,
) -> promotion::Environment<'a> {
    let running = |running: &'a Running| promotion::Running {
        release: &running.release,
        digest: &running.digest,
        tags: &lists.running_tags,
        version: running.version.as_deref(),
        since: running.since,
        healthy_since: running.healthy_since,
    };
    promotion::Environment {
        name: &environment.name,
        after: &lists.after,
        running: environment.running.as_ref().map(running),
    }
}

fn passage(passage: &Passage) -> promotion::Passage<'_> {
    promotion::Passage {
        environment: &passage.environment,
        state: passage_state(passage.state),
        since: passage.since,
        healthy_since: passage.healthy_since,
    }
}

fn approval(approval: &Approval) -> promotion::Approval<'_> {
    promotion::Approval {
        by: &approval.by,
        at: approval.at,
        environment: approval.environment.as_deref(),
        rule: approval.rule.as_deref(),
        expires: approval.expires,
    }
}

fn piece_of_evidence(evidence: &Evidence) -> promotion::Evidence<'_> {
    promotion::Evidence {
        name: &evidence.name,
        outcome: match evidence.outcome {
            EvidenceOutcome::Passed => promotion::EvidenceOutcome::Passed,
            EvidenceOutcome::Failed => promotion::EvidenceOutcome::Failed,
            EvidenceOutcome::Unknown => promotion::EvidenceOutcome::Unknown,
        },
        value: evidence.value.as_deref(),
        at: evidence.at,
    }
}
