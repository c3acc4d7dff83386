//! An engine's program: how it is run, followed and ended.

use std::{
    ffi::{OsStr, OsString},
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::error::EngineError;

/// How long a build may take: builds that take a day are no builds.
const BUILD: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a question about the program or its engine may take.
const QUESTION: Duration = Duration::from_secs(60);
/// The most that an answer may hold, bytes.
const MOST: u64 = 1 << 20;

/// How the names of variables begin that mean something to the programs, or to us: a build argument of such a name is not for
/// them.
const THEIR_OWN: [&str; 22] = [
    "PLIMSOLL_",
    "PATH",
    "HOME",
    "TMPDIR",
    "LD_",
    "LC_",
    "XDG_",
    "DOCKER_",
    "BUILDX_",
    "BUILDKIT_",
    "BUILDAH_",
    "CONTAINERS_",
    "STORAGE_",
    "REGISTRY_",
    "GO",
    "SSL_CERT_",
    "KUBE",
    "SSH_",
    "AWS_",
    "ACTIONS_",
    "OTEL_",
    "SOURCE_DATE_EPOCH",
];

/// A program with its arguments.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    arguments: Vec<OsString>,
    command: Command,
}

/// What a program answered to a question.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Whether it succeeded.
    pub(crate) success: bool,
    /// What it printed.
    pub(crate) output: String,
    /// What it complained about.
    pub(crate) complaint: String,
}

impl Program {
    /// A program, looked for on the search path.
    pub(crate) fn new(name: &'static str) -> Self {
        Self::at(name, name)
    }

    /// A program that lies somewhere else.
    pub(crate) fn at(name: &'static str, path: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(path);
        // Nobody answers, and its words are read by their look.
        command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").env("DOCKER_CLI_HINTS", "false");
        // It stays in the foreground with us, so that Ctrl-C reaches it, too, and it ends in its own way; on drop it is
        // killed, and what it started finds nobody listening.
        command.stdin(Stdio::null()).kill_on_drop(true);
        Self { name, arguments: Vec::new(), command }
    }

    /// Adds arguments.
    pub(crate) fn arguments<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn variable(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self
    }

    /// Hands over a build argument: through the environment, where others do not see it, unless the program would take it for
    /// a setting of its own.
    pub(crate) fn build_argument(&mut self, name: &str, value: &str) {
        let upper = name.to_ascii_uppercase();
        let is_its_own =
            THEIR_OWN.iter().any(|beginning| upper.starts_with(beginning)) || upper.ends_with("_PROXY");
        if is_its_own {
            self.arguments(["--build-arg".to_owned(), format!("{name}={value}")]);
        } else {
            self.variable(name, value).arguments(["--build-arg", name]);
        }
    }

    /// The arguments as text.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> impl Iterator<Item = String> {
        self.arguments.iter().map(|argument| argument.to_string_lossy().into_owned())
    }

    /// Asks a question that is answered soon.
    ///
    /// # Errors
    /// It cannot be run, or does not end.
    pub(crate) async fn ask(mut self) -> Result<Answer, EngineError> {
        let mut child = self.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let failed = |source| EngineError::NotRun { program: self.name, source };
        let work = async {
            let (output, complaint) = tokio::try_join!(beginning(stdout), beginning(stderr))?;
            Ok((output, complaint, child.wait().await?))
        };
        let late = EngineError::TooSlow { program: self.name, patience: QUESTION };
        let (output, complaint, status) = timeout(QUESTION, work).await.map_err(|_| late)?.map_err(failed)?;
        Ok(Answer { success: status.success(), output, complaint })
    }

    /// Runs it to its end. What it writes to its standard error goes to `errors`, as it comes; `output` gets its standard
    /// output and reads it to the end.
    ///
    /// # Errors
    /// It cannot be run, or does not end within a day.
    pub(crate) async fn follow<T, F: Future<Output = T>>(
        mut self,
        mut errors: impl FnMut(&[u8]),
        output: impl FnOnce(ChildStdout) -> F,
    ) -> Result<(ExitStatus, T), EngineError> {
        let mut child = self.spawn()?;
        let failed = |source| EngineError::NotRun { program: self.name, source };
        let missing = || failed(io::ErrorKind::BrokenPipe.into());
        let (stdout, mut stderr) =
            (child.stdout.take().ok_or_else(missing)?, child.stderr.take().ok_or_else(missing)?);
        let work = async {
            let ((), result) = tokio::join!(each(&mut stderr, &mut errors), output(stdout));
            (child.wait().await, result)
        };
        let late = EngineError::TooSlow { program: self.name, patience: BUILD };
        let (status, result) = timeout(BUILD, work).await.map_err(|_| late)?;
        Ok((status.map_err(failed)?, result))
    }

    fn spawn(&mut self) -> Result<Child, EngineError> {
        self.command.args(&self.arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().map_err(|source| EngineError::NotRun { program: self.name, source })
    }
}

/// Reads a stream to its end, and passes on what comes. One that cannot be read any more has ended.
pub(crate) async fn each(stream: &mut (impl AsyncRead + Unpin), mut pass: impl FnMut(&[u8])) {
    let mut bytes = vec![0; 8192];
    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
        pass(&bytes[..count]);
    }
}

/// The beginning of what comes; the rest is read and forgotten.
async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream).take(MOST).read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_arguments_keep_out_of_sight_and_out_of_the_programs_settings() {
        let mut program = Program::new("docker");
        for (name, value) in [("VERSION", "1.2.3"), ("DOCKER_HOST", "x"), ("http_proxy", "p"), ("PATH", "/")]
        {
            program.build_argument(name, value);
        }
        let arguments: Vec<_> = program.listed().filter(|argument| argument != "--build-arg").collect();
        assert_eq!(arguments, ["VERSION", "DOCKER_HOST=x", "http_proxy=p", "PATH=/"]);
    }
}
