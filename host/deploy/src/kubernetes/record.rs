//! What a cluster remembers of the deployments of one application to one environment: which objects there may be, and the
//! configurations that were healthy last.
//!
//! It lies in one Secret beside the objects, for manifests may hold secrets. So a host that is killed, or another one, knows
//! what to bring back and what to delete: the Secret is written before the first object is applied and again once all are
//! healthy. One object to read and write needs one right, where searching for labels would need the right to list every kind.

use std::{
    collections::HashSet,
    io::{Read as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use kube::core::GroupVersionKind;
use plimsoll_core::{digest::Digest, names::ReleaseId};
use serde_json::{Value, json};

use super::{
    identity::Owner,
    manifest::{Manifest, ObjectKey},
};

/// How many healthy configurations are kept: the last one, and the one before it, for the journal may not know the last one yet.
const KEPT: usize = 2;

/// How large the packed record may be, in bytes: a Secret takes 1 MiB, in base64 or not.
const LARGEST: usize = 700_000;

/// How large it may be unpacked, in bytes.
const LARGEST_UNPACKED: u64 = 256 << 20;

/// The key in the Secret.
const KEY: &str = "record";

/// The version of the form that is written below.
const FORMAT: u64 = 1;

/// An object that may be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Identity {
    pub(super) fn kind(&self) -> GroupVersionKind {
        GroupVersionKind::gvk(&self.group, &self.version, &self.kind)
    }

    pub(super) fn key(&self) -> ObjectKey {
        ObjectKey {
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    pub(super) fn of(manifest: &Manifest) -> Self {
        let ObjectKey { group, kind, namespace, name } = manifest.key();
        Self { group, version: manifest.kind.version.clone(), kind, namespace, name }
    }
}

/// What was applied, and turned out healthy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configuration {
    pub(super) release: ReleaseId,
    pub(super) digest: Digest,
    pub(super) objects: Vec<Value>,
}

/// The record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Record {
    /// Healthy configurations, the last one first.
    pub(super) healthy: Vec<Configuration>,
    /// Every object that may be there because a release applied it.
    pub(super) objects: Vec<Identity>,
}

impl Record {
    /// Notes objects that are about to be applied.
    pub(super) fn expect(&mut self, objects: impl IntoIterator<Item = Identity>) {
        self.objects.extend(objects);
        self.objects.sort();
        self.objects.dedup();
    }

    /// Notes a configuration that is healthy.
    pub(super) fn remember(&mut self, configuration: Configuration) {
        self.healthy.retain(|known| known.release != configuration.release);
        self.healthy.insert(0, configuration);
        self.healthy.truncate(KEPT);
    }

    /// The configuration of a release.
    pub(super) fn configuration(&self, release: &ReleaseId) -> Option<&Configuration> {
        self.healthy.iter().find(|known| known.release == *release)
    }

    /// The objects that are in the record and not among these.
    pub(super) fn others(&self, manifests: &[&Manifest]) -> Vec<Identity> {
        let keys: HashSet<_> = manifests.iter().map(|manifest| manifest.key()).collect();
        self.objects.iter().filter(|object| !keys.contains(&object.key())).cloned().collect()
    }

    /// The Secret to write. Configurations that do not fit are left out, the older one first; the second value says whether the
    /// last one fits.
    pub(super) fn to_secret(&self, name: &str, namespace: &str, owner: &Owner) -> (Value, bool) {
        let mut record = self.clone();
        let packed = loop {
            let packed = pack(&record.to_json());
            if packed.len() <= LARGEST || record.healthy.pop().is_none() {
                break packed;
            }
        };
        let mut secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "plimsoll.dev/record",
            "metadata": {"name": name, "namespace": namespace},
            "data": {KEY: STANDARD.encode(packed)},
        });
        owner.mark(&mut secret, None);
        (secret, record.healthy.first() == self.healthy.first())
    }

    /// Reads what was written; the problem, when it is anything else.
    pub(super) fn from_secret(secret: &Value) -> Result<Self, &'static str> {
        let text = secret["data"][KEY].as_str().ok_or("it has no key `record`")?;
        let packed = STANDARD.decode(text).map_err(|_| "it is no base64")?;
        let mut bytes = Vec::new();
        GzDecoder::new(packed.as_slice())
            .take(LARGEST_UNPACKED)
            .read_to_end(&mut bytes)
            .map_err(|_| "it cannot be unpacked")?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| "it is no JSON")?;
        if value["format"] != FORMAT {
            return Err("another version of Plimsoll wrote it");
        }
        Self::from_json(&value).ok_or("it lacks something")
    }

    fn to_json(&self) -> Value {
        let healthy = self
            .healthy
            .iter()
            .map(|one| json!({"release": one.release, "digest": one.digest, "objects": one.objects}));
        let objects = self.objects.iter().map(|one| {
            json!({"group": one.group, "version": one.version, "kind": one.kind, "namespace": one.namespace, "name": one.name})
        });
        json!({"format": FORMAT, "healthy": healthy.collect::<Vec<_>>(), "objects": objects.collect::<Vec<_>>()})
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let configuration = |value: &Value| {
            Some(Configuration {
                release: value["release"].as_str()?.parse().ok()?,
                digest: value["digest"].as_str()?.parse().ok()?,
                objects: value["objects"].as_array()?.clone(),
            })
        };
        let identity = |value: &Value| {
            Some(Identity {
                group: text(&value["group"])?,
                version: text(&value["version"])?,
                kind: text(&value["kind"])?,
                namespace: text(&value["namespace"]),
                name: text(&value["name"])?,
            })
        };
        Some(Self {
            healthy: value["healthy"].as_array()?.iter().map(configuration).collect::<Option<_>>()?,
            objects: value["objects"].as_array()?.iter().map(identity).collect::<Option<_>>()?,
        })
    }
}

fn pack(value: &Value) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail; if it did, the record would be found unreadable rather than wrong.
    let _ = packer.write_all(value.to_string().as_bytes());
    packer.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use plimsoll_core::names::EnvironmentName;
    use proptest::prelude::*;

    use super::*;
    use crate::kubernetes::manifest::tests::manifest;

    fn owner() -> Owner {
        Owner::new(&EnvironmentName::new("production").unwrap(), &"contoso/website".parse().unwrap())
    }

    fn configuration(number: u8, objects: Vec<Value>) -> Configuration {
        let release = ReleaseId::new(format!("r-{number:012x}")).unwrap();
        Configuration { release, digest: Digest::of(&[number]), objects }
    }

    #[test]
    fn the_last_two_healthy_releases_are_remembered() {
        let mut record = Record::default();
        for number in [1, 2, 2, 3] {
            record.remember(configuration(number, Vec::new()));
        }
        let kept: Vec<_> = record.healthy.iter().map(|one| one.release.as_str()).collect();
        assert_eq!(kept, ["r-000000000003", "r-000000000002"]);
    }

    #[test]
    fn what_is_too_large_is_left_out_and_said() {
        // Digests do not pack, so this one does not fit and the small one does.
        let noise: Vec<_> =
            (0_u32..30_000).map(|number| Value::from(Digest::of(&number.to_be_bytes()).hex())).collect();
        let mut record = Record::default();
        record.remember(configuration(1, noise));
        record.remember(configuration(2, vec![json!({})]));
        let (secret, kept) = record.to_secret("a", "b", &owner());
        assert!(kept);
        assert_eq!(Record::from_secret(&secret).unwrap().healthy, record.healthy[..1]);
        record.healthy.remove(0);
        let (secret, kept) = record.to_secret("a", "b", &owner());
        assert!(!kept);
        assert_eq!(Record::from_secret(&secret).unwrap().healthy, []);
    }

    #[test]
    fn what_others_wrote_is_refused() {
        let other = |value: &Value| json!({"data": {"record": STANDARD.encode(pack(value))}});
        assert!(Record::from_secret(&json!({})).is_err());
        assert!(Record::from_secret(&json!({"data": {"record": "AAAA"}})).is_err());
        assert!(Record::from_secret(&other(&json!({"format": 2}))).unwrap_err().contains("another version"));
        assert!(Record::from_secret(&other(&json!({"format": 1, "healthy": []}))).is_err());
    }

    #[test]
    fn an_object_that_only_changed_its_version_is_no_other() {
        let object = |version: &str| json!({"apiVersion": format!("example.com/{version}"), "kind": "Site", "metadata": {"name": "a"}});
        let (old, new) = (manifest(object("v1")), manifest(object("v2")));
        let mut record = Record::default();
        record.expect([Identity::of(&old)]);
        assert_eq!(record.others(&[&new]), []);
        assert_eq!(record.others(&[]), [Identity::of(&old)]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(names in prop::collection::vec("[ -~é]{0,20}", 0..6), namespace in prop::option::of("[a-z]{1,9}")) {
            let mut record = Record::default();
            record.remember(configuration(1, names.iter().map(|name| json!({"name": name})).collect()));
            record.expect(names.into_iter().map(|name| Identity {
                group: String::new(), version: "v1".to_owned(), kind: "Secret".to_owned(), namespace: namespace.clone(), name,
            }));
            let (secret, kept) = record.to_secret("a", "b", &owner());
            prop_assert!(kept && owner().owns(&secret));
            prop_assert_eq!(Record::from_secret(&secret).unwrap(), record);
        }
    }
}
