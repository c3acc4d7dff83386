//! Sources of ADD that are neither in the context nor in an image: files on the web, git repositories (Dockerfile reference,
//! "Adding files from a URL", "Adding files from a Git repository").

/// Where ADD finds what is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remote {
    /// A file on the web.
    File {
        /// Its address.
        url: String,
        /// Its name: the last part of the address's path.
        name: Option<String>,
    },
    /// A git repository.
    Repository {
        /// Its address.
        url: String,
        /// A branch, tag or commit; the default branch when absent.
        reference: Option<String>,
        /// The folder that is copied, all when absent.
        folder: Option<String>,
    },
}

impl Remote {
    /// What a source means; `None` for a path of the context.
    pub(crate) fn parse(source: &str) -> Option<Self> {
        let is_web = ["http://", "https://"].iter().any(|scheme| source.starts_with(scheme));
        let (address, fragment) = source.split_once('#').map_or((source, None), |(a, f)| (a, Some(f)));
        if is_web && !without_query(address).ends_with(".git") {
            let path = without_query(address).splitn(4, '/').nth(3).unwrap_or_default();
            let name = path.trim_end_matches('/').rsplit('/').next();
            let name = name.filter(|name| !matches!(*name, "" | "." | "..")).map(decoded);
            return Some(Self::File { url: source.to_owned(), name });
        }
        if !is_web
            && !["git://", "ssh://"].iter().any(|scheme| source.starts_with(scheme))
            && !is_scp(address)
        {
            return None;
        }
        let (reference, folder) =
            match fragment.map(|fragment| fragment.split_once(':').unwrap_or((fragment, ""))) {
                Some((reference, folder)) => (filled(reference), filled(folder.trim_matches('/'))),
                None => (None, None),
            };
        Some(Self::Repository { url: address.to_owned(), reference, folder })
    }

    /// Why it is not fetched, if it is not: for newer BuildKits a query of a git address says what is checked out, but git would
    /// hand it to the server.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Repository { url, .. } if url.contains('?') => {
                Some("queries of git addresses are not read: write `#reference:folder`")
            }
            _ => None,
        }
    }

    /// Whether it is always the same: a commit of a git repository is.
    pub(crate) fn is_fixed(&self) -> bool {
        match self {
            Self::File { .. } => false,
            Self::Repository { reference, .. } => reference.as_deref().is_some_and(is_commit),
        }
    }
}

/// A full commit, SHA-1 or SHA-256.
fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn without_query(address: &str) -> &str {
    address.split('?').next().unwrap_or(address)
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// `user@host:path`, as ssh and scp write it.
fn is_scp(address: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    address.split_once('@').is_some_and(|(user, rest)| {
        word(user) && rest.split_once(':').is_some_and(|(host, path)| word(host) && !path.is_empty())
    })
}

/// A name with its `%20` resolved (RFC 3986, section 2.1). What is no name of a file then, or no UTF-8, stays as it is.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|decoded| !decoded.contains(['/', '\0']) && !matches!(decoded.as_str(), "." | ".."))
        .unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(source: &str) -> Option<String> {
        match Remote::parse(source) {
            Some(Remote::File { url, name }) if url == source => name,
            other => panic!("{source}: {other:?}"),
        }
    }

    #[test]
    fn addresses_name_files() {
        for (source, name) in [
            ("https://h/a/b.tar.gz", Some("b.tar.gz")),
            ("http://h/a?x=/y", Some("a")),
            ("http://h/a%20b#c", Some("a b")),
            ("http://h/a%2Fb", Some("a%2Fb")),
            ("http://h/%2e%2e", Some("%2e%2e")),
            ("http://h/", None),
            ("http://h/a/..", None),
            ("http://h/a/../", None),
            ("http://h/.", None),
            ("http://h", None),
            ("http://h/a/", Some("a")),
        ] {
            assert_eq!(file(source).as_deref(), name, "{source}");
        }
    }

    #[test]
    fn queries_of_repositories_are_refused() {
        for (source, refused) in [
            ("https://h/a.git?ref=v1", true),
            ("ssh://h/a?ref=v1#v1", true),
            ("https://h/a.git#v1?", false),
            ("https://h/a?b", false),
        ] {
            assert_eq!(Remote::parse(source).unwrap().refusal().is_some(), refused, "{source}");
        }
    }

    #[test]
    fn addresses_name_repositories() {
        for (source, expected) in [
            ("https://h/a.git", ("https://h/a.git", None, None)),
            ("https://h/a.git#v1:d/e", ("https://h/a.git", Some("v1"), Some("d/e"))),
            ("git@h:a/b#:d", ("git@h:a/b", None, Some("d"))),
            ("ssh://git@h:22/a#x/y", ("ssh://git@h:22/a", Some("x/y"), None)),
            ("git://h/a#", ("git://h/a", None, None)),
        ] {
            let (url, reference, folder) = expected;
            let expected = Remote::Repository {
                url: url.to_owned(),
                reference: reference.map(str::to_owned),
                folder: folder.map(str::to_owned),
            };
            assert_eq!(Remote::parse(source), Some(expected), "{source}");
        }
        for source in ["a", "./http://h/a", "a@b", "a:b", "github.com/a/b", "dir/a@b:c"] {
            assert_eq!(Remote::parse(source), None, "{source}");
        }
    }
}
