//! The statement around every predicate (in-toto attestation framework, "Statement" v1).

use plimsoll_core::digest::Digest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    build::{BUILD_TYPE, Build},
    decision::{Promotion, Record, Tagging},
    resource::{DigestSet, Resource},
};

/// The largest statement that is read, bytes: a tagging policy may give 64 tags and each environment has its policies.
pub const LARGEST_STATEMENT: u64 = 1 << 20;
/// What statements of this version are called.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// A statement about one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The image's repository, as its release named it.
    pub name: String,
    /// The images that it is about, by digest; those that are named otherwise are left out.
    pub subjects: Vec<Digest>,
    /// What it states.
    pub claim: Claim,
}

/// What a statement states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// How the image was built.
    Build(Box<Build>),
    /// Which policy gave it which tags.
    Tagging(Box<Tagging>),
    /// What the policies of an environment decided.
    Promotion(Box<Promotion>),
}

/// What is no statement that can be read.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It is larger than what is read.
    #[error("it has more than {LARGEST_STATEMENT} bytes")]
    TooLarge,
    /// It is no in-toto statement, or its predicate is not what its type says.
    #[error("it is not the statement that it should be: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is a statement of another version.
    #[error("it is a statement of the kind `{0}`")]
    OtherVersion(String),
    /// It states something that is not known here.
    #[error("it states `{0}`, which is not known here")]
    OtherPredicate(String),
    /// It is the provenance of something that was built otherwise.
    #[error("it is the provenance of a build of the type `{0}`")]
    OtherBuild(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<Predicate> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Resource>,
    predicate_type: String,
    predicate: Predicate,
}

impl Claim {
    /// The type of the predicate.
    #[must_use]
    pub const fn predicate_type(&self) -> &'static str {
        match self {
            Self::Build(_) => Build::PREDICATE,
            Self::Tagging(_) => Tagging::PREDICATE,
            Self::Promotion(_) => Promotion::PREDICATE,
        }
    }

    /// The release that made it.
    #[must_use]
    pub fn release(&self) -> &str {
        match self {
            Self::Build(build) => &build.run_details.metadata.invocation_id,
            Self::Tagging(tagging) => &tagging.release,
            Self::Promotion(promotion) => &promotion.release,
        }
    }

    /// Where the decision that it states is written; `None` when it states none.
    #[must_use]
    pub const fn record(&self) -> Option<&Record> {
        match self {
            Self::Build(_) => None,
            Self::Tagging(tagging) => Some(&tagging.record),
            Self::Promotion(promotion) => Some(&promotion.record),
        }
    }
}

impl Statement {
    /// The statement as JSON. The same statement has the same bytes.
    ///
    /// # Errors
    /// A time is outside the calendar.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StatementError> {
        let subject = |digest: &Digest| Resource {
            name: Some(self.name.clone()),
            uri: None,
            digest: DigestSet::from(digest),
            annotations: std::collections::BTreeMap::new(),
        };
        let predicate = match &self.claim {
            Claim::Build(build) => serde_json::to_value(build)?,
            Claim::Tagging(tagging) => serde_json::to_value(tagging)?,
            Claim::Promotion(promotion) => serde_json::to_value(promotion)?,
        };
        let document = Document {
            kind: STATEMENT.to_owned(),
            subject: self.subjects.iter().map(subject).collect(),
            predicate_type: self.claim.predicate_type().to_owned(),
            predicate,
        };
        Ok(serde_json::to_vec(&document)?)
    }

    /// Reads a statement. What it says beside what is known is passed over.
    ///
    /// # Errors
    /// It is none, or none that is known here.
    pub fn read(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() as u64 > LARGEST_STATEMENT {
            return Err(StatementError::TooLarge);
        }
        let Document { kind, subject, predicate_type, predicate } =
            serde_json::from_slice::<Document<Value>>(bytes)?;
        if kind != STATEMENT {
            return Err(StatementError::OtherVersion(kind));
        }
        let claim = match predicate_type.as_str() {
            Build::PREDICATE => Claim::Build(build(predicate)?),
            Tagging::PREDICATE => Claim::Tagging(read(predicate)?),
            Promotion::PREDICATE => Claim::Promotion(read(predicate)?),
            _ => return Err(StatementError::OtherPredicate(predicate_type)),
        };
        let name = subject.first().and_then(|subject| subject.name.clone()).unwrap_or_default();
        let subjects = subject.iter().filter_map(|subject| subject.digest.content()).collect();
        Ok(Self { name, subjects, claim })
    }
}

/// Reads provenance. That of other builders has other parameters, so its type is looked at first.
fn build(predicate: Value) -> Result<Box<Build>, StatementError> {
    let kind = predicate.pointer("/buildDefinition/buildType").and_then(Value::as_str).unwrap_or_default();
    if kind != BUILD_TYPE {
        return Err(StatementError::OtherBuild(kind.to_owned()));
    }
    read(predicate)
}

fn read<Predicate: DeserializeOwned>(predicate: Value) -> Result<Box<Predicate>, StatementError> {
    Ok(serde_json::from_value(predicate).map(Box::new)?)
}
