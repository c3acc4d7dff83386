//! Where a registry is found, and in which protocol.

use std::net::IpAddr;

/// The name of Docker's public registry.
pub(crate) const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_HOST: &str = "index.docker.io";
/// All that Docker's public registry is called.
const DOCKER_HUB_NAMES: [&str; 3] = [DOCKER_HUB, DOCKER_HUB_HOST, "registry-1.docker.io"];
/// The name under which Docker keeps credentials for its public registry.
pub(crate) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The protocol for a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// TLS, always.
    Https,
    /// No TLS: the options name this registry.
    PlainHttp,
    /// On loopback either will do: whichever it turns out to speak.
    Either,
}

/// The host and port to connect to.
pub(crate) fn host(registry: &str) -> &str {
    if registry == DOCKER_HUB { DOCKER_HUB_HOST } else { registry }
}

/// Whether this is a name of Docker's public registry.
pub(crate) fn is_docker_hub(host: &str) -> bool {
    DOCKER_HUB_NAMES.iter().any(|name| host.eq_ignore_ascii_case(name))
}

/// The protocol for a registry, given the registries that are named as plain.
pub(crate) fn protocol(registry: &str, plain_http: &[String]) -> Protocol {
    let host = without_port(registry);
    let is_named = |plain: &String| [registry, host].iter().any(|name| plain.eq_ignore_ascii_case(name));
    if plain_http.iter().any(is_named) {
        Protocol::PlainHttp
    } else if is_loopback(host) {
        Protocol::Either
    } else {
        Protocol::Https
    }
}

fn without_port(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_named_registries_go_without_tls() {
        let plain = ["Registry.Local".to_owned(), "other.local:5000".to_owned()];
        for (registry, expected) in [
            ("ghcr.io", Protocol::Https),
            ("docker.io", Protocol::Https),
            ("localhost.example.org", Protocol::Https),
            ("127.0.0.1.example.org:5000", Protocol::Https),
            ("10.0.0.1:5000", Protocol::Https),
            ("other.local", Protocol::Https),
            ("other.local:5000", Protocol::PlainHttp),
            ("Other.Local:5000", Protocol::PlainHttp),
            ("registry.local:1", Protocol::PlainHttp),
            ("LocalHost:5000", Protocol::Either),
            ("localhost", Protocol::Either),
            ("localhost:5000", Protocol::Either),
            ("127.1.2.3:5000", Protocol::Either),
            ("[::1]:5000", Protocol::Either),
            ("[::1]", Protocol::Either),
        ] {
            assert_eq!(protocol(registry, &plain), expected, "{registry}");
        }
    }
}
