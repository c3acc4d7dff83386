//! What a token is asked for: the right to do some things in some repositories (distribution specification, "Token Scope
//! Documentation").

use oci_client::{Reference, RegistryOperation};

/// Rights in one repository, or in several at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scopes {
    /// The repository that is acted on; its credential is the one that is shown.
    repository: String,
    /// Each as `repository:NAME:ACTIONS`.
    all: Vec<String>,
}

impl Scopes {
    /// The rights for an operation in a repository.
    pub(crate) fn of(reference: &Reference, operation: RegistryOperation) -> Self {
        let actions = match operation {
            RegistryOperation::Pull => "pull",
            RegistryOperation::Push => "pull,push",
        };
        let repository = reference.repository().to_owned();
        Self { all: vec![format!("repository:{repository}:{actions}")], repository }
    }

    /// These rights, and that to read another repository, which a blob is mounted from.
    pub(crate) fn and_pull(mut self, repository: &str) -> Self {
        self.all.push(format!("repository:{repository}:pull"));
        self
    }

    /// The repository that is acted on.
    pub(crate) fn repository(&self) -> &str {
        &self.repository
    }

    /// Each on its own.
    pub(crate) fn each(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// All in one parameter (RFC 6749, section 3.3).
    pub(crate) fn joined(&self) -> String {
        self.all.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_reads_one_repository_and_writes_another() {
        let target = Reference::with_tag("r.example".to_owned(), "team/b".to_owned(), "v1".to_owned());
        assert_eq!(Scopes::of(&target, RegistryOperation::Pull).joined(), "repository:team/b:pull");
        let mount = Scopes::of(&target, RegistryOperation::Push).and_pull("team/a");
        assert_eq!(mount.joined(), "repository:team/b:pull,push repository:team/a:pull");
        assert_eq!(mount.repository(), "team/b");
    }
}
