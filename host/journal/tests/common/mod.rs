//! What the tests of the journal share.
#![expect(unreachable_pub, reason = "a module of several test programs")]

use std::path::Path;

use plimsoll_core::{
    digest::Digest,
    fact::Fact,
    names::{EnvironmentName, ReleaseId, Tag},
};
use plimsoll_journal::SqliteJournal;

/// The id of the release with this number.
pub fn release(number: u32) -> ReleaseId {
    ReleaseId::new(format!("r-{number:012x}")).unwrap()
}

/// Opens a journal.
pub async fn open(path: &Path) -> SqliteJournal {
    SqliteJournal::open(path).await.unwrap()
}

/// A tag put on an image.
pub fn tagged(tag: &str) -> Fact {
    Fact::Tagged { tag: Tag::new(tag).unwrap(), previous: None }
}

/// A deployment.
pub fn deployed(environment: &str) -> Fact {
    Fact::Deployed {
        environment: EnvironmentName::new(environment).unwrap(),
        digest: Digest::of(environment.as_bytes()),
        healthy: true,
        location: "there".to_owned(),
    }
}
