//! The names under which Docker's and podman's configuration files hold credentials (Docker command line, "cli/config"; podman,
//! containers-auth.json(5)).

use crate::address::{DOCKER_HUB, is_docker_hub};

/// How well a key fits: the more of the repository's path it names, the better; one that is written plainly before one with a
/// scheme. `None` when it is about another registry or repository.
///
/// `host`, `host/`, `https://host`, `https://host/v1/`, `host/v2` all name a registry; `host/team` and `host/team/app` what lies
/// below, as podman writes them. Hosts are compared without regard to case.
pub(super) fn fits(key: &str, registry: &str, repository: &str) -> Option<(usize, bool)> {
    let plain = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (host, path) = plain.split_once('/').unwrap_or((plain, ""));
    if !names(host, registry) {
        return None;
    }
    let path = match path.trim_end_matches('/') {
        "v1" | "v2" => "",
        path => path,
    };
    let rest = repository.strip_prefix(path)?;
    let is_part = path.is_empty() || rest.is_empty() || rest.starts_with('/');
    is_part.then_some((path.len(), plain == key))
}

/// The value whose key fits best.
pub(super) fn best<'a, T>(
    entries: impl IntoIterator<Item = (&'a String, T)>,
    registry: &str,
    repository: &str,
) -> Option<T> {
    let fitting =
        entries.into_iter().filter_map(|(key, value)| Some((fits(key, registry, repository)?, value)));
    fitting.max_by_key(|(fit, _)| *fit).map(|(_, value)| value)
}

fn names(host: &str, registry: &str) -> bool {
    let registry = if is_docker_hub(registry) { DOCKER_HUB } else { registry };
    let host = if is_docker_hub(host) { DOCKER_HUB } else { host };
    host.eq_ignore_ascii_case(registry)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_registry_is_known() {
        for (registry, key) in [
            ("r.example", "r.example"),
            ("r.example", "R.Example"),
            ("r.example", "r.example/"),
            ("r.example", "r.example/v1/"),
            ("r.example", "r.example/v2"),
            ("r.example", "https://r.example"),
            ("r.example", "https://r.example/v2/"),
            ("r.example", "http://r.example"),
            ("r.example:5000", "https://r.example:5000/v1/"),
            ("docker.io", "https://index.docker.io/v1/"),
            ("docker.io", "index.docker.io"),
            ("docker.io", "docker.io"),
            ("docker.io", "https://registry-1.docker.io/v2/"),
        ] {
            assert!(fits(key, registry, "team/app").is_some(), "{key}");
        }
        for key in
            ["r.example:5000", "r.example.org", "other/r.example", "r.example/tea", "r.example/team/b", ""]
        {
            assert_eq!(fits(key, "r.example", "team/app"), None, "{key}");
        }
    }

    #[test]
    fn the_key_that_says_most_is_taken() {
        let keys =
            ["https://r.example", "r.example", "r.example/team", "r.example/team/app", "other.example"];
        let entries = keys.map(|key| (key.to_owned(), key));
        for (repository, expected) in [
            ("team/app", Some("r.example/team/app")),
            ("team/app/part", Some("r.example/team/app")),
            ("team/other", Some("r.example/team")),
            ("teams", Some("r.example")),
        ] {
            let entries = entries.iter().map(|(key, value)| (key, *value));
            assert_eq!(best(entries, "r.example", repository), expected, "{repository}");
        }
    }

    proptest! {
        #[test]
        fn a_key_of_another_host_never_fits(key in "[a-z:/.]{0,40}", repository in "[a-z/]{1,20}") {
            prop_assume!(!key.contains("r.example"));
            prop_assert_eq!(fits(&key, "r.example", &repository), None);
        }
    }
}
