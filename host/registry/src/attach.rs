//! Putting something beside an image: an artifact that refers to it, and its place in the list of what refers to it (OCI
//! distribution specification 1.1, "Pushing Manifests with Subject").

use plimsoll_core::{
    digest::Digest,
    ports::{Attachment, Silent},
};
use plimsoll_layout::{
    Layout, LayoutError,
    manifest::{LARGEST_MANIFEST, OCI_INDEX, OCI_MANIFEST},
};
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use crate::{
    error::RegistryError, layout_repository::LayoutRepository, repository::RegistryRepository,
    waiting::blocking,
};

/// The configuration of what has none (OCI image specification 1.1, "Guidance for an Empty Descriptor").
const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");
/// By which a registry says that it keeps a list of what refers to a manifest (OCI distribution specification 1.1, "Pushing
/// Manifests with Subject").
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// How often the list is written until our entry stays in it: others may write it at the same time.
const MOST_WRITES: usize = 16;

impl RegistryRepository {
    /// See `Referrers::attach`.
    pub(crate) async fn put_beside(
        &self,
        subject: &Digest,
        attachment: &Attachment,
    ) -> Result<Digest, RegistryError> {
        let target = subject.to_string();
        let (bytes, _) = self.manifest(&target).await?;
        let subject_entry = entry(self.parse(&target, &bytes)?.media_type(), subject, bytes.len() as u64);
        let attachment = attachment.clone();
        let kind = attachment.media_type.clone();
        let annotations = attachment.annotations.clone();
        // The way of every image: from a layout.
        let (folder, written) = blocking(move || {
            let folder = tempfile::tempdir().map_err(|source| LayoutError::Io {
                action: "make a folder in",
                path: std::env::temp_dir(),
                source,
            })?;
            let layout = Layout::open_or_create(folder.path())?;
            let written = write(&layout, &subject_entry, &attachment)?;
            Ok::<_, LayoutError>((folder, written))
        })
        .await?;
        let Written { manifest: bytes, referrer, parts } = written;
        for part in parts {
            self.push_ahead(folder.path(), &part, &Silent).await?;
        }
        let answer = self.put_manifest(&referrer.to_string(), &bytes, &referrer).await?;
        // A registry that keeps a list of its own says so. Where neither its word nor its list knows of the referrer, a tag stands
        // for the list.
        let keeps_list = answer.get(SUBJECT).is_some_and(|named| named.as_bytes() == target.as_bytes());
        if !keeps_list && !self.referrers(subject).await?.iter().any(|listed| listed.digest == referrer) {
            let mut entry = entry(OCI_MANIFEST, &referrer, bytes.len() as u64);
            entry["artifactType"] = json!(kind);
            entry["annotations"] = json!(annotations);
            self.list_under_tag(subject, &referrer, &entry).await?;
        }
        Ok(referrer)
    }

    /// Adds an entry to the list that a tag stands for (OCI distribution specification 1.1, "Referrers Tag Schema"). What others
    /// wrote stays; and it is read again until the entry is in it, for they may have written at the same time. Registries know no write on a
    /// condition: what others write between the last look and ours is lost, and they look again as we do.
    async fn list_under_tag(
        &self,
        subject: &Digest,
        referrer: &Digest,
        entry: &Value,
    ) -> Result<(), RegistryError> {
        let tag = tag(subject);
        for _ in 0..MOST_WRITES {
            let there = RegistryError::optional(self.manifest(&tag).await)?;
            let mut list = match &there {
                Some((bytes, _)) => serde_json::from_slice(bytes).unwrap_or_default(),
                None => json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] }),
            };
            let Some(entries) = list.get_mut("manifests").and_then(Value::as_array_mut) else {
                return Err(self
                    .connection
                    .nonsense(&self.call(&tag), "something else than a list".to_owned()));
            };
            if entries.iter().any(|entry| entry["digest"] == json!(referrer)) {
                return Ok(());
            }
            entries.push(entry.clone());
            let bytes = list.to_string().into_bytes();
            if bytes.len() as u64 > LARGEST_MANIFEST {
                return Err(self.connection.nonsense(&self.call(&tag), "a list that is full".to_owned()));
            }
            // Not over what others wrote meanwhile.
            if self.find(&tag).await? != there.map(|(_, digest)| digest) {
                continue;
            }
            match self.put_manifest(&tag, &bytes, &Digest::of(&bytes)).await {
                // Somebody else wrote right after us.
                Ok(_) | Err(RegistryError::WrongDigest { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(self.connection.nonsense(&self.call(&tag), "a list that loses what is added to it".to_owned()))
    }
}

impl LayoutRepository {
    /// See `Referrers::attach`.
    pub(crate) async fn put_beside(
        &self,
        subject: Digest,
        attachment: Attachment,
    ) -> Result<Digest, RegistryError> {
        let root = self.root().to_owned();
        let attach = move || {
            let layout = Layout::open(&root)?;
            let manifest = layout.read_manifest(&subject)?;
            let size = layout.has_blob(&subject)?.unwrap_or_default();
            let subject = entry(manifest.media_type(), &subject, size);
            let Written { referrer, .. } = write(&layout, &subject, &attachment)?;
            layout.add_referrer(&referrer, &attachment.media_type, &attachment.annotations)?;
            Ok::<_, LayoutError>(referrer)
        };
        Ok(blocking(attach).await?)
    }
}

/// Whether a tag stands for a list of referrers: it is no tag of an image.
pub(crate) fn is_list(tag: &str) -> bool {
    tag.strip_prefix("sha256-").is_some_and(|hex| format!("sha256:{hex}").parse::<Digest>().is_ok())
}

/// The tag that stands for the list of what refers to a digest.
pub(crate) fn tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

/// An artifact that was written into a layout.
struct Written {
    manifest: Vec<u8>,
    referrer: Digest,
    parts: [Digest; 2],
}

/// An artifact of one part that refers to something, in a layout. The same attachment gives the same bytes.
fn write(layout: &Layout, subject: &Value, attachment: &Attachment) -> Result<Written, LayoutError> {
    let Attachment { media_type, content, annotations } = attachment;
    let (configuration, configuration_size) = layout.write_blob(EMPTY.1)?;
    let (part, size) = layout.write_blob(content)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": media_type,
        "config": entry(EMPTY.0, &configuration, configuration_size),
        "layers": [entry(media_type, &part, size)],
        "subject": subject,
        "annotations": annotations,
    });
    let manifest = manifest.to_string().into_bytes();
    let (referrer, _) = layout.write_blob(&manifest)?;
    Ok(Written { manifest, referrer, parts: [configuration, part] })
}

/// A descriptor.
fn entry(media_type: &str, digest: &Digest, size: u64) -> Value {
    json!({ "mediaType": media_type, "digest": digest, "size": size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_told_from_tags_of_images() {
        let digest = Digest::of(b"image");
        assert!(is_list(&tag(&digest)));
        for image in ["latest", "sha256-", "sha256-00", &format!("{}.sig", tag(&digest)), &digest.hex()] {
            assert!(!is_list(image), "{image}");
        }
    }
}
