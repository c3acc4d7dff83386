//! Artifacts that refer to another one, such as signatures (OCI distribution specification 1.1, "Listing Referrers").

use async_trait::async_trait;
use oci_client::RegistryOperation;
use plimsoll_core::{
    digest::Digest,
    ports::{Attached, Attachment, PortFailure, Referrer, Referrers},
};

use crate::{
    artifact::Artifact, connection::Ask, error::RegistryError, layout_repository::LayoutRepository,
    repository::RegistryRepository,
};

impl RegistryRepository {
    /// The artifacts that refer to the one with this digest: from the registry's list, or from the tag that stands for the list
    /// where a registry has none. None at all where neither is there. An entry whose digest is not SHA-256 is left out.
    ///
    /// # Errors
    /// The registry could not be asked, or answers with something else.
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Referrer>, RegistryError> {
        let connection = &self.connection;
        let session = connection.session().await?;
        let what = format!("what refers to {digest} in {}", self.name.path());
        let reference = self.reference(&digest.to_string());
        let ask = Ask { reference: &reference, operation: RegistryOperation::Pull, what: &what };
        let list = || session.client.pull_referrers(&reference, None);
        let Some(index) = RegistryError::optional(connection.retrying(|| connection.ask(&ask, list)).await)?
        else {
            return Ok(Vec::new());
        };
        let referrer = |entry: oci_client::manifest::ImageIndexEntry| {
            Some(Referrer {
                digest: entry.digest.parse().ok()?,
                artifact_type: entry.artifact_type,
                annotations: entry.annotations.unwrap_or_default(),
            })
        };
        Ok(index.manifests.into_iter().filter_map(referrer).collect())
    }
}

#[async_trait]
impl Referrers for RegistryRepository {
    async fn attach(&self, subject: &Digest, attachment: &Attachment) -> Result<Digest, PortFailure> {
        Ok(self.put_beside(subject, attachment).await?)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, PortFailure> {
        Ok(self.referrers(subject).await?)
    }

    async fn attached(&self, referrer: &Digest, most: u64) -> Result<Option<Attached>, PortFailure> {
        let Some(artifact) = self.artifact(&referrer.to_string()).await? else { return Ok(None) };
        let Some((digest, attached)) = only_part(artifact, most) else { return Ok(None) };
        Ok(Some(Attached { content: self.blob(&digest, most).await?, ..attached }))
    }
}

#[async_trait]
impl Referrers for LayoutRepository {
    async fn attach(&self, subject: &Digest, attachment: &Attachment) -> Result<Digest, PortFailure> {
        Ok(self.put_beside(*subject, attachment.clone()).await?)
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>, PortFailure> {
        let subject = *subject;
        Ok(self.read(move |layout| Ok(layout.referrers(&subject)?)).await?.unwrap_or_default())
    }

    async fn attached(&self, referrer: &Digest, most: u64) -> Result<Option<Attached>, PortFailure> {
        let referrer = *referrer;
        let read = self.read(move |layout| {
            let manifest = layout.read_blob(&referrer, plimsoll_layout::manifest::LARGEST_MANIFEST)?;
            let Some((digest, attached)) = Artifact::parse(manifest).ok().and_then(|it| only_part(it, most))
            else {
                return Ok(None);
            };
            Ok(Some(Attached { content: layout.read_blob(&digest, most)?, ..attached }))
        });
        Ok(read.await?.flatten())
    }
}

/// The digest of an artifact's only part, when it is not larger than that, and what is known of it without its content.
fn only_part(artifact: Artifact, most: u64) -> Option<(Digest, Attached)> {
    let Artifact { subject, layers, .. } = artifact;
    let [layer] = <[_; 1]>::try_from(layers).ok()?;
    (layer.size <= most)
        .then(|| (layer.digest, Attached { subject, media_type: layer.media_type, content: Vec::new() }))
}
