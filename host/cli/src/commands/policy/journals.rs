//! What `replay` and `backtest` share: where decisions come from, and which of them are looked at.

use std::path::PathBuf;

use clap::Args;
use plimsoll_app::recorded::RecordedDecisions;
use plimsoll_core::ports::FailureClass;
use plimsoll_harness::replay::{Filter, Unreadable};

use crate::{
    failure::Failure,
    session::{Access, Session, time},
};

#[derive(Debug, Clone, Args)]
pub(crate) struct JournalArguments {
    /// A journal, or what `plimsoll journal export` printed of one. Without it the journal of the configuration.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Only decisions about this environment.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only decisions of this release.
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// Only decisions made then or later: Unix seconds or an RFC 3339 time.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

impl JournalArguments {
    pub(crate) async fn open(&self, session: &Session) -> Result<RecordedDecisions, Failure> {
        Ok(match &self.journal {
            Some(file) => RecordedDecisions::open(file).await?,
            None => RecordedDecisions::of(session.host()?.journal(Access::Read).await?),
        })
    }

    pub(crate) fn filter(&self) -> Result<Filter, Failure> {
        let since = self.since.as_deref().map(|text| time("--since", text)).transpose()?;
        Ok(Filter {
            environment: self.environment.clone(),
            release: self.release.clone(),
            since,
            ..Filter::default()
        })
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::new(FailureClass::Outside, error.to_string())
            .hint("`plimsoll journal verify` shows whether the journal was changed")
    }
}
