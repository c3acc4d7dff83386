//! Docker's configuration file, and podman's `auth.json`, which is written the same way.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Credential, Problem, Source, Wanted, helper, keys::best};
use crate::{
    address::{DOCKER_HUB_KEY, is_docker_hub},
    waiting::blocking,
};

/// The largest file that is read, bytes.
const LARGEST_FILE: u64 = 4 << 20;

/// A file with credentials, and names of helpers that keep some.
#[derive(Debug)]
pub(super) struct DockerConfiguration {
    pub(super) file: PathBuf,
    /// How long a helper may take.
    pub(super) patience: Duration,
}

/// What the file says of credentials. The rest of it is Docker's.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Contents {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

/// An entry of `auths`. One without anything in it only says that somebody logged in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

#[async_trait]
impl Source for DockerConfiguration {
    fn place(&self) -> String {
        self.file.display().to_string()
    }

    async fn look_up(&self, wanted: &Wanted<'_>) -> Result<Option<Credential>, Problem> {
        let file = self.file.clone();
        let contents = blocking(move || read(&file)).await.map_err(|text| self.wrong(text))?;
        let of_registry = best(&contents.cred_helpers, wanted.registry, wanted.repository);
        let store = Some(&contents.creds_store).filter(|name| !name.is_empty());
        if let Some(name) = of_registry.or(store) {
            let server = if is_docker_hub(wanted.registry) { DOCKER_HUB_KEY } else { wanted.registry };
            if let Some(credential) = helper::ask(name, server, self.patience).await? {
                return Ok(Some(credential));
            }
        }
        let filled = contents.auths.iter().filter(|(_, entry)| !entry.is_empty());
        let Some(entry) = best(filled, wanted.registry, wanted.repository) else { return Ok(None) };
        entry.credential().map(Some).map_err(|text| self.wrong(text))
    }
}

impl DockerConfiguration {
    fn wrong(&self, text: impl Into<String>) -> Problem {
        Problem::new(text, format!("Correct {}.", self.file.display()))
    }
}

fn read(path: &Path) -> Result<Contents, String> {
    let mut file = match File::open(path) {
        Ok(file) => file.take(LARGEST_FILE),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    // A list would do for a structure, too. The reason of a failure is left out: it would show a part of the file.
    let object = serde_json::from_slice::<Map<String, Value>>(&bytes);
    let contents = object.and_then(|object| serde_json::from_value(Value::Object(object)));
    contents.map_err(|_| "it is no valid Docker configuration".to_owned())
}

impl Entry {
    fn is_empty(&self) -> bool {
        [&self.auth, &self.username, &self.identitytoken, &self.registrytoken]
            .into_iter()
            .all(String::is_empty)
    }

    /// A token goes before a password, as Docker has it.
    fn credential(&self) -> Result<Credential, &'static str> {
        if !self.registrytoken.is_empty() {
            return Ok(Credential::RegistryToken(self.registrytoken.clone().into()));
        }
        if !self.identitytoken.is_empty() {
            return Ok(Credential::IdentityToken(self.identitytoken.clone().into()));
        }
        if self.auth.is_empty() {
            let (username, password) = (self.username.clone(), self.password.clone().into());
            return Ok(Credential::Password { username, password });
        }
        let decoded =
            BASE64_STANDARD.decode(self.auth.trim()).ok().and_then(|text| String::from_utf8(text).ok());
        let decoded = decoded.ok_or("an `auth` in it is not encoded in base64")?;
        let (username, password) =
            decoded.split_once(':').ok_or("an `auth` in it holds no name and password")?;
        // Old versions of Docker filled it up.
        let password = password.trim_end_matches('\0').to_owned().into();
        Ok(Credential::Password { username: username.to_owned(), password })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    /// The kind of a credential, and what is in it.
    fn read_entry(json: &str) -> Result<String, &'static str> {
        let entry: Entry = serde_json::from_str(json).unwrap();
        Ok(match entry.credential()? {
            Credential::Anonymous => "nothing".to_owned(),
            Credential::Password { username, password } => format!("{username} {}", password.expose_secret()),
            Credential::IdentityToken(token) => format!("identity {}", token.expose_secret()),
            Credential::RegistryToken(token) => format!("registry {}", token.expose_secret()),
        })
    }

    #[test]
    fn every_kind_of_entry_is_read() {
        for (entry, expected) in [
            (r#"{"auth":"bWU6c2VjcmV0"}"#, "me secret"),
            (r#"{"auth":"bWU6YTpi"}"#, "me a:b"),
            (r#"{"auth":"bWU6c2VjcmV0AAA="}"#, "me secret"),
            (r#"{"username":"me","password":"secret","email":"x"}"#, "me secret"),
            (r#"{"auth":"bWU6c2VjcmV0","identitytoken":"t"}"#, "identity t"),
            (r#"{"identitytoken":"t","registrytoken":"r"}"#, "registry r"),
        ] {
            assert_eq!(read_entry(entry).as_deref(), Ok(expected), "{entry}");
        }
        assert!(read_entry(r#"{"auth":"%"}"#).unwrap_err().contains("base64"));
        assert!(read_entry(r#"{"auth":"bWU="}"#).unwrap_err().contains("no name and password"));
        assert!(serde_json::from_str::<Entry>(r#"{"email":"x"}"#).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn any_file_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), auth in ".{0,40}") {
            let folder = tempfile::TempDir::new().unwrap();
            let file = folder.path().join("config.json");
            std::fs::write(&file, bytes).unwrap();
            let _ = read(&file);
            let _ = read_entry(&serde_json::json!({"auth": auth}).to_string());
        }
    }
}
