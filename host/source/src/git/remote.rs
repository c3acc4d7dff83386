//! What the address of a remote says about the repository.

/// A repository as its remote's address names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remote {
    /// The path on its server, such as `contoso/website`; of a local remote the folder's name.
    pub(super) name: String,
    /// Where people look at it; absent for a local remote. Never holds credentials.
    pub(super) url: Option<String>,
}

impl Remote {
    /// Reads an address in one of the forms of `git-fetch(1)`, "GIT URLS".
    pub(super) fn parse(address: &str) -> Option<Self> {
        match address.split_once("://") {
            Some((scheme, rest)) => Self::with_scheme(&scheme.to_ascii_lowercase(), rest),
            None => match address.split_once(':') {
                // `host:path`, unless a slash comes first: then it is a path with a colon in it.
                Some((host, path)) if !host.contains('/') && !host.is_empty() => {
                    Self::on_server("https", without_user(host), path)
                }
                _ => Self::local(address),
            },
        }
    }

    fn with_scheme(scheme: &str, rest: &str) -> Option<Self> {
        let (server, path) = rest.split_once('/')?;
        let server = without_user(server);
        match scheme {
            "file" => Self::local(path),
            "http" | "https" => Self::on_server(scheme, server, path),
            // The port is one of SSH or git, not of the web.
            _ => Self::on_server("https", without_port(server), path),
        }
    }

    fn on_server(scheme: &str, server: &str, path: &str) -> Option<Self> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let name = without_suffix(path).trim_start_matches('/');
        (!name.is_empty() && !server.is_empty())
            .then(|| Self { name: name.to_owned(), url: Some(format!("{scheme}://{server}/{name}")) })
    }

    fn local(path: &str) -> Option<Self> {
        let name = without_suffix(path).rsplit('/').next()?;
        (!name.is_empty() && name != "." && name != "..").then(|| Self { name: name.to_owned(), url: None })
    }
}

fn without_user(server: &str) -> &str {
    server.rsplit_once('@').map_or(server, |(_, host)| host)
}

fn without_port(server: &str) -> &str {
    match server.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => server,
    }
}

fn without_suffix(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_forms_of_an_address_name_the_repository() {
        let web = Some("https://github.com/contoso/website");
        let cases = [
            ("https://github.com/contoso/website.git", "contoso/website", web),
            ("https://github.com/contoso/website/", "contoso/website", web),
            ("https://user:secret@github.com/contoso/website", "contoso/website", web),
            ("https://x-access-token:p%40ss@w@github.com/contoso/website", "contoso/website", web),
            ("git@github.com:contoso/website.git", "contoso/website", web),
            ("github.com:contoso/website", "contoso/website", web),
            ("ssh://git@github.com:2222/contoso/website.git", "contoso/website", web),
            ("git://github.com/contoso/website", "contoso/website", web),
            ("http://localhost:3000/a/b/c.git", "a/b/c", Some("http://localhost:3000/a/b/c")),
            ("ssh://git@[::1]:22/a/b", "a/b", Some("https://[::1]/a/b")),
            ("/srv/git/website.git", "website", None),
            ("../website", "website", None),
            ("./with:colon", "with:colon", None),
            ("file:///srv/git/website.git/", "website", None),
        ];
        for (address, name, url) in cases {
            let remote = Remote::parse(address).unwrap();
            assert_eq!((remote.name.as_str(), remote.url.as_deref()), (name, url), "{address}");
        }
        for nothing in ["", "https://", "https://host", "https://host/", "..", "/", "host:"] {
            assert_eq!(Remote::parse(nothing), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_read_without_a_panic(address in "\\PC{0,40}") {
            drop(Remote::parse(&address));
        }

        #[test]
        fn no_secret_reaches_the_url(secret in "[a-z0-9@:%]{9,20}", scheme in "https?|ssh") {
            let remote = Remote::parse(&format!("{scheme}://me:{secret}@host.example/a/b")).unwrap();
            prop_assert!(!remote.url.unwrap().contains(&secret));
        }
    }
}
