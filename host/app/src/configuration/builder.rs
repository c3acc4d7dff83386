//! What builds the image, of the table `[image]`.

use std::path::Path;

use super::{
    model::{BuildahIsolation, Builder, EngineBuild, Secret, SecretPlace},
    problem::Problem,
    reader::Reader,
};

/// Keys that not every builder honours, and the builders that do.
const HONOURED: [(&str, &[&str]); 5] = [
    ("secrets", &["docker", "buildah"]),
    ("cache-from", &["docker", "buildah"]),
    ("cache-to", &["docker", "buildah"]),
    ("docker", &["docker"]),
    ("buildah", &["buildah"]),
];

pub(super) fn builder(image: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Builder> {
    let name = image.text("builder").map_or("embedded", |builder| builder.text);
    refuse_what_is_not_honoured(image, name, problems);
    let build = EngineBuild {
        secrets: secrets(image, folder, problems),
        cache_from: texts(image, "cache-from"),
        cache_to: texts(image, "cache-to"),
    };
    match name {
        "embedded" => Some(Builder::Embedded),
        "docker" => {
            let table = image.table("docker");
            let builder = table.and_then(|table| table.text("builder")).map(|name| name.text.to_owned());
            Some(Builder::Docker { builder, build })
        }
        "buildah" => {
            refuse_words_of_buildx(image, problems);
            let table = image.table("buildah");
            let text = |key| table.and_then(|table| table.text(key)).map(|text| text.text);
            Some(Builder::Buildah {
                isolation: text("isolation").and_then(isolation),
                storage: text("storage").map(|path| folder.join(path)),
                storage_driver: text("storage-driver").map(str::to_owned),
                build,
            })
        }
        // What is no builder was told already.
        _ => None,
    }
}

fn isolation(name: &str) -> Option<BuildahIsolation> {
    match name {
        "oci" => Some(BuildahIsolation::Oci),
        "rootless" => Some(BuildahIsolation::Rootless),
        "chroot" => Some(BuildahIsolation::Chroot),
        _ => None,
    }
}

fn texts(image: &Reader<'_>, key: &str) -> Vec<String> {
    image.texts(key).iter().map(|text| text.text.to_owned()).collect()
}

fn refuse_what_is_not_honoured(image: &Reader<'_>, builder: &str, problems: &mut Vec<Problem>) {
    for (key, builders) in HONOURED {
        if let Some(place) = image.place(key)
            && !builders.contains(&builder)
        {
            let who = builders.iter().map(|name| format!("`builder = \"{name}\"`")).collect::<Vec<_>>();
            let message = format!("the builder `{builder}` does not honour `image.{key}`");
            let help = format!("it goes with {}", who.join(" or "));
            problems.push(Problem::new(place, message).label("not here").help(help));
        }
    }
}

/// buildah keeps caches in repositories, and takes everything for the name of one.
fn refuse_words_of_buildx(image: &Reader<'_>, problems: &mut Vec<Problem>) {
    for text in ["cache-from", "cache-to"].iter().flat_map(|key| image.texts(key)) {
        if text.text.contains('=') {
            let message = format!("`{}` is no repository", text.text);
            let help = "buildah keeps caches in repositories: `registry.example/website/cache`";
            problems.push(Problem::new(text.span, message).help(help));
        }
    }
}

fn secrets(image: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (name, table) in image.named_tables("secrets") {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.text.is_empty() || !name.text.bytes().all(is_plain) {
            let message = format!("`{}` is no name for a secret: `A-Z a-z 0-9 _ . -`", name.text);
            problems.push(Problem::new(name.span, message).label("the name that RUN mounts it by"));
        }
        let place = match (table.text("environment"), table.text("file")) {
            (Some(variable), None) => {
                if variable.text.contains(['=', '\0']) {
                    let message = format!("`{}` is no name of an environment variable", variable.text);
                    let help = "the secret itself does not belong here";
                    problems.push(Problem::new(variable.span, message).help(help));
                }
                SecretPlace::Environment(variable.text.to_owned())
            }
            (None, Some(file)) => SecretPlace::File(folder.join(file.text)),
            // Told already.
            _ => continue,
        };
        secrets.push(Secret { name: name.text.to_owned(), place });
    }
    secrets
}
