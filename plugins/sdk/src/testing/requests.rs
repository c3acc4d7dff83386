//! Requests to start a test from. All fields are public: change what the test is about.

use crate::types::{
    Commit, Environment, GitRef, Image, Intent, Label, Moment, Passage, PassageState, PromotionRequest,
    PullRequest, Repository, Running, Source, TaggingRequest, Trigger, Weekday,
};

/// 2024-03-05T12:00:00Z, a Tuesday.
const NOON: i64 = 1_709_640_000;

/// A push of a branch of `contoso/website`, whose default branch is `main`, without tags and with empty settings.
///
/// ```
/// let mut request = plimsoll_sdk::testing::push("main");
/// request.source.tags = vec!["v1.2.3".to_owned()];
/// ```
#[must_use]
pub fn push(branch: &str) -> TaggingRequest {
    request(source(Trigger::Push, GitRef::Branch(branch.to_owned()), Vec::new()))
}

/// A push of a tag alone, as providers report it: the event names no branch.
///
/// ```
/// let request = plimsoll_sdk::testing::push_of_tag("v1.2.3");
/// assert_eq!(request.source.tags, ["v1.2.3"]);
/// ```
#[must_use]
pub fn push_of_tag(tag: &str) -> TaggingRequest {
    request(source(Trigger::Push, GitRef::Tag(tag.to_owned()), vec![tag.to_owned()]))
}

/// A pull request into `main` from a branch of the same repository.
///
/// ```
/// let request = plimsoll_sdk::testing::pull_request(7);
/// ```
#[must_use]
pub fn pull_request(number: u64) -> TaggingRequest {
    let details = PullRequest {
        number,
        base: "main".to_owned(),
        head: "new-colours".to_owned(),
        head_commit: Some("b".repeat(40)),
        from_fork: false,
    };
    request(source(Trigger::PullRequest(details), GitRef::PullRequest(number), Vec::new()))
}

/// A promotion of an image that a push of `main` made: with `latest` alone, or with a version's tag too. It runs in
/// `staging` for an hour; `production`, which comes after it, is empty.
///
/// ```
/// let request = plimsoll_sdk::testing::promotion(Some("v1.2.3"), "production");
/// assert_eq!(request.image.version.as_deref(), Some("1.2.3"));
/// ```
#[must_use]
pub fn promotion(tag: Option<&str>, environment: &str) -> PromotionRequest {
    let git_tags: Vec<String> = tag.map(str::to_owned).into_iter().collect();
    let version = tag.map(|tag| tag.strip_prefix('v').unwrap_or(tag).to_owned());
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let image_tags: Vec<String> = git_tags.iter().cloned().chain(["latest".to_owned()]).collect();
    let running = Running {
        release: "r-0123456789ab".to_owned(),
        digest: digest.clone(),
        tags: image_tags.clone(),
        version: version.clone(),
        since: NOON - 3_600,
        healthy_since: Some(NOON - 3_540),
    };
    PromotionRequest {
        image: Image {
            repository: "ghcr.io/contoso/website".to_owned(),
            digest: Some(digest),
            tags: image_tags,
            version,
            labels: vec![Label::new("org.opencontainers.image.revision", commit().id)],
        },
        source: source(Trigger::Push, GitRef::Branch("main".to_owned()), git_tags),
        intent: Intent::Promote,
        environment: environment.to_owned(),
        environments: vec![
            Environment { name: "staging".to_owned(), after: Vec::new(), running: Some(running) },
            Environment { name: "production".to_owned(), after: vec!["staging".to_owned()], running: None },
        ],
        passages: vec![Passage {
            environment: "staging".to_owned(),
            state: PassageState::Deployed,
            since: NOON - 3_600,
            healthy_since: Some(NOON - 3_540),
        }],
        approvals: Vec::new(),
        evidence: Vec::new(),
        now: now(),
        settings: "{}".to_owned(),
    }
}

/// The commit that these requests are about.
///
/// ```
/// assert_eq!(plimsoll_sdk::testing::commit().id.len(), 40);
/// ```
#[must_use]
pub fn commit() -> Commit {
    Commit {
        id: "a".repeat(40),
        time: NOON - 7_200,
        author: Some("Contoso Web Team".to_owned()),
        message: Some("Use the new colours\n".to_owned()),
    }
}

fn source(trigger: Trigger, git_ref: GitRef, tags: Vec<String>) -> Source {
    Source {
        repository: Repository {
            name: "contoso/website".to_owned(),
            url: Some("https://github.com/contoso/website".to_owned()),
            default_branch: Some("main".to_owned()),
            description: None,
            license: None,
        },
        trigger,
        git_ref,
        commit: commit(),
        tags,
        actor: None,
        dirty: false,
        facts: Vec::new(),
    }
}

fn request(source: Source) -> TaggingRequest {
    TaggingRequest {
        source,
        repositories: vec!["ghcr.io/contoso/website".to_owned()],
        now: now(),
        settings: "{}".to_owned(),
    }
}

fn now() -> Moment {
    Moment {
        unix: NOON,
        time_zone: "UTC".to_owned(),
        offset: 0,
        year: 2024,
        month: 3,
        day: 5,
        weekday: Weekday::Tuesday,
        hour: 12,
        minute: 0,
        second: 0,
    }
}
