//! Who is told of what happens to releases.

use std::path::Path;

use super::{
    address::{self, PlainHttp},
    binding::take,
    model::{Notification, NotificationEvent},
    problem::Problem,
    reader::Reader,
};

const GITHUB_API: &str = "https://api.github.com";

pub(super) fn notifications(
    readers: &[Reader<'_>],
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Notification>> {
    let read: Vec<_> = readers.iter().map(|reader| notification(reader, folder, problems)).collect();
    read.into_iter().collect()
}

fn notification(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Notification> {
    let file = |key| reader.text(key).map(|path| folder.join(path.text));
    match reader.text("kind")?.text {
        "webhook" => Some(Notification::Webhook {
            url: take(
                address::web(
                    reader.text("url")?,
                    PlainHttp::Loopback,
                    "a webhook knows us by the signature: `secret-file`",
                ),
                problems,
            )?,
            secret_file: file("secret-file"),
            events: events(reader),
        }),
        "github" => Some(Notification::GitHub {
            api: match reader.text("api") {
                Some(api) => take(
                    address::web(api, PlainHttp::Loopback, "name a file with a token: `token-file`"),
                    problems,
                )?,
                None => GITHUB_API.to_owned(),
            },
            token_file: file("token-file"),
        }),
        _ => None,
    }
}

fn events(reader: &Reader<'_>) -> std::collections::BTreeSet<NotificationEvent> {
    let named = reader.texts("events");
    let all = NotificationEvent::ALL.into_iter();
    all.filter(|event| named.is_empty() || named.iter().any(|name| name.text == event.name())).collect()
}
