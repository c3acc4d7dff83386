//! The table `[journal]`.

use std::path::Path;

use url::Url;

use super::{
    address,
    binding::take,
    model::Journal,
    problem::{Problem, listed},
    reader::{Reader, Text},
};

/// The journal's file when the configuration does not say.
const DEFAULT_FILE: &str = ".plimsoll/journal.db";
const DEFAULT_SCHEMA: &str = "plimsoll";
/// Parameters that an address of a database may have. What is about TLS is not among them: the configuration decides that.
const PARAMETERS: [&str; 2] = ["host", "application_name"];

pub(super) fn journal(
    reader: Option<&Reader<'_>>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Journal> {
    let text = |key| reader.and_then(|reader| reader.text(key));
    let Some(url) = text("postgres") else {
        return Some(Journal::Sqlite(folder.join(text("path").map_or(DEFAULT_FILE, |path| path.text))));
    };
    let url = take(database(url), problems);
    let schema = match text("schema") {
        Some(written) => take(schema(written), problems),
        None => Some(DEFAULT_SCHEMA.to_owned()),
    };
    let file = |key| text(key).map(|path| folder.join(path.text));
    Some(Journal::Postgres {
        url: url?,
        password_file: file("password-file"),
        certificate_authority: file("certificate-authority"),
        schema: schema?,
    })
}

/// An address of a database (PostgreSQL documentation, 34.1.1.2 "Connection URIs").
fn database(written: Text<'_>) -> Result<String, Problem> {
    let form = "write it like `postgres://plimsoll@db.example.com/releases`";
    let unreadable = || {
        let problem = Problem::new(written.span, "this is no address of a PostgreSQL database").help(form);
        address::unreadable(problem, written)
    };
    let url = Url::parse(written.text).map_err(|_| unreadable())?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(unreadable());
    }
    address::refuse_password(&url, written, "name a file with it: `password-file`")?;
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| !PARAMETERS.contains(&name.as_ref())) {
        let message = format!("the address of a journal does not take the parameter `{name}`");
        let help = format!("take it out; there is {}", listed(PARAMETERS));
        return Err(Problem::new(written.span, message).help(help));
    }
    if url.path().trim_start_matches('/').is_empty() {
        return Err(Problem::new(written.span, format!("`{}` names no database", written.text)).help(form));
    }
    Ok(written.text.to_owned())
}

/// A schema's name that needs no quotes and is not the database's own.
fn schema(written: Text<'_>) -> Result<String, Problem> {
    let text = written.text;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if text.len() <= 63
        && text.bytes().all(is_plain)
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && !text.starts_with("pg_")
    {
        return Ok(text.to_owned());
    }
    Err(Problem::new(written.span, format!("`{text}` is no name for the schema of a journal"))
        .help("write up to 63 of `a-z 0-9 _`, beginning with neither a digit nor `pg_`"))
}
