//! What marks an object as Plimsoll's: labels by which it is found again, annotations for people.

use plimsoll_core::{digest::Digest, names::EnvironmentName, ports::Deployment, reference::RepositoryName};
use serde_json::{Map, Value};

/// The name under which the cluster notes which fields are Plimsoll's.
pub(super) const FIELD_MANAGER: &str = "plimsoll";
/// The label with the environment.
const ENVIRONMENT: &str = "plimsoll.dev/environment";
/// The label with the application.
const APPLICATION: &str = "plimsoll.dev/application";
/// The label that Kubernetes recommends for who manages an object. What the manifest says stays.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The annotations with the release and its version.
const RELEASE: &str = "plimsoll.dev/release";
const VERSION: &str = "plimsoll.dev/version";
/// What the names of all of these but the recommended one begin with.
pub(super) const PREFIX: &str = "plimsoll.dev/";

/// How long the value of a label may be.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
const LONGEST_VALUE: usize = 63;

/// Whose objects they are: one application in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) environment: String,
    pub(super) application: String,
}

impl Owner {
    pub(super) fn new(environment: &EnvironmentName, repository: &RepositoryName) -> Self {
        let last = repository.path().rsplit('/').next().unwrap_or_default();
        let short = Digest::of(repository.to_string().as_bytes()).hex()[..8].to_owned();
        Self {
            environment: label_value(environment.as_str()),
            application: label_value(&format!("{}-{short}", &last[..last.len().min(LONGEST_VALUE - 9)])),
        }
    }

    /// The name of the object that remembers the deployments.
    pub(super) fn record_name(&self) -> String {
        let plain = |text: &str| text.replace(|char: char| !char.is_ascii_alphanumeric(), "-");
        let name = format!("plimsoll-{}-{}", plain(&self.environment), plain(&self.application));
        name.to_ascii_lowercase()
    }

    /// Marks an object, and with a deployment says which.
    pub(super) fn mark(&self, object: &mut Value, deployment: Option<&Deployment>) {
        let labels = section(object, "labels");
        labels.insert(ENVIRONMENT.to_owned(), self.environment.as_str().into());
        labels.insert(APPLICATION.to_owned(), self.application.as_str().into());
        labels.entry(MANAGED_BY).or_insert_with(|| FIELD_MANAGER.into());
        if let Some(deployment) = deployment {
            let annotations = section(object, "annotations");
            annotations.insert(RELEASE.to_owned(), deployment.release.as_str().into());
            if let Some(version) = &deployment.version {
                annotations.insert(VERSION.to_owned(), version.as_str().into());
            }
        }
    }

    /// Whether an object bears the marks.
    pub(super) fn owns(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        labels[ENVIRONMENT] == self.environment.as_str() && labels[APPLICATION] == self.application.as_str()
    }
}

/// Whether two marked objects are the same but for the release that they are of.
pub(super) fn same_but_for_release(one: &Value, other: &Value) -> bool {
    let plain = |object: &Value| {
        let mut object = object.clone();
        let annotations = section(&mut object, "annotations");
        annotations.retain(|name, _| name != RELEASE && name != VERSION);
        object
    };
    plain(one) == plain(other)
}

/// Labels or annotations of an object, made when missing.
fn section<'a>(object: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    if !object["metadata"].is_object() {
        object["metadata"] = Value::Object(Map::new());
    }
    let section = &mut object["metadata"][name];
    if !section.is_object() {
        *section = Value::Object(Map::new());
    }
    match section {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object above"),
    }
}

/// A text as the value of a label. A text that is none yet gets a digest, so that two texts never become one value.
fn label_value(text: &str) -> String {
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let kept: String = text.chars().map(|char| if allowed(char) { char } else { '-' }).collect();
    let trimmed = kept.trim_matches(['-', '_', '.']);
    if trimmed == text && (1..=LONGEST_VALUE).contains(&text.len()) {
        return text.to_owned();
    }
    let short = &Digest::of(text.as_bytes()).hex()[..8];
    let start = trimmed[..trimmed.len().min(LONGEST_VALUE - 9)].trim_end_matches(['-', '_', '.']);
    if start.is_empty() { short.to_owned() } else { format!("{start}-{short}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn owner(repository: &str) -> Owner {
        Owner::new(&EnvironmentName::new("production").unwrap(), &repository.parse().unwrap())
    }

    #[test]
    fn two_repositories_of_one_last_name_are_two_applications() {
        let (one, other) = (owner("ghcr.io/contoso/website"), owner("ghcr.io/fabrikam/website"));
        assert!(one.application.starts_with("website-") && other.application.starts_with("website-"));
        assert_ne!(one, other);
    }

    #[test]
    fn what_a_manifest_says_about_its_manager_stays() {
        let mut object = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm", "a": "b"}}});
        let owner = owner("website");
        assert!(!owner.owns(&object));
        owner.mark(&mut object, None);
        assert!(owner.owns(&object));
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
        assert_eq!(object["metadata"]["annotations"], Value::Null);
    }

    fn is_label_value(text: &str) -> bool {
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        bytes.len() <= 63
            && ends(bytes.first())
            && ends(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    }

    proptest! {
        #[test]
        fn every_text_becomes_a_value_of_its_own(one in ".{0,80}", other in "[-a-z_.]{0,80}") {
            prop_assert!(is_label_value(&label_value(&one)), "{}", label_value(&one));
            prop_assert!(is_label_value(&label_value(&other)), "{}", label_value(&other));
            prop_assert_eq!(one == other, label_value(&one) == label_value(&other));
        }

        #[test]
        fn every_repository_gives_valid_marks(path in "[a-z0-9]{1,70}(/[a-z0-9]{1,40}(__[a-z0-9]{1,9})?){0,2}", environment in "[a-z0-9][a-z0-9-]{0,62}") {
            let owner = Owner::new(&EnvironmentName::new(environment).unwrap(), &path.parse().unwrap());
            prop_assert!(is_label_value(&owner.application) && is_label_value(&owner.environment));
            let name = owner.record_name();
            prop_assert!(name.len() <= 253 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
        }
    }
}
