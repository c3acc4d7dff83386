//! Labels that say where an image comes from (OCI image specification 1.1, "Pre-Defined Annotation Keys").

use plimsoll_sdk::{Label, Source, civil::rfc3339};

use crate::settings::Settings;

/// The labels of an image, those of the settings included. Its annotations are the same.
pub(crate) fn labels(source: &Source, version: Option<&str>, settings: &Settings) -> Vec<Label> {
    let repository = &source.repository;
    let title = repository.name.rsplit('/').find(|part| !part.is_empty());
    let created = rfc3339(source.commit.time);
    let known = [
        ("title", title),
        ("description", repository.description.as_deref()),
        ("url", repository.url.as_deref()),
        ("source", repository.url.as_deref()),
        ("revision", Some(source.commit.id.as_str())),
        ("created", created.as_deref()),
        ("version", version),
        ("licenses", repository.license.as_deref()),
    ];
    let mut labels: Vec<Label> = known
        .into_iter()
        .filter_map(|(key, value)| {
            Some(Label::new(format!("org.opencontainers.image.{key}"), one_line(value?)))
        })
        .filter(|label| !settings.labels.contains_key(&label.name))
        .collect();
    labels.extend(settings.labels.iter().map(|(name, value)| Label::new(name, value)));
    labels
}

/// A text of the event in one line: hosts refuse control characters in labels.
fn one_line(text: &str) -> String {
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_of_several_lines_becomes_one() {
        assert_eq!(one_line("The site\r\nof Contoso\u{1b}"), "The site of Contoso");
        assert_eq!(one_line("plain text"), "plain text");
    }
}
