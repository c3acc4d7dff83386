//! Bringing a change onto a branch of the repository, whoever else pushes to it.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use plimsoll_core::ports::Deployment;
use tokio::time::sleep;

use super::{
    checkout::{Author, Blob, Checkout, Commit, Pushed},
    error::GitOpsError,
    message::{Message, own_base},
    options::GitOpsOptions,
    write::{Change, Writing, chosen, place, write},
};
use crate::{error::DeployError, files::Files};

/// How often a push is tried that somebody else is faster with, and the longest pause between two tries. The first pause
/// is a 32nd of it, each further one twice as long.
const TRIES: u32 = 12;
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Who commits when nobody is named.
const AUTHOR: &str = "Plimsoll <plimsoll@localhost>";

/// A change that is in the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    /// Whether it is on the branch that is followed, and not only on one for a pull request.
    pub(super) followed: bool,
    /// Where it is, for people.
    pub(super) location: String,
}

/// What to bring onto the branch, and what to say about it.
#[derive(Debug, Clone)]
pub(super) struct Order<'a> {
    change: Change,
    message: Message<'a>,
    version: Option<&'a str>,
    /// What has to be on the branch still.
    over: Option<Change>,
}

impl<'a> Order<'a> {
    /// The same, but only over a deployment that failed.
    pub(super) fn instead_of(mut self, failed: &'a Deployment, change: Change) -> Self {
        self.message.instead_of = Some(&failed.release);
        self.over = Some(change);
        self
    }
}

/// Brings changes into the repository of a target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Publisher<'a> {
    options: &'a GitOpsOptions,
}

impl<'a> Publisher<'a> {
    /// A publisher with the options of a target.
    pub(super) fn new(options: &'a GitOpsOptions) -> Self {
        Self { options }
    }

    /// What a deployment orders.
    pub(super) fn order<'b>(self, deployment: &'b Deployment, change: Change) -> Order<'b>
    where
        'a: 'b,
    {
        let version = deployment.version.as_deref();
        let message = Message {
            environment: &self.options.environment,
            repository: &deployment.repository,
            digest: &deployment.digest,
            version,
            release: &deployment.release,
            instead_of: None,
        };
        Order { change, message, version, over: None }
    }

    /// Brings a change onto its branch. Where it is already, nothing is done.
    pub(super) async fn publish(self, order: &Order<'_>) -> Result<Published, GitOpsError> {
        let request = self.request(order.message.release.as_str(), order.version)?;
        let author = self.author()?;
        let checkout = self.open().await?;
        let attempt = async || match &request {
            None => self.push_on(&checkout, order, &author).await,
            Some(request) => self.push_aside(&checkout, order, &author, request).await,
        };
        match attempt().await {
            Err(error) if error.may_be_damage() => {
                checkout.renew().await?;
                attempt().await
            }
            ended => ended,
        }
    }

    /// What the branch that is followed lacks of a change.
    pub(super) async fn missing(self, change: &Change) -> Result<Writing, GitOpsError> {
        let checkout = self.open().await?;
        let look = async || {
            let head = self.head(&checkout).await?;
            Ok(self.writing(&checkout, &head, change).await?.1)
        };
        match look().await {
            Err(error) if GitOpsError::may_be_damage(&error) => {
                checkout.renew().await?;
                look().await
            }
            ended => ended,
        }
    }

    /// The branch for a pull request, where a deployment waits on one to be merged.
    pub(super) async fn pending(self, deployment: &Deployment) -> Result<Option<String>, GitOpsError> {
        let version = deployment.version.as_deref();
        let Some(request) = self.request(deployment.release.as_str(), version)? else { return Ok(None) };
        let checkout = self.open().await?;
        let Some(head) = checkout.fetch(&request).await? else { return Ok(None) };
        let digest = format!("Plimsoll-Digest: {}", deployment.digest);
        let message = checkout.message(&head).await?;
        Ok(message.lines().any(|line| line == digest).then_some(request))
    }

    /// Pushes to the branch that is followed, each time on top of what is there.
    async fn push_on(
        self,
        checkout: &Checkout,
        order: &Order<'_>,
        author: &Author,
    ) -> Result<Published, GitOpsError> {
        let branch = &self.options.branch;
        for attempt in 0..TRIES {
            pause(attempt).await;
            let head = self.head(checkout).await?;
            self.check_over(checkout, &head, order).await?;
            let (blobs, writing) = self.writing(checkout, &head, &order.change).await?;
            if writing.new.is_empty() {
                return Ok(published(checkout, branch, &head, true));
            }
            let text = order.message.text(&writing.before, None);
            let commit = checkout.commit(&head, &changed(&blobs, &writing), &text, author).await?;
            if checkout.push(&commit, branch, None).await? == Pushed::Done {
                return Ok(published(checkout, branch, &commit, true));
            }
        }
        Err(GitOpsError::Raced { branch: branch.clone(), tries: TRIES })
    }

    /// Pushes one commit on top of the branch that is followed to another branch, for a pull request. What the host put
    /// there before is replaced; what anybody else did is not.
    async fn push_aside(
        self,
        checkout: &Checkout,
        order: &Order<'_>,
        author: &Author,
        request: &str,
    ) -> Result<Published, GitOpsError> {
        for attempt in 0..TRIES {
            pause(attempt).await;
            let base = self.head(checkout).await?;
            let (blobs, writing) = self.writing(checkout, &base, &order.change).await?;
            if writing.new.is_empty() {
                return Ok(published(checkout, &self.options.branch, &base, true));
            }
            let there = checkout.fetch(request).await?;
            if let Some(there) = &there {
                let message = checkout.message(there).await?;
                let is_current = own_base(&message) == Some(base.id())
                    && self.writing(checkout, there, &order.change).await?.1.new.is_empty();
                if is_current {
                    return Ok(published(checkout, request, there, false));
                }
                // A branch that was merged as it is, and one without work of its own, can be begun anew.
                if own_base(&message).is_none() && *there != base {
                    return Err(GitOpsError::ForeignBranch { branch: request.to_owned() });
                }
            }
            let text = order.message.text(&writing.before, Some(&base));
            let commit = checkout.commit(&base, &changed(&blobs, &writing), &text, author).await?;
            if checkout.push(&commit, request, Some(there.as_ref())).await? == Pushed::Done {
                return Ok(published(checkout, request, &commit, false));
            }
        }
        Err(GitOpsError::Raced { branch: request.to_owned(), tries: TRIES })
    }

    /// Goes on only where the branch holds what the order is to replace.
    async fn check_over(
        self,
        checkout: &Checkout,
        head: &Commit,
        order: &Order<'_>,
    ) -> Result<(), GitOpsError> {
        let Some(over) = &order.over else { return Ok(()) };
        let is_there = self.writing(checkout, head, over).await?.1.new.is_empty();
        if is_there { Ok(()) } else { Err(GitOpsError::MovedOn { branch: self.options.branch.clone() }) }
    }

    /// What is to be written into a commit, and the files as they are in it.
    async fn writing(
        self,
        checkout: &Checkout,
        head: &Commit,
        change: &Change,
    ) -> Result<(BTreeMap<PathBuf, Blob>, Writing), GitOpsError> {
        let (path, kind) = (self.path()?, &self.options.write);
        let blobs = chosen(kind, &path, checkout.files(head, &path).await?);
        if blobs.is_empty() {
            let branch = self.options.branch.clone();
            return Err(GitOpsError::PathMissing { branch, what: place(kind), path });
        }
        let writing = write(kind, &path, texts(&blobs)?, change)?;
        Ok((blobs, writing))
    }

    async fn open(self) -> Result<Checkout, GitOpsError> {
        check_branch("branch", &self.options.branch)?;
        if self.options.repository.contains(char::is_control) || self.options.repository.is_empty() {
            let problem = "it is no URL and no path";
            return Err(GitOpsError::Setting { key: "repository", value: String::new(), problem });
        }
        Checkout::open(&self.options.checkout, &self.options.repository).await
    }

    async fn head(self, checkout: &Checkout) -> Result<Commit, GitOpsError> {
        let branch = &self.options.branch;
        let (repository, unknown) = (checkout.repository().to_owned(), branch.clone());
        checkout.fetch(branch).await?.ok_or(GitOpsError::UnknownBranch { repository, branch: unknown })
    }

    fn author(self) -> Result<Author, GitOpsError> {
        let text = self.options.author.as_deref().unwrap_or(AUTHOR);
        let problem = "write a name and an address, as in `Plimsoll <plimsoll@example.com>`";
        Author::of(text).ok_or(GitOpsError::Setting { key: "author", value: text.to_owned(), problem })
    }

    /// The branch for a pull request.
    fn request(self, release: &str, version: Option<&str>) -> Result<Option<String>, GitOpsError> {
        let Some(pattern) = &self.options.pull_request else { return Ok(None) };
        let branch = pattern
            .replace("{environment}", self.options.environment.as_str())
            .replace("{release}", release)
            .replace("{version}", version.unwrap_or(release));
        check_branch("pull-request", &branch)?;
        if branch == self.options.branch {
            let problem = "it is the branch that is followed";
            return Err(GitOpsError::Setting { key: "pull-request", value: branch, problem });
        }
        Ok(Some(branch))
    }

    /// The path below the repository's root.
    fn path(self) -> Result<PathBuf, GitOpsError> {
        let path = &self.options.path;
        let is_below = |part: &Component| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(|part| is_below(&part)) {
            let (value, problem) = (path.display().to_string(), "it has to lie in the repository");
            return Err(GitOpsError::Setting { key: "path", value, problem });
        }
        Ok(path.components().filter(|part| matches!(part, Component::Normal(_))).collect())
    }
}

/// The rules of git-check-ref-format for what comes after `refs/heads/`.
fn check_branch(key: &'static str, branch: &str) -> Result<(), GitOpsError> {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_fine = branch.split('/').all(is_part)
        && !branch.ends_with('.')
        && !branch.contains("..")
        && !branch.contains("@{")
        && !branch.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c));
    let problem = "git takes no branch of this name";
    if is_fine { Ok(()) } else { Err(GitOpsError::Setting { key, value: branch.to_owned(), problem }) }
}

async fn pause(attempt: u32) {
    if attempt > 0 {
        sleep(LONGEST_PAUSE.min(LONGEST_PAUSE / 32 * 2_u32.pow(attempt - 1))).await;
    }
}

fn published(checkout: &Checkout, branch: &str, commit: &Commit, followed: bool) -> Published {
    let location = format!("{}, branch {branch}, commit {}", checkout.repository(), commit.short());
    Published { followed, location }
}

fn texts(blobs: &BTreeMap<PathBuf, Blob>) -> Result<Files, DeployError> {
    let text = |file: &Path, blob: &Blob| {
        String::from_utf8(blob.content.clone()).map_err(|_| DeployError::NotText { file: file.to_owned() })
    };
    blobs.iter().map(|(file, blob)| Ok((file.clone(), text(file, blob)?))).collect()
}

/// The files that change, with the modes that they have.
fn changed(blobs: &BTreeMap<PathBuf, Blob>, writing: &Writing) -> BTreeMap<PathBuf, Blob> {
    let new = |(file, text): (&PathBuf, &String)| Some((file.clone(), blobs.get(file)?.with(text)));
    writing.new.iter().filter_map(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_have_the_names_that_git_takes() {
        for branch in ["main", "plimsoll/production", "release/1.0+x", "-x", "ü"] {
            assert!(check_branch("branch", branch).is_ok(), "{branch}");
        }
        for branch in
            ["", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a..b", "a@{b", "a b", "a:b", "a.lock", "a~1", "a\n"]
        {
            assert!(check_branch("branch", branch).is_err(), "{branch}");
        }
    }
}
