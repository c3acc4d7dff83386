//! Programs that keep credentials for Docker: `docker-credential-NAME get`, the registry on standard input, JSON on standard
//! output (docker-credential-helpers, "client" and "credentials").

use std::{io, process::Stdio, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
    time::timeout,
};

use super::{Credential, Problem};

/// The largest answer that is read, bytes.
const LARGEST_ANSWER: u64 = 1 << 20;
/// The name of a user whose secret is no password but a token.
const TOKEN_USER: &str = "<token>";
/// What helpers say when they have nothing.
const NOTHING: &str = "credentials not found";

/// What a helper answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    secret: String,
}

/// Asks a helper for one server; `None` when it has nothing. It is ended when it takes too long.
pub(super) async fn ask(name: &str, server: &str, patience: Duration) -> Result<Option<Credential>, Problem> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(Problem::new(format!("`{name}` is no name of a credential helper"), ADVICE));
    }
    let program = format!("docker-credential-{name}");
    let run = timeout(patience, run(&program, server));
    let Ok(result) = run.await else {
        return Err(Problem::new(format!("`{program} get` did not answer in time"), ADVICE));
    };
    let (is_success, output) = result.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::new(
            format!("the credential helper `{program}` is not there"),
            "Install it and put it on the PATH, or remove it from the file.",
        ),
        _ => Problem::new(format!("the credential helper `{program}` cannot be run: {error}"), ADVICE),
    })?;
    // What a helper prints is not repeated, for it may hold a secret.
    if !is_success {
        let is_nothing = String::from_utf8_lossy(&output).contains(NOTHING);
        let problem = || Problem::new(format!("`{program} get` failed"), ADVICE);
        return if is_nothing { Ok(None) } else { Err(problem()) };
    }
    let answer: Answer = serde_json::from_slice(&output).map_err(|_| {
        Problem::new(format!("`{program} get` answered something else than a credential"), ADVICE)
    })?;
    let secret = SecretString::from(answer.secret);
    Ok(Some(match answer.username.as_str() {
        TOKEN_USER => Credential::IdentityToken(secret),
        _ => Credential::Password { username: answer.username, password: secret },
    }))
}

const ADVICE: &str = "Run the credential helper by hand to see what it says.";

async fn run(program: &str, server: &str) -> io::Result<(bool, Vec<u8>)> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read its input says so by its answer.
        let _ = input.write_all(format!("{server}\n").as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(text) = child.stdout.take() {
        text.take(LARGEST_ANSWER).read_to_end(&mut output).await?;
    }
    Ok((child.wait().await?.success(), output))
}
