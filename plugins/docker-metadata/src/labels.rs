//! Labels and annotations (OCI image specification 1.1, "Pre-Defined Annotation Keys").

use plimsoll_sdk::Label;

use crate::{
    acceptable::one_line,
    entries,
    error::MetadataError,
    event::Event,
    expressions::{Global, fill},
    javascript, moment, zone,
};

/// The level of annotations that is written without its name: it is where a plan's annotations go.
const MANIFEST: &str = "manifest";

/// The labels of the event and those given, which win; sorted by name.
///
/// # Errors
/// A label's template cannot be filled in.
pub fn labels(event: &Event, version: &str, given: &[String]) -> Result<Vec<Label>, MetadataError> {
    let repository = &event.repository;
    let created = zone::local(event.now, "UTC").map(|now| moment::format(&now, "YYYY-MM-DDTHH:mm:ss.SSS[Z]"));
    let mut labels: Vec<Label> = [
        ("title", repository.name.as_str()),
        ("description", &repository.description),
        ("url", &repository.url),
        ("source", &repository.url),
        ("version", version),
        ("created", &created.unwrap_or_default()),
        ("revision", &event.sha),
        ("licenses", &repository.license),
    ]
    .map(|(key, value)| Label::new(format!("org.opencontainers.image.{key}"), one_line(value)))
    .to_vec();
    for (_, entry) in entries::of(given) {
        let label = fill(entry, &Global(event))?.text;
        // What has no `=` is no label.
        let Some((name, value)) = label.split_once('=') else { continue };
        match labels.iter_mut().find(|label| label.name == name) {
            Some(label) => value.clone_into(&mut label.value),
            None => labels.push(Label::new(name, value)),
        }
    }
    labels.sort_by(|a, b| javascript::locale_compare(&a.name, &b.name));
    Ok(labels)
}

/// The annotations of the event and those given, once for each level. Those of the level `manifest` have their plain names,
/// those of others the level and `:` before them.
///
/// # Errors
/// An annotation's template cannot be filled in.
pub fn annotations(event: &Event, version: &str, given: &[String]) -> Result<Vec<Label>, MetadataError> {
    let plain = labels(event, version, given)?;
    let mut annotations: Vec<Label> = Vec::new();
    for level in &event.levels {
        for Label { name, value } in &plain {
            let name = if level == MANIFEST { name.clone() } else { format!("{level}:{name}") };
            if !annotations.iter().any(|annotation| annotation.name == name) {
                annotations.push(Label { name, value: value.clone() });
            }
        }
    }
    Ok(annotations)
}
