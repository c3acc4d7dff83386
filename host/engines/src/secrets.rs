//! Secrets of a build: handed to the engine's program, and kept out of everything that is shown.

use std::{
    ffi::OsString,
    fmt,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::{
    console::uncoloured,
    error::EngineError,
    program::Program,
    settings::{BuildSecret, SecretSource},
};

/// The largest secret, bytes: what BuildKit takes (its `session/secrets/secretsprovider`).
const LARGEST: u64 = 500 << 10;
/// What stands for a secret.
const HIDDEN: &str = "***";
/// A line of a secret with more than one is hidden by itself when it has this many bytes at least: shorter ones are words of
/// messages, too.
const SHORTEST_LINE: usize = 4;

/// Secrets that were read, before anything is built.
#[derive(Default)]
pub(crate) struct Secrets {
    ready: Vec<Ready>,
    /// What is not to be shown, longest first.
    hidden: Vec<String>,
}

/// A secret, and how the program gets it.
struct Ready {
    name: String,
    way: Way,
}

enum Way {
    Value(OsString),
    File(PathBuf),
}

/// Only how many there are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("count", &self.ready.len()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Reads the secrets.
    ///
    /// # Errors
    /// One is not there or too large.
    pub(crate) fn read(secrets: &[BuildSecret]) -> Result<Self, EngineError> {
        let mut read = Self::default();
        for secret in secrets {
            read.add(secret)?;
        }
        read.hidden.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        read.hidden.dedup();
        Ok(read)
    }

    fn add(&mut self, secret: &BuildSecret) -> Result<(), EngineError> {
        use secrecy::ExposeSecret as _;
        let way = match &secret.source {
            SecretSource::Variable { name, value } => {
                let value = value.as_ref().ok_or_else(|| EngineError::NoVariable {
                    secret: secret.name.clone(),
                    variable: name.clone(),
                })?;
                self.hide_from_now_on(value.expose_secret());
                Way::Value(value.expose_secret().into())
            }
            SecretSource::File(path) => {
                let bytes = read_file(path)
                    .map_err(|problem| EngineError::SecretFile { path: path.clone(), problem })?;
                self.hide_from_now_on(&String::from_utf8_lossy(&bytes));
                // The program runs in the same folder, but for some it would name one of their own.
                Way::File(std::path::absolute(path).unwrap_or_else(|_| path.clone()))
            }
        };
        self.ready.push(Ready { name: secret.name.clone(), way });
        Ok(())
    }

    /// As it is, and as a console shows it.
    fn hide_from_now_on(&mut self, value: &str) {
        let value = value.trim();
        let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        let texts =
            lines.chain([value]).flat_map(|text| [text.to_owned(), uncoloured(text).trim().to_owned()]);
        self.hidden.extend(texts.filter(|text| !text.is_empty()));
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Bytes of the longest text that must not be shown, even in part.
    pub(crate) fn longest(&self) -> usize {
        self.hidden.first().map_or(0, String::len)
    }

    /// A text without secrets.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// Hands them to a program: values in its environment, which nobody else may look into, files by their paths. Its
    /// arguments, which everybody sees, have names alone.
    pub(crate) fn hand_to(&self, program: &mut Program) {
        for (index, secret) in self.ready.iter().enumerate() {
            let name = &secret.name;
            let mut argument = OsString::from(format!("id={name},"));
            match &secret.way {
                Way::Value(value) => {
                    let variable = format!("PLIMSOLL_BUILD_SECRET_{index}");
                    argument.push(format!("env={variable}"));
                    program.variable(&variable, value);
                }
                Way::File(path) => {
                    argument.push("src=");
                    argument.push(path);
                }
            }
            program.arguments(["--secret".into(), argument]);
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than the {LARGEST} bytes that a secret may have"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn variable(value: &str) -> BuildSecret {
        let source = SecretSource::Variable { name: "NPM_TOKEN".to_owned(), value: Some(value.into()) };
        BuildSecret { name: "npm".to_owned(), source }
    }

    #[test]
    fn arguments_name_secrets_and_do_not_hold_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "first line\nsecond line\n").unwrap();
        let file = BuildSecret { name: "key".to_owned(), source: SecretSource::File(path.clone()) };
        let secrets = Secrets::read(&[variable("hunter2,x=y"), file]).unwrap();
        let mut program = Program::new("docker");
        secrets.hand_to(&mut program);
        let arguments: Vec<_> = program.listed().collect();
        let file = format!("id=key,src={}", path.display());
        assert_eq!(arguments, ["--secret", "id=npm,env=PLIMSOLL_BUILD_SECRET_0", "--secret", &file]);
        assert!(!format!("{secrets:?}").contains("hunter2"));
        assert_eq!(secrets.hide("x hunter2,x=y; first line|second line"), "x ***; ***|***");
    }

    #[test]
    fn what_is_not_there_is_told_before_anything_is_built() {
        let unset = BuildSecret {
            name: "npm".to_owned(),
            source: SecretSource::Variable { name: "NPM_TOKEN".to_owned(), value: None },
        };
        assert!(Secrets::read(&[unset]).unwrap_err().to_string().contains("`NPM_TOKEN`"));
        let absent = BuildSecret { name: "x".to_owned(), source: SecretSource::File("/no/such".into()) };
        assert!(Secrets::read(&[absent]).unwrap_err().to_string().contains("/no/such"));
    }

    proptest! {
        #[test]
        fn no_secret_gets_through(before in "[a-z ]{0,20}", secret in "[A-Z0-9]{4,30}", after in "[a-z ]{0,20}") {
            let secrets = Secrets::read(&[variable(&secret)]).unwrap();
            let shown = secrets.hide(&format!("{before}{secret}{after}{secret}"));
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }
    }
}
