//! What a token is asked for: the right to do some things in some repositories (distribution specification, "Token Scope
//! Documentation").

/// Rights in one repository, or in several at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scopes {
    /// The repository that is acted on; its credential is the one that is shown.
    repository: String,
    /// Each as `repository:NAME:ACTIONS`.
    all: Vec<String>,
}

impl Scopes {
    /// The right to read a repository.
    pub(crate) fn pull(repository: &str) -> Self {
        Self { repository: repository.to_owned(), all: vec![format!("repository:{repository}:pull")] }
    }

    /// The rights to read and to write a repository.
    pub(crate) fn push(repository: &str) -> Self {
        Self { repository: repository.to_owned(), all: vec![format!("repository:{repository}:pull,push")] }
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
        assert_eq!(Scopes::pull("team/b").joined(), "repository:team/b:pull");
        let mount = Scopes::push("team/b").and_pull("team/a");
        assert_eq!(mount.joined(), "repository:team/b:pull,push repository:team/a:pull");
        assert_eq!(mount.repository(), "team/b");
    }
}
