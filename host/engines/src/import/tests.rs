use std::{io::Write as _, slice::from_ref};

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const AMD64: &str = "linux/amd64";

fn platforms(names: &[&str]) -> Vec<Platform> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A layout as engines write them.
#[derive(Default)]
struct Given(Vec<(String, Vec<u8>)>);

impl Given {
    fn blob(&mut self, content: &[u8]) -> Value {
        let digest = Digest::of(content);
        self.0.push((format!("blobs/sha256/{}", digest.hex()), content.to_owned()));
        json!({ "digest": digest.to_string(), "size": content.len() })
    }

    fn described(&mut self, media_type: &str, content: &Value) -> Value {
        let mut descriptor = self.blob(content.to_string().as_bytes());
        descriptor["mediaType"] = media_type.into();
        descriptor
    }

    fn image(&mut self, architecture: &str) -> Value {
        let kind = |kind: &str, mut descriptor: Value| {
            descriptor["mediaType"] = format!("application/vnd.oci.image.{kind}").into();
            descriptor
        };
        let config = kind(
            "config.v1+json",
            self.blob(format!("{{\"os\":\"linux\",\"architecture\":\"{architecture}\"}}").as_bytes()),
        );
        let layers = [
            kind("layer.v1.tar+gzip", self.blob(b"shared")),
            kind("layer.v1.tar+gzip", self.blob(architecture.as_bytes())),
        ];
        let manifest = json!({ "schemaVersion": 2, "mediaType": manifest::OCI_MANIFEST, "config": config, "layers": layers });
        let mut descriptor = self.described(manifest::OCI_MANIFEST, &manifest);
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        descriptor
    }

    fn attestation(&mut self) -> Value {
        let mut descriptor = self.image("unknown");
        descriptor["platform"]["os"] = "unknown".into();
        descriptor["annotations"] = json!({ ATTESTATION: "attestation-manifest" });
        descriptor
    }

    fn index(&mut self, manifests: &[Value]) -> Value {
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
        self.described(OCI_INDEX, &index)
    }

    fn offering(mut self, manifests: &[Value]) -> Self {
        let index = json!({ "schemaVersion": 2, "manifests": manifests });
        self.0.push(("index.json".to_owned(), index.to_string().into_bytes()));
        self
    }

    fn archive(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content) in &self.0 {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content.as_slice()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    /// Takes it in, as an archive and from a folder, which must come out the same.
    fn take(&self, wanted: &[&str]) -> Result<(BuiltImage, Layout), String> {
        let place = tempfile::tempdir().unwrap().keep();
        let source = place.join("source");
        for (path, content) in &self.0 {
            let path = source.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            File::create(path).unwrap().write_all(content).unwrap();
        }
        let [one, two] = ["one", "two"].map(|name| Layout::open_or_create(&place.join(name)).unwrap());
        let from_archive = archive(self.archive().as_slice(), &one, &platforms(wanted));
        let from_folder = folder(&source, &two, &platforms(wanted));
        let text = |error: EngineError| error.to_string();
        let (from_archive, from_folder) = (from_archive.map_err(text), from_folder.map_err(text));
        if from_archive.is_ok() {
            assert_eq!(from_archive, from_folder);
        }
        fs::remove_dir_all(&source).unwrap();
        from_archive.map(|built| (built, one))
    }
}

fn digest_in(descriptor: &Value) -> Digest {
    descriptor["digest"].as_str().unwrap().parse().unwrap()
}

#[test]
fn one_image_is_taken_out_of_what_lies_around_it() {
    let mut given = Given::default();
    let (image, attestation) = (given.image("amd64"), given.attestation());
    let index = given.index(&[image.clone(), attestation]);
    let outer = given.index(&[index]);
    let (built, layout) = given.offering(&[outer]).take(&[AMD64]).unwrap();
    assert_eq!(built.digest, digest_in(&image));
    assert_eq!(built.size, "sharedamd64".len() as u64);
    assert!(layout.references().unwrap().contains(&(None, built.digest)));
}

#[test]
fn several_images_stay_in_their_index() {
    let mut given = Given::default();
    let images = [given.image("amd64"), given.image("arm64")];
    let index = given.index(&images);
    let (built, _) = given.offering(from_ref(&index)).take(&[AMD64, "linux/arm64"]).unwrap();
    assert_eq!(built.digest, digest_in(&index));
    assert_eq!(built.size, "sharedamd64arm64".len() as u64);
}

#[test]
fn an_index_with_attestations_gives_one_without() {
    let mut given = Given::default();
    let images = [given.image("amd64"), given.image("arm64"), given.attestation()];
    let index = given.index(&images);
    let (built, layout) = given.offering(from_ref(&index)).take(&[AMD64, "linux/arm64"]).unwrap();
    assert_ne!(built.digest, digest_in(&index));
    let Manifest::Index(index) = layout.read_manifest(&built.digest).unwrap() else { panic!("an index") };
    let digests: Vec<_> = index.manifests().iter().map(|entry| entry.digest().to_string()).collect();
    assert_eq!(
        digests,
        images[..2].iter().map(|image| image["digest"].as_str().unwrap()).collect::<Vec<_>>()
    );
}

#[test]
fn nothing_is_taken_on_trust() {
    let mut given = Given::default();
    let image = given.image("amd64");
    let error = |given: Given, wanted: &[&str]| match given.take(wanted) {
        Ok(_) => panic!("this is no image"),
        Err(error) => error,
    };

    let whole = || Given(given.0.clone());
    assert!(error(whole(), &[AMD64]).contains("no index.json"));
    let mut changed = whole();
    changed.0[1].1 = b"sharks".to_vec();
    assert!(error(changed.offering(from_ref(&image)), &[AMD64]).contains("damaged or changed"));
    let mut missing = whole();
    missing.0.remove(1);
    assert!(error(missing.offering(from_ref(&image)), &[AMD64]).contains("is missing"));
    let two = [image.clone(), image.clone()];
    assert!(error(whole().offering(&two), &[AMD64]).contains("holds 2 images, and one was asked for"));
    assert!(
        error(whole().offering(from_ref(&image)), &["linux/arm64"]).contains("it is there for linux/amd64")
    );
    let wanted = [AMD64, "linux/s390x"];
    assert!(error(whole().offering(&two), &wanted).contains("linux/s390x"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_an_engine_hands_over_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000), at in any::<prop::sample::Index>()) {
        let place = tempfile::tempdir().unwrap();
        let layout = Layout::open_or_create(place.path()).unwrap();
        let _ = archive(bytes.as_slice(), &layout, &platforms(&[AMD64]));
        // Something that begins well.
        let mut given = Given::default();
        let image = given.image("amd64");
        let mut whole = given.offering(&[image]).archive();
        let at = at.index(whole.len());
        whole.splice(at.., bytes);
        let _ = archive(whole.as_slice(), &layout, &platforms(&[AMD64]));
    }
}
