//! Policies at their places in the file.

use std::path::Path;

use jiff::tz::TimeZone;
use miette::SourceSpan;
use plimsoll_core::reference::InvalidReference;

use super::{
    model::{Binding, Capability, LimitOverrides, PolicyReference, Signer},
    problem::{Problem, suggestion},
    quantity,
    reader::{Reader, Text},
    settings, signers,
};

/// What derives the tags when the file does not say.
const DEFAULT_TAGGING: &str = "release-tags";
const DEFAULT_TIME_ZONE: &str = "UTC";

/// What bindings are read against.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The folder of the configuration.
    pub(super) folder: &'a Path,
    /// The names of the stock policies.
    pub(super) stock: &'a [&'a str],
    /// Who signs policies; absent when that part of the file is broken.
    pub(super) signers: Option<&'a [Signer]>,
}

/// The tagging policy of a file that names none.
pub(super) fn default_tagging() -> Binding {
    let nowhere = SourceSpan::from((0, 0));
    Binding {
        policy: PolicyReference::Stock(DEFAULT_TAGGING.to_owned()),
        written: format!("stock:{DEFAULT_TAGGING}"),
        signed_by: [].into(),
        settings: "{}".to_owned(),
        settings_files: [].into(),
        grants: [].into(),
        time_zone: DEFAULT_TIME_ZONE.to_owned(),
        limits: LimitOverrides::default(),
        shadow: None,
        span: nowhere,
        settings_span: nowhere,
    }
}

pub(super) fn binding(
    reader: &Reader<'_>,
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Binding> {
    let time_zone = match reader.text("time-zone") {
        Some(written) => take(time_zone(written), problems),
        None => Some(DEFAULT_TIME_ZONE.to_owned()),
    };
    let binding = alone(reader, surroundings, problems);
    let shadow = reader.table("shadow").map(|shadow| alone(&shadow, surroundings, problems));
    let (binding, time_zone) = (binding?, time_zone?);
    let shadow = match shadow {
        // It is asked the very same question: at the same time, told in the same zone.
        Some(shadow) => Some(Box::new(Binding { time_zone: time_zone.clone(), ..shadow? })),
        None => None,
    };
    Some(Binding { time_zone, shadow, ..binding })
}

/// A binding but for its time zone and its shadow.
fn alone(
    reader: &Reader<'_>,
    surroundings: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Binding> {
    let written = reader.text("policy");
    let policy = written.and_then(|written| take(policy(written, surroundings), problems));
    let settings = reader.value("settings");
    let json = settings
        .and_then(|value| value.get_ref().as_table())
        .map_or_else(|| "{}".to_owned(), |table| settings::to_json(table, problems));
    let (written, policy) = (written?, policy?);
    let signed_by = match surroundings.signers {
        Some(signers) => signers::wanted(&policy, &reader.texts("signed-by"), signers, problems),
        None => [].into(),
    };
    Some(Binding {
        policy,
        written: written.text.to_owned(),
        signed_by,
        settings: json,
        settings_files: reader
            .named_texts("settings-files")
            .map(|(name, path)| (name.to_owned(), surroundings.folder.join(path)))
            .collect(),
        grants: reader.texts("grants").iter().filter_map(|name| capability(name.text)).collect(),
        time_zone: DEFAULT_TIME_ZONE.to_owned(),
        limits: reader.table("limits").map(|limits| overrides(&limits)).unwrap_or_default(),
        shadow: None,
        span: written.span,
        settings_span: settings.map_or(written.span, |value| value.span().into()),
    })
}

/// The value, or its problem noted.
pub(super) fn take<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

fn policy(written: Text<'_>, surroundings: Surroundings<'_>) -> Result<PolicyReference, Problem> {
    let Text { text, span } = written;
    if let Some(name) = text.strip_prefix("stock:") {
        if surroundings.stock.contains(&name) {
            return Ok(PolicyReference::Stock(name.to_owned()));
        }
        let message = format!("there is no stock policy `{name}`");
        return Err(Problem::new(span, message).help(suggestion(name, surroundings.stock.iter().copied())));
    }
    let advice = "write the path of a component on disk, `stock:` and the name of a stock policy, or `oci://` and a reference";
    if let Some(reference) = text.strip_prefix("oci://") {
        let reference = reference.parse().map_err(|error: InvalidReference| {
            Problem::new(span, error.to_string())
                .help("write `oci://REGISTRY/REPOSITORY:TAG`, perhaps with `@` and a digest")
        })?;
        return Ok(PolicyReference::Registry(reference));
    }
    if text.contains("://") {
        return Err(Problem::new(span, format!("policies cannot be fetched from `{text}`")).help(advice));
    }
    Ok(PolicyReference::Path(surroundings.folder.join(text)))
}

/// The zone's name as the time-zone database writes it.
fn time_zone(written: Text<'_>) -> Result<String, Problem> {
    let unknown = || {
        Problem::new(written.span, format!("the time zone `{}` is unknown", written.text))
            .help("write an IANA name such as `UTC` or `Europe/Berlin`")
    };
    let zone = TimeZone::get(written.text).map_err(|_| unknown())?;
    zone.iana_name().filter(|_| !zone.is_unknown()).map(str::to_owned).ok_or_else(unknown)
}

fn capability(name: &str) -> Option<Capability> {
    [Capability::Log, Capability::Registry, Capability::History]
        .into_iter()
        .find(|capability| capability.name() == name)
}

fn overrides(limits: &Reader<'_>) -> LimitOverrides {
    let size = |key| limits.size(key);
    LimitOverrides {
        fuel: limits.count("fuel"),
        time: limits.text("time").and_then(|time| quantity::duration(time.text).ok()),
        memory: size("memory"),
        table_elements: limits.count("table-elements"),
        instances: limits.count("instances").and_then(|count| u32::try_from(count).ok()),
        output: size("output"),
        host_calls: limits.count("host-calls"),
    }
}
