//! What is written is read again; everything else is refused, passed over or disregarded, and never panics.

use plimsoll_core::digest::Digest;
use plimsoll_provenance::{Found, LARGEST_STATEMENT, Statement, StatementError, Vouched};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample::{build, claims, image, statement};

fn document(index: usize) -> Value {
    serde_json::from_slice(&statement(claims().swap_remove(index)).to_bytes().unwrap()).unwrap()
}

fn read(document: &Value) -> Result<Statement, StatementError> {
    Statement::read(document.to_string().as_bytes())
}

#[test]
fn what_is_written_is_read_again_and_is_the_same_bytes() {
    for claim in claims() {
        let statement = statement(claim);
        let bytes = statement.to_bytes().unwrap();
        assert_eq!(Statement::read(&bytes).unwrap(), statement);
        assert_eq!(statement.to_bytes().unwrap(), bytes);
    }
}

/// The words of the specifications (in-toto attestation framework, "Statement"; SLSA 1, "Provenance").
#[test]
fn a_build_is_stated_in_the_words_of_slsa() {
    let document = document(0);
    for (pointer, value) in [
        ("/_type", json!("https://in-toto.io/Statement/v1")),
        ("/subject/0/name", json!("ghcr.io/contoso/website")),
        ("/subject/0/digest/sha256", json!(image().hex())),
        ("/predicateType", json!("https://slsa.dev/provenance/v1")),
        ("/predicate/buildDefinition/buildType", json!("https://plimsoll.dev/build/v1")),
        ("/predicate/buildDefinition/externalParameters/source/ref", json!("refs/heads/main")),
        ("/predicate/buildDefinition/externalParameters/buildArguments", json!(["FLAVOUR"])),
        ("/predicate/buildDefinition/internalParameters/builder", json!("embedded")),
        ("/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit", json!(build().commit())),
        ("/predicate/runDetails/builder/id", json!("https://plimsoll.dev/host")),
        ("/predicate/runDetails/metadata/invocationId", json!("r-000000000001")),
        ("/predicate/runDetails/metadata/startedOn", json!("1970-01-01T00:16:40Z")),
    ] {
        assert_eq!(document.pointer(pointer), Some(&value), "{pointer}");
    }
}

#[test]
fn what_is_no_statement_of_ours_says_why() {
    for (pointer, value, says) in [
        ("/_type", json!("https://in-toto.io/Statement/v0.1"), "a statement of the kind"),
        ("/predicateType", json!("https://slsa.dev/provenance/v0.2"), "not known here"),
        ("/predicate/buildDefinition/buildType", json!("https://mobyproject.org/buildkit@v1"), "of the type"),
        ("/predicate/buildDefinition/buildType", json!(null), "of the type ``"),
        ("/predicate/runDetails/metadata/startedOn", json!("yesterday"), "not the statement"),
        ("/predicate/runDetails", json!([]), "not the statement"),
        ("/subject", json!({}), "not the statement"),
    ] {
        let mut other = document(0);
        *other.pointer_mut(pointer).unwrap() = value;
        let error = read(&other).unwrap_err();
        assert!(error.to_string().contains(says), "{pointer}: {error}");
    }
    let large = vec![b' '; usize::try_from(LARGEST_STATEMENT).unwrap() + 1];
    assert!(matches!(Statement::read(&large), Err(StatementError::TooLarge)));
    let deep = "[".repeat(100_000);
    assert!(matches!(Statement::read(deep.as_bytes()), Err(StatementError::Malformed(_))));
}

#[test]
fn what_does_not_count_says_why() {
    let (referrer, other) = (Digest::of(b"referrer"), Digest::of(b"other"));
    let bytes = |document: &Value| document.to_string().into_bytes();
    let good = bytes(&document(0));
    let mut about_other = document(0);
    about_other["subject"][0]["digest"]["sha256"] = json!(other.hex());
    let mut scan = document(0);
    scan["predicateType"] = json!("https://cosign.sigstore.dev/attestation/vuln/v1");
    let by = Vouched::Key(Digest::of(b"key"));
    let sift = |subject, payload: &[u8], vouched, by_key| {
        Found::sift(&image(), referrer, subject, payload, vouched, by_key).map_err(|it| it.reason)
    };
    assert!(sift(Some(image()), &good, by, true).unwrap().is_some());
    assert!(sift(Some(image()), &good, Vouched::Unsigned, false).unwrap().is_some());
    assert_eq!(
        sift(Some(image()), &bytes(&scan), Vouched::OtherKey, true),
        Ok(None),
        "that is no matter of ours"
    );
    for (subject, payload, vouched, says) in [
        (Some(other), &good, by, "it refers to sha256:"),
        (None, &good, by, "it refers to no image"),
        (Some(image()), &bytes(&about_other), by, "it is about sha256:"),
        (Some(image()), &good, Vouched::Unsigned, "it is not signed"),
        (Some(image()), &good, Vouched::OtherKey, "another key, or changed"),
        (Some(image()), &b"{}".to_vec(), by, "it is not the statement"),
    ] {
        let reason = sift(subject, payload, vouched, true).unwrap_err();
        assert!(reason.contains(says), "{says}: {reason}");
    }
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("2026-07-01T09:30:05Z")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("(sha256|name|digest|sequence|tags|rule)", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The places of a document, as pointers.
fn places(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| self::places(item, &format!("{at}/{index}"), places));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, item)| self::places(item, &format!("{at}/{name}"), places));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Statement::read(&bytes);
    }

    /// Whatever stands anywhere in a statement, it is read or refused; and what was read can be written, and is read as the same.
    #[test]
    fn a_statement_with_anything_anywhere_is_survived(index in 0..3_usize, place in any::<prop::sample::Index>(), value in any_json()) {
        let mut document = document(index);
        let mut all = Vec::new();
        places(&document, "", &mut all);
        let place: &String = place.get(&all);
        *document.pointer_mut(place).unwrap() = value;
        if let Ok(statement) = read(&document) {
            let again = Statement::read(&statement.to_bytes().unwrap()).unwrap();
            prop_assert_eq!(again.claim, statement.claim);
        }
    }
}
