//! What refers to an artifact: from the registry's list, or from the tag that stands for it.

use std::collections::BTreeMap;

use plimsoll_core::{digest::Digest, ports::Referrer};
use plimsoll_registry::RegistryError;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{server::Fault, setting::setting};

const SIGNATURE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn index(digests: &[&str]) -> Value {
    let entry = |digest: &&str| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1, "digest": digest,
            "artifactType": SIGNATURE,
        })
    };
    json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": digests.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn referrer(digest: Digest) -> Referrer {
    Referrer { digest, artifact_type: Some(SIGNATURE.to_owned()), annotations: BTreeMap::new() }
}

#[tokio::test]
async fn the_list_counts_and_where_there_is_none_the_tag() {
    let (server, image, repository) = setting().await;
    assert_eq!(repository.referrers(&image.digest).await.unwrap(), [], "neither is there");
    let (listed, tagged) = (Digest::of(b"listed"), Digest::of(b"tagged"));
    let tag = image.digest.to_string().replace(':', "-");
    let by_tag = index(&[&tagged.to_string()]).to_string().into_bytes();
    server.state().manifests.insert(tag, by_tag);
    assert_eq!(repository.referrers(&image.digest).await.unwrap(), [referrer(tagged)]);
    let by_list = index(&[&listed.to_string(), "sha512:00"]).to_string().into_bytes();
    server.state().referrers = Some(by_list);
    assert_eq!(repository.referrers(&image.digest).await.unwrap(), [referrer(listed)]);
}

#[tokio::test]
async fn a_registry_that_fails_or_denies_is_no_registry_without_referrers() {
    let (server, image, repository) = setting().await;
    server.state().referrers = Some(index(&[]).to_string().into_bytes());
    server.fault("GET /v2/site/referrers", Fault::Status(503, ""));
    assert_eq!(repository.referrers(&image.digest).await.unwrap(), [], "it is tried again");
    server.fault("GET /v2/site/referrers", Fault::Status(403, ""));
    let denied = repository.referrers(&image.digest).await;
    assert!(matches!(denied, Err(RegistryError::Denied { .. })), "{denied:?}");
    server.state().referrers = Some(b"no index".to_vec());
    let nonsense = repository.referrers(&image.digest).await;
    assert!(matches!(nonsense, Err(RegistryError::Nonsense { .. })), "{nonsense:?}");
}

/// Whatever a registry lists, it is read or refused.
#[test]
fn any_list_is_survived() {
    let runtime = Runtime::new().unwrap();
    let (server, image, repository) = runtime.block_on(setting());
    let piece = "(\\{|\\}|\\[|\\]|,|\"(manifests|digest|sha256:0|size)\":?|[0-9]|null|\\PC){0,20}";
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 64, ..Config::default() });
    let checked = runner.run(&piece.prop_map(String::into_bytes), |bytes| {
        server.state().referrers = Some(bytes);
        let _ = runtime.block_on(repository.referrers(&image.digest));
        Ok(())
    });
    checked.unwrap();
}
