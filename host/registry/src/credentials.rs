//! Credentials from a Docker configuration file and its helpers.

use std::{
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
    thread,
    time::Duration,
};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use secrecy::SecretString;
use tokio::{sync::oneshot, time::timeout};

use crate::{address, error::RegistryError};

/// The largest configuration file that is read, bytes.
const LARGEST_FILE: u64 = 4 << 20;

/// What a registry is shown.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// Nothing.
    Anonymous,
    /// A name and a password.
    Password { username: String, password: SecretString },
    /// A token that is good for getting other tokens.
    IdentityToken(SecretString),
}

/// Where credentials come from.
#[derive(Debug, Clone)]
pub(crate) struct CredentialSource {
    pub(crate) file: Option<PathBuf>,
    pub(crate) helper_timeout: Duration,
}

impl CredentialSource {
    /// The credential for a registry; anonymous when there is none.
    pub(crate) async fn look_up(&self, registry: &str) -> Result<Credential, RegistryError> {
        let Some(file) = self.file.clone() else { return Ok(Credential::Anonymous) };
        let failed = |problem: &str| RegistryError::Credentials {
            registry: registry.to_owned(),
            file: file.clone(),
            problem: problem.to_owned(),
        };
        let (found, looked_up) = oneshot::channel();
        let (path, keys) = (file.clone(), address::credential_keys(registry));
        // A thread of its own, not one of the runtime's: the runtime would wait for a helper that hangs.
        thread::spawn(move || found.send(look_up(&path, &keys)));
        match timeout(self.helper_timeout, looked_up).await {
            Ok(Ok(result)) => result.map_err(|problem| failed(&problem)),
            Ok(Err(_)) => Err(failed("the look-up ended without an answer")),
            Err(_) => Err(failed("the credential helper did not answer in time")),
        }
    }

    /// What was found and where, for people.
    pub(crate) fn describe(&self, credential: &Credential) -> String {
        let Some(file) = &self.file else { return "no Docker configuration file to look in".to_owned() };
        let file = file.display();
        match credential {
            Credential::Anonymous => format!("none found through {file}"),
            Credential::Password { username, .. } => format!("those of `{username}` found through {file}"),
            Credential::IdentityToken(_) => format!("the identity token found through {file}"),
        }
    }
}

/// Blocks for as long as a helper takes.
fn look_up(path: &PathBuf, keys: &[String]) -> Result<Credential, String> {
    let mut file = match File::open(path) {
        Ok(file) => file.take(LARGEST_FILE),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Credential::Anonymous),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    for key in keys {
        match get_credential_from_reader(bytes.as_slice(), key) {
            Ok(DockerCredential::UsernamePassword(username, password)) => {
                return Ok(Credential::Password { username, password: password.into() });
            }
            Ok(DockerCredential::IdentityToken(token)) => return Ok(Credential::IdentityToken(token.into())),
            Err(error) => {
                if let Some(problem) = problem(error) {
                    return Err(problem);
                }
            }
        }
    }
    Ok(Credential::Anonymous)
}

/// What to say of a failure; `None` when it only means that there is no credential. What a helper prints is not
/// repeated, for it may hold a secret.
fn problem(error: CredentialRetrievalError) -> Option<String> {
    match error {
        CredentialRetrievalError::NoCredentialConfigured => None,
        // The text by which helpers say that they have nothing (docker-credential-helpers, "credentials.go").
        CredentialRetrievalError::HelperFailure { stdout, .. }
            if stdout.contains("credentials not found") =>
        {
            None
        }
        CredentialRetrievalError::HelperFailure { helper, .. } => Some(format!("`{helper} get` failed")),
        CredentialRetrievalError::HelperCommunicationError => {
            Some("its credential helper cannot be run".to_owned())
        }
        CredentialRetrievalError::ConfigReadError => Some("it is no valid Docker configuration".to_owned()),
        other => Some(other.to_string()),
    }
}
