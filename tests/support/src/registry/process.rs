//! The registry's process.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::command::{end, until};

/// How long a registry may take to listen. It needs well under a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running registry, killed on drop: it keeps nothing in memory that a test would miss.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    /// Starts a registry and waits until it listens. The port that it took is read from its log, so that nobody has to
    /// guess a free one.
    #[track_caller]
    pub(super) fn start(configuration: &Path, log: &Path) -> (Self, SocketAddr) {
        let started = File::create(log).and_then(|file| {
            Command::new("docker-registry")
                .arg("serve")
                .arg(configuration)
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(file)
                .spawn()
        });
        let mut process = match started {
            Ok(child) => Self(child),
            Err(error) => panic!("docker-registry could not be started: {error}"),
        };
        let address = until(PATIENCE, || {
            let ended = process.0.try_wait().is_ok_and(|status| status.is_some());
            let address = listening(&fs::read_to_string(log).unwrap_or_default());
            (ended || address.is_some()).then_some(address)
        });
        match address.flatten() {
            Some(address) => (process, address),
            None => {
                panic!("docker-registry does not listen:\n{}", fs::read_to_string(log).unwrap_or_default())
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// The address in the log line `listening on 127.0.0.1:5000` or `listening on 127.0.0.1:5000, tls`.
fn listening(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("listening on ")?;
    let end = rest.find([',', '"'])?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let address = "127.0.0.1:5000".parse().ok();
        assert_eq!(listening(r#"{"msg":"listening on 127.0.0.1:5000","time":""}"#), address);
        assert_eq!(listening(r#"{"msg":"listening on 127.0.0.1:5000, tls"}"#), address);
        assert_eq!(listening(r#"{"msg":"redis not configured"}"#), None);
    }
}
