//! Policies, and what they may ask the host.

use async_trait::async_trait;

use crate::{
    contract::{Derivation, Label, PromotionRequest, TaggingRequest, Verdict},
    decision::{Decided, LookupFailure, PastDeployment, PastRelease, PolicyIdentity},
};

/// A policy that derives tags.
pub trait TaggingPolicy: Send + Sync {
    /// Which one it is.
    fn identity(&self) -> &PolicyIdentity;

    /// Asks it. Blocks for as long as the policy's time budget allows.
    fn derive(&self, request: &TaggingRequest) -> Decided<Derivation>;
}

/// A policy that decides on promotions.
pub trait PromotionPolicy: Send + Sync {
    /// Which one it is.
    fn identity(&self) -> &PolicyIdentity;

    /// Asks it. Blocks for as long as the policy's time budget allows.
    fn decide(&self, request: &PromotionRequest) -> Decided<Verdict>;
}

/// What stands behind the capability `registry`.
#[async_trait]
pub trait RegistryReader: Send + Sync {
    /// All tags of a repository.
    async fn tags(&self, repository: &str) -> Result<Vec<String>, LookupFailure>;

    /// The digest that a tag points to.
    async fn digest(&self, repository: &str, tag: &str) -> Result<Option<String>, LookupFailure>;

    /// The labels of an image.
    async fn labels(&self, repository: &str, digest: &str) -> Result<Option<Vec<Label>>, LookupFailure>;
}

/// What stands behind the capability `history`.
#[async_trait]
pub trait HistoryReader: Send + Sync {
    /// Earlier releases, newest first.
    async fn releases(&self, limit: u32) -> Result<Vec<PastRelease>, LookupFailure>;

    /// Deployments into an environment, newest first.
    async fn deployments(&self, environment: &str, limit: u32) -> Result<Vec<PastDeployment>, LookupFailure>;
}
