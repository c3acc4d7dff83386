//! `plimsoll policy backtest`

use std::path::PathBuf;

use clap::Args;
use plimsoll_core::ports::{FailureClass, PortFailure};
use plimsoll_harness::{
    question::Question,
    replay::{Backtest, Candidate, Change, Compared, Filter, Page, Shadows, all_processors, backtest},
    settings_file::settings_text,
};
use serde_json::{Value, json};

use super::{journals::JournalArguments, replay::nothing, suites::open};
use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, BAD, FAINT, GOOD, PLAIN, STRONG, WAITING, verdict_style},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct BacktestArguments {
    /// The policy that is tried: stock:NAME, a file or oci://...
    candidate: String,
    #[command(flatten)]
    journal: JournalArguments,
    /// Its settings: a JSON, TOML or YAML file. Without it each decision's own settings.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Whose decisions it makes again: a policy's name, or a reference as the journal has it. Without it those of the
    /// policy of the same name.
    #[arg(long, value_name = "POLICY")]
    instead_of: Option<String>,
    /// Makes the decisions of shadows again instead of those that counted.
    #[arg(long)]
    shadows: bool,
    /// Lists the first changes only.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: usize,
    /// Exits with 1 when a decision changes.
    #[arg(long)]
    fail_on_change: bool,
}

pub(crate) async fn run(session: &Session, arguments: &BacktestArguments) -> Result<Ending, Failure> {
    let policy = open(session, &arguments.candidate)?;
    let bound = policy.bind(plimsoll_harness::recorded_grants(&policy)).map_err(PortFailure::from)?;
    let settings = arguments.settings.as_ref().map(|file| {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        settings_text(file, &text)
    });
    let settings =
        settings.transpose().map_err(|message| Failure::new(FailureClass::Configuration, message))?;
    if let Some(settings) = &settings {
        bound.check_settings(settings).map_err(PortFailure::from)?;
    }
    let questions = Question::of(&policy);
    let question = if let [question] = questions[..] { Some(question) } else { None };
    let instead_of = arguments.instead_of.clone().unwrap_or_else(|| policy.identity().name.clone());
    let shadows = if arguments.shadows { Shadows::Only } else { Shadows::LeftOut };
    let policy_name = Some(instead_of.clone());
    let filter = Filter { question, policy: policy_name, shadows, ..arguments.journal.filter()? };
    let candidate = Candidate { policy: bound, settings };
    let mut sum = Backtest::default();
    let mut listed: Vec<Value> = Vec::new();
    let source = arguments.journal.open(session).await?;
    let work = |page: &Page| -> Result<(), Failure> {
        for compared in backtest(page, &filter, &candidate, all_processors())? {
            sum.count(&compared);
            let worth_listing = !matches!(compared, Compared::Same | Compared::OtherFindings);
            if worth_listing && listed.len() < arguments.limit {
                if session.format == Format::Text {
                    print(&compared);
                }
                listed.push(to_json(&compared));
            }
        }
        Ok(())
    };
    source.each_page(work).await?;
    if sum.decisions == 0 {
        let whose = if arguments.shadows { "shadow" } else { "policy" };
        return Err(nothing().hint(format!(
            "it was looked for decisions by the {whose} `{instead_of}`; --instead-of names another one"
        )));
    }
    if session.format == Format::Json {
        let changed: Vec<Value> = sum
            .changed
            .iter()
            .map(|((before, after), count)| json!({ "before": before, "after": after, "count": count }))
            .collect();
        output::json(&json!({
            "candidate": policy.identity(), "decisions": sum.decisions, "same": sum.same,
            "other-findings": sum.other_findings, "changed": changed, "not-replayable": sum.not_replayable,
            "changes": listed,
        }))?;
    } else {
        summary(&sum, listed.len());
    }
    let changed = sum.changes() > 0 || sum.not_replayable > 0;
    Ok(if changed && arguments.fail_on_change { Ending::No } else { Ending::Done })
}

fn summary(sum: &Backtest, listed: usize) {
    let all = sum.changes() + sum.not_replayable;
    if all > listed as u64 {
        say!("{FAINT}... and {} more; --limit lists them{PLAIN}", all - listed as u64);
    }
    say!("{STRONG}{} decisions{PLAIN}", sum.decisions);
    say!(
        "  {GOOD}{} stay as they were{PLAIN}, {} of them for other reasons",
        sum.same + sum.other_findings,
        sum.other_findings
    );
    for ((before, after), count) in &sum.changed {
        say!("  {BAD}{count} change{PLAIN} from {before} to {after}");
    }
    if sum.not_replayable > 0 {
        say!(
            "  {WAITING}{} are not replayable{PLAIN}: the records do not hold what the policy looks up",
            sum.not_replayable
        );
    }
}

fn print(compared: &Compared) {
    match compared {
        Compared::Same | Compared::OtherFindings => {}
        Compared::NotReplayable { sequence, inquiry } => {
            say!("{WAITING}not replayable{PLAIN} entry {sequence}: the record holds no answer to {inquiry}");
        }
        Compared::Changed(change) => print_change(change),
    }
}

fn print_change(change: &Change) {
    let Change { before, after, release, sequence, at, .. } = change;
    let (was, is) = (verdict_style(Some(before)), verdict_style(Some(after)));
    let version = change.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let what = change.environment.as_deref().unwrap_or("tags");
    say!(
        "{was}{before}{PLAIN} to {is}{after}{PLAIN}  {STRONG}{release}{version}{PLAIN} {what} {FAINT}{}, entry {sequence}{PLAIN}",
        plimsoll_app::clock::readable(*at)
    );
    for difference in change.differences.iter().filter(|difference| difference.what != "verdict") {
        say!(
            "    {}: was {}, would be {}",
            difference.what,
            words(&difference.before),
            words(&difference.after)
        );
    }
    for finding in &change.findings {
        let sides = [("-", finding.before.as_ref()), ("+", finding.after.as_ref())];
        for (sign, finding) in sides.into_iter().filter_map(|(sign, finding)| Some((sign, finding?))) {
            let outcome = words(&json!(finding.outcome));
            say!("    {sign} {} {outcome}: {}", finding.rule, finding.message);
        }
    }
}

/// A part of an answer in words: texts without quotes, members as `name: value`.
fn words(value: &Value) -> String {
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => list(items.iter().map(words).collect()),
        Value::Object(members) => {
            list(members.iter().map(|(name, value)| format!("{name}: {}", words(value))).collect())
        }
    }
}

fn to_json(compared: &Compared) -> Value {
    match compared {
        Compared::Same | Compared::OtherFindings => Value::Null,
        Compared::NotReplayable { sequence, inquiry } => {
            json!({ "sequence": sequence, "not-replayable": inquiry })
        }
        Compared::Changed(change) => json!(change),
    }
}
