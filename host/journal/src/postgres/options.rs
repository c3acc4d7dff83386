//! Where the server is, and how it is spoken to.

use std::{net::IpAddr, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use url::Url;

use super::error::PostgresError;
use crate::{holder::this_host, name::JournalName};

/// The port where no other is written.
const PORT: u16 = 5432;
/// The longest name of PostgreSQL, bytes (`NAMEDATALEN` less one).
const LONGEST_NAME: usize = 63;

/// Where a journal is.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// `postgres://USER@HOST[:PORT]/DATABASE`. The host may be a folder of sockets, its slashes written as `%2F`. User and
    /// database must be there; a password and parameters must not.
    pub url: String,
    /// The user's password.
    pub password: Option<SecretString>,
    /// The certificate, a PEM file, of the authority that signed the server's; the public ones count too.
    pub certificate_authority: Option<PathBuf>,
    /// The schema that holds the journal. One application has one journal.
    pub schema: String,
}

/// Options that were checked.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) connect: PgConnectOptions,
    pub(super) schema: String,
    pub(super) name: JournalName,
}

impl PostgresOptions {
    /// Checks the options.
    ///
    /// The database library takes what it is not told from variables of the environment (`PG*`), so it is told everything
    /// that it lets itself be told.
    pub(super) fn check(&self) -> Result<Server, PostgresError> {
        let refused = |problem| PostgresError::Address { problem };
        check_schema(&self.schema)?;
        let url = Url::parse(&self.url).map_err(|_| refused("it is no URL"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(refused("it does not begin with `postgres://`"));
        }
        if url.password().is_some() {
            return Err(refused("it holds a password, which does not belong there"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("it has parameters, and none are known"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refused("it has no host"))?;
        if url.username().is_empty() {
            return Err(refused("it has no user"));
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(refused("it has no database"));
        }
        let connect =
            PgConnectOptions::from_url(&url).map_err(|_| refused("a part of it is no text in UTF-8"))?;
        let is_socket = connect.get_socket().is_some();
        let host = host.trim_matches(['[', ']']);
        let connect = if is_socket { connect } else { connect.host(host) };
        let connect = connect
            .port(url.port().unwrap_or(PORT))
            // No password is an empty one, not that of the environment.
            .password(self.password.as_ref().map_or("", ExposeSecret::expose_secret))
            .application_name(&format!("plimsoll, {}", this_host()))
            .disable_statement_logging();
        // An authority in any case: none in a file is an empty list, not that of the environment.
        let connect = match &self.certificate_authority {
            Some(file) => connect.ssl_root_cert(file),
            None => connect.ssl_root_cert_from_pem(Vec::new()),
        };
        let may_be_plain = (is_socket || is_loopback(host)) && self.certificate_authority.is_none();
        let connect = connect.ssl_mode(if may_be_plain { PgSslMode::Prefer } else { PgSslMode::VerifyFull });
        let server = match connect.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => format!("{}:{}", connect.get_host(), connect.get_port()),
        };
        let server = format!("{server}/{}", connect.get_database().unwrap_or_default());
        let name = JournalName::in_schema(&server, &self.schema);
        Ok(Server { connect, schema: self.schema.clone(), name })
    }
}

impl Server {
    /// The schema as SQL writes it.
    pub(super) fn quoted_schema(&self) -> String {
        format!("\"{}\"", self.schema)
    }
}

/// Names that need no more than quotes, and none of the server's own.
fn check_schema(schema: &str) -> Result<(), PostgresError> {
    let known =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
    let is_name = schema.starts_with(|letter: char| letter.is_ascii_lowercase())
        && schema.len() <= LONGEST_NAME
        && schema.chars().all(known)
        && !schema.starts_with("pg_")
        && schema != "information_schema";
    if is_name { Ok(()) } else { Err(PostgresError::SchemaName { schema: schema.to_owned() }) }
}

/// Whether what is sent there stays on this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> PostgresOptions {
        PostgresOptions {
            url: url.to_owned(),
            password: Some("hidden-word".to_owned().into()),
            certificate_authority: None,
            schema: "plimsoll".to_owned(),
        }
    }

    fn mode(url: &str) -> PgSslMode {
        options(url).check().unwrap().connect.get_ssl_mode()
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_and_verified() {
        for url in
            ["postgres://u@db.example.com/d", "postgres://u@10.0.0.1:6432/d", "postgresql://u@[fe80::1]/d"]
        {
            assert!(matches!(mode(url), PgSslMode::VerifyFull), "{url}");
        }
        for url in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1/d",
            "postgres://u@[::1]/d",
            "postgres://u@%2Frun%2Fpg/d",
        ] {
            assert!(matches!(mode(url), PgSslMode::Prefer), "{url}");
        }
        let with_authority = PostgresOptions {
            certificate_authority: Some("ca.pem".into()),
            ..options("postgres://u@127.0.0.1/d")
        };
        assert!(matches!(with_authority.check().unwrap().connect.get_ssl_mode(), PgSslMode::VerifyFull));
    }

    #[test]
    fn a_journal_is_named_without_its_user() {
        let name = |url: &str| options(url).check().unwrap().name.to_string();
        assert_eq!(name("postgres://u@db.example.com/d"), "db.example.com:5432/d (schema plimsoll)");
        assert_eq!(name("postgres://u@%2Frun%2Fpg:6432/d"), "/run/pg/d (schema plimsoll)");
    }

    #[test]
    fn addresses_that_say_too_little_or_too_much_are_refused() {
        for url in [
            "db.example.com",
            "mysql://u@h/d",
            "postgres://u:open-word@h/d",
            "postgres://u@h/d?sslmode=disable",
            "postgres://h/d",
            "postgres://u@h",
            "postgres:///d",
        ] {
            let Err(error) = options(url).check() else { panic!("{url} was taken") };
            assert!(!error.to_string().contains("-word"), "{error}");
        }
    }

    #[test]
    fn schemas_have_plain_names() {
        for schema in
            ["", "Website", "a b", "a\"b", "pg_journal", "1st", "information_schema", &"a".repeat(64)]
        {
            assert!(check_schema(schema).is_err(), "{schema}");
        }
        for schema in ["plimsoll", "web-site_2"] {
            assert!(check_schema(schema).is_ok(), "{schema}");
        }
    }
}
