//! The tables `[image]` and `[registries]`.

use std::path::{Component, Path};

use plimsoll_core::{
    ports::{Compression, Platform, Platforms},
    reference::{ImageReference, RepositoryName},
};

use super::{
    builder,
    model::{Destination, Image},
    problem::Problem,
    reader::{Reader, Text},
};

pub(super) fn image(reader: &Reader<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Image> {
    let written = reader.text("repository");
    let destination = written.and_then(|written| destination(written, folder, problems));
    let builder = builder::builder(reader, folder, problems);
    let platforms = platforms(reader, problems);
    let path = |key, default| folder.join(reader.text(key).map_or(default, |path| path.text));
    Some(Image {
        destination: destination?,
        written: written?.text.to_owned(),
        context: path("context", "."),
        dockerfile: path("dockerfile", "Dockerfile"),
        builder: builder?,
        target: reader.text("target").map(|target| target.text.to_owned()),
        build_arguments: reader
            .named_texts("build-arguments")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        platforms: platforms?,
        compression: match reader.text("compression").map(|compression| compression.text) {
            Some("zstd") => Compression::Zstd,
            _ => Compression::Gzip,
        },
    })
}

/// `platform` or `platforms`, whichever is there.
fn platforms(reader: &Reader<'_>, problems: &mut Vec<Problem>) -> Option<Platforms> {
    let written = reader.text("platform").map_or_else(|| reader.texts("platforms"), |one| vec![one]);
    let Some(first) = written.first() else { return Some(default_platform().into()) };
    let mut platforms = Vec::with_capacity(written.len());
    for text in &written {
        match text.text.parse::<Platform>() {
            Ok(platform) => platforms.push(platform),
            Err(error) => problems.push(Problem::new(text.span, error.to_string())),
        }
    }
    if platforms.len() < written.len() {
        return None;
    }
    let span = reader.span("platforms").unwrap_or(first.span);
    Platforms::new(platforms).map_err(|error| problems.push(Problem::new(span, error.to_string()))).ok()
}

/// What an image runs on when the file does not say: the same whatever machine builds.
fn default_platform() -> Platform {
    Platform::new("linux", "amd64", None)
}

fn destination(written: Text<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Destination> {
    let problem = match written.text.strip_prefix("oci:") {
        Some(path) => match layout_name(path) {
            Ok(name) => return Some(Destination::Layout { path: folder.join(path), name }),
            Err(message) => Problem::new(written.span, message)
                .help("write the folder of the layout: `oci:.plimsoll/images/website`"),
        },
        None => match written.text.parse::<RepositoryName>() {
            Ok(name) => return Some(Destination::Registry(name)),
            Err(error) => not_a_repository(written, error.to_string()),
        },
    };
    problems.push(problem);
    None
}

/// The name of a layout: the last component of its folder.
fn layout_name(path: &str) -> Result<RepositoryName, String> {
    let last = Path::new(path).components().next_back();
    let Some(Component::Normal(name)) = last else {
        return Err(format!("`oci:{path}` names no folder that could give the image its name"));
    };
    let name = name.to_string_lossy();
    name.parse().map_err(|_| {
        format!("the folder's name `{name}` is no name for an image: `a-z 0-9` with single `.`, `_` or dashes between")
    })
}

fn not_a_repository(written: Text<'_>, message: String) -> Problem {
    match written.text.parse::<ImageReference>() {
        Ok(reference) => {
            let message = format!("`{}` has a tag or a digest", written.text);
            let help =
                format!("name the repository alone, `{}`: tags come from the policy", reference.repository);
            Problem::new(written.span, message).help(help)
        }
        Err(_) => Problem::new(written.span, message)
            .help("write it like `ghcr.io/contoso/website`, or `oci:` and a folder for a layout on disk"),
    }
}
