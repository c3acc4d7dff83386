//! Files from a server that misbehaves on command, and repositories from git's own server, both on loopback.

#[cfg(test)]
mod git;
#[cfg(test)]
mod web;

#[cfg(test)]
fn fetcher() -> plimsoll_fetch::Fetcher {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    plimsoll_fetch::Fetcher::default()
}
