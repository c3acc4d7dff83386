//! Notifications against servers on loopback that misbehave on command.

mod facts;
mod github;
mod server;
mod webhook;

use std::time::Duration;

use plimsoll_notify::Patience;

/// Enough for anything that is bound to come.
const LONG: Duration = Duration::from_secs(60);

/// Tries quickly, so that the tests are quick.
fn patience() -> Patience {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Patience {
        one_try: Duration::from_secs(30),
        tries: 3,
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(20),
        in_all: Duration::from_secs(60),
    }
}
