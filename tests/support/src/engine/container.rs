//! A container that serves HTTP.

use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::DockerEngine;
use crate::{
    command::{run, until},
    http::{self, Response},
};

/// How long a server in a container may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running container whose server's port is published on loopback. It is removed on drop.
#[derive(Debug)]
pub struct Container {
    engine: &'static DockerEngine,
    id: String,
    port: u16,
}

impl Container {
    #[track_caller]
    pub(super) fn serve(engine: &'static DockerEngine, image: &str, port: u16) -> Self {
        let publish = format!("127.0.0.1::{port}");
        let id = engine.docker(&["run", "--detach", "--publish", &publish, image]).text();
        let container = Self { engine, id, port };
        let ready = until(PATIENCE, || {
            let answer = TcpStream::connect(container.address()).ok().and_then(|_| container.fetch("/"));
            answer.filter(|response| response.status != 0)
        });
        assert!(ready.is_some(), "nothing serves in the container of {image}:\n{}", container.logs());
        container
    }

    /// Where its server can be reached.
    ///
    /// # Panics
    /// The container ended.
    #[must_use]
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        let published = run(self.engine.command().args(["port", &self.id, &format!("{}/tcp", self.port)]));
        match published.text().lines().next().and_then(|line| line.parse().ok()) {
            Some(address) if published.status.success() => address,
            _ => panic!("the container publishes no port:\n{published}\n{}", self.logs()),
        }
    }

    /// Fetches a path from its server.
    ///
    /// # Panics
    /// The server does not answer.
    #[must_use]
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        match http::get(self.address(), path) {
            Ok(response) => response,
            Err(error) => panic!("the container does not answer: {error}\n{}", self.logs()),
        }
    }

    /// What it wrote to both outputs.
    #[must_use]
    pub fn logs(&self) -> String {
        let logs = run(self.engine.command().args(["logs", &self.id]));
        String::from_utf8_lossy(&[logs.stdout, logs.stderr].concat()).into_owned()
    }

    fn fetch(&self, path: &str) -> Option<Response> {
        http::get(self.address(), path).ok()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = run(self.engine.command().args(["rm", "--force", "--volumes", &self.id]));
    }
}
