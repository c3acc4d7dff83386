//! SQL and its arguments as data, so that it can be sent again over another connection.

use sqlx::{PgConnection, Postgres, postgres::PgRow, query::Query};

/// A statement with its arguments.
#[derive(Debug)]
pub(super) struct Statement {
    sql: &'static str,
    arguments: Vec<Argument>,
}

/// One argument.
#[derive(Debug)]
pub(super) enum Argument {
    Number(Option<i64>),
    Text(Option<String>),
    Texts(&'static [&'static str]),
}

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl Statement {
    /// The arguments are `$1`, `$2` and so on.
    pub(super) fn new(sql: &'static str, arguments: impl Into<Vec<Argument>>) -> Self {
        Self { sql, arguments: arguments.into() }
    }

    /// Sends it once.
    pub(super) async fn send(&self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        let query = self.arguments.iter().fold(sqlx::query(self.sql), bind);
        query.fetch_all(connection).await
    }
}

type Sent<'q> = Query<'q, Postgres, <Postgres as sqlx::Database>::Arguments>;

fn bind<'q>(query: Sent<'q>, argument: &'q Argument) -> Sent<'q> {
    match argument {
        Argument::Number(number) => query.bind(number),
        Argument::Text(text) => query.bind(text.as_deref()),
        Argument::Texts(texts) => query.bind(*texts),
    }
}
