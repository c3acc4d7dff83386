//! The simple signing payload: what cosign signs of a container image, and of any artifact (containers/image, "Container
//! signature format").

use plimsoll_core::digest::Digest;
use serde::Deserialize;
use serde_json::json;

/// Media type of a payload in a registry.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// What cosign writes as the kind of the signature.
const KIND: &str = "cosign container image signature";

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: Digest,
}

/// The payload for an artifact. `repository` is where it was signed; who verifies does not rely on it, for an artifact may be
/// copied with its signatures.
pub(crate) fn payload(repository: &str, digest: &Digest) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": repository },
            "image": { "docker-manifest-digest": digest.to_string() },
            "type": KIND,
        },
        "optional": null,
    });
    payload.to_string().into_bytes()
}

/// The digest that a payload speaks of.
pub(crate) fn digest(payload: &[u8]) -> Result<Digest, String> {
    let Payload { critical } = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    if critical.kind != KIND {
        return Err(format!("it is a `{}`", critical.kind));
    }
    Ok(critical.image.digest)
}
