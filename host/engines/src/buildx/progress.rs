//! What buildx says while it builds: a line of JSON for each change (docker-buildx-build(1), `--progress=rawjson`, BuildKit's
//! `SolveStatus`), and plain lines beside them.

use std::collections::{HashMap, HashSet};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

use crate::console::{Console, Lines};

/// The longest line of JSON that is read, bytes.
const LONGEST: usize = 4 << 20;
/// How the names of steps begin that nobody wrote.
const THEIR_OWN: [&str; 2] = ["[internal]", "[auth]"];

/// One change.
#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    vertexes: Vec<Vertex>,
    #[serde(default)]
    statuses: Vec<Status>,
    #[serde(default)]
    logs: Vec<Log>,
    #[serde(default)]
    warnings: Vec<Warning>,
}

/// A step of the build.
#[derive(Deserialize)]
struct Vertex {
    digest: String,
    #[serde(default)]
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
}

/// How far a transfer is.
#[derive(Deserialize)]
struct Status {
    id: String,
    #[serde(default)]
    current: i64,
    #[serde(default)]
    total: i64,
}

/// Something that a command wrote.
#[derive(Deserialize)]
struct Log {
    vertex: String,
    #[serde(default)]
    stream: i64,
    /// Base 64.
    data: String,
}

/// Something that BuildKit noticed.
#[derive(Deserialize)]
struct Warning {
    /// Base 64.
    short: String,
}

/// Reads what buildx says, and shows it.
pub(super) struct Report<'a> {
    console: &'a Console<'a>,
    lines: Lines,
    steps: Steps,
}

/// What is remembered of the steps.
#[derive(Default)]
struct Steps {
    begun: HashSet<String>,
    /// Lines of commands that have no end yet, by step and stream.
    open: HashMap<(String, i64), Lines>,
}

impl<'a> Report<'a> {
    pub(super) fn new(console: &'a Console<'a>) -> Self {
        Self { console, lines: Lines::new(LONGEST), steps: Steps::default() }
    }

    /// Takes in what comes next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let Self { console, lines, steps } = self;
        lines.push(bytes, |line| steps.line(line, console));
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self) {
        let Self { console, lines, steps } = self;
        lines.end(|line| steps.line(line, console));
        for (_, mut rest) in steps.open.drain() {
            rest.end(|line| console.line(line));
        }
    }
}

impl Steps {
    fn line(&mut self, line: &str, console: &Console<'_>) {
        match serde_json::from_str::<Change>(line) {
            Ok(change) => self.change(change, console),
            // JSON of another kind is nothing for people, and might hold secrets in another spelling.
            Err(_) if line.starts_with('{') => {}
            Err(_) => console.line(line),
        }
    }

    fn change(&mut self, change: Change, console: &Console<'_>) {
        for vertex in &change.vertexes {
            self.vertex(vertex, console);
        }
        for status in change.statuses {
            if let (Ok(done), Ok(total @ 1..)) = (u64::try_from(status.current), u64::try_from(status.total))
            {
                console.transfer(&status.id, done, total);
            }
        }
        for log in change.logs {
            let Ok(data) = BASE64_STANDARD.decode(&log.data) else { continue };
            let open = self.open.entry((log.vertex, log.stream)).or_insert_with(|| console.lines());
            open.push(&data, |line| console.line(line));
        }
        for warning in change.warnings {
            if let Ok(text) = BASE64_STANDARD.decode(&warning.short) {
                console.warning(&String::from_utf8_lossy(&text));
            }
        }
    }

    /// A step is named once, when it begins or is found in the cache.
    fn vertex(&mut self, vertex: &Vertex, console: &Console<'_>) {
        let is_going_on = vertex.started.is_some() || vertex.cached;
        let is_theirs = THEIR_OWN.iter().any(|beginning| vertex.name.starts_with(beginning));
        if is_going_on && !is_theirs && self.begun.insert(vertex.digest.clone()) {
            let cached = if vertex.cached { "cached " } else { "" };
            console.line(&format!("{cached}{}", vertex.name));
        }
        if vertex.completed.is_some() {
            self.open.retain(|(of, _), rest| {
                let is_its = *of == vertex.digest;
                if is_its {
                    rest.end(|line| console.line(line));
                }
                !is_its
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use plimsoll_core::ports::{Activity, Progress};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        secrets::Secrets,
        settings::{BuildSecret, SecretSource},
    };

    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);

    impl Progress for Seen {
        fn activity(&self, activity: Activity<'_>) {
            self.0.lock().unwrap().push(match activity {
                Activity::Line(line) => line.to_owned(),
                Activity::Warning(line) => format!("warning: {line}"),
                Activity::Transfer { what, done, total } => format!("{what} {done}/{total}"),
            });
        }
    }

    fn seen(text: &[u8]) -> Vec<String> {
        let source = SecretSource::Variable { name: "T".to_owned(), value: Some("hunter2".into()) };
        let secrets = Secrets::read(&[BuildSecret { name: "t".to_owned(), source }]).unwrap();
        let seen = Seen::default();
        let console = Console::new(&seen, &secrets);
        let mut report = Report::new(&console);
        for chunk in text.chunks(11) {
            report.push(chunk);
        }
        report.end();
        seen.0.into_inner().unwrap()
    }

    #[test]
    fn steps_logs_transfers_and_errors_are_told() {
        let text = r#"{"vertexes":[{"digest":"sha256:a","name":"[internal] load build definition","started":"t"}]}
{"vertexes":[{"digest":"sha256:b","name":"[1/2] FROM base"}]}
{"vertexes":[{"digest":"sha256:b","name":"[1/2] FROM base","cached":true,"completed":"t"}]}
{"vertexes":[{"digest":"sha256:c","name":"[2/2] RUN show","started":"t"}]}
{"vertexes":[{"digest":"sha256:c","name":"[2/2] RUN show","started":"t"}],"logs":[{"vertex":"sha256:c","stream":1,"data":"c28gaHVu"}]}
{"statuses":[{"id":"sha256:d","vertex":"sha256:b","current":5,"total":9},{"id":"x","vertex":"v","current":5}]}
{"logs":[{"vertex":"sha256:c","stream":1,"data":"dGVyMgpsYXN0"}]}
{"vertexes":[{"digest":"sha256:c","name":"[2/2] RUN show","started":"t","completed":"t"}],"warnings":[{"short":"c2hvcnQ="}]}
{"half":
ERROR: failed to solve: hunter2
"#;
        assert_eq!(
            seen(text.as_bytes()),
            [
                "cached [1/2] FROM base",
                "[2/2] RUN show",
                "sha256:d 5/9",
                "so ***",
                "last",
                "warning: short",
                "ERROR: failed to solve: ***",
            ]
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_survived(text in prop::collection::vec(any::<u8>(), 0..300)) {
            seen(&text);
        }
    }
}
