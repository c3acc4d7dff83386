//! The table `[registries]`: how registries are reached.

use std::path::{Path, PathBuf};

use plimsoll_core::reference::RepositoryName;
use plimsoll_registry::{AzureClient, ClientCertificate, RegistryHost};

use super::{
    model::Registries,
    problem::Problem,
    reader::{Reader, Text},
};

/// How registries are reached; absent when a problem was reported.
pub(super) fn registries(
    reader: Option<Reader<'_>>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Registries> {
    let Some(reader) = reader else { return Some(Registries::default()) };
    let readers = reader.tables("hosts");
    let hosts: Vec<Option<(String, RegistryHost)>> =
        readers.iter().map(|reader| registry_host(reader, folder, problems)).collect();
    let names: Vec<Text<'_>> = readers.iter().filter_map(|reader| reader.text("host")).collect();
    let mut is_unique = true;
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|earlier| earlier.text.eq_ignore_ascii_case(name.text)) {
            let message = format!("there is already a table for the registry `{}`", name.text);
            problems.push(Problem::new(name.span, message).help("say all of a registry in one table"));
            is_unique = false;
        }
    }
    let hosts = hosts.into_iter().collect::<Option<_>>().filter(|_| is_unique)?;
    Some(Registries {
        certificate_authorities: paths(reader, "certificate-authorities", folder),
        certificate_folders: paths(reader, "certificate-folders", folder),
        plain_http: reader.texts("plain-http").iter().map(|host| host.text.to_owned()).collect(),
        transfers: reader.count("transfers").and_then(|count| usize::try_from(count).ok()),
        upload_piece: reader.size("upload-piece"),
        busy_timeout: reader.duration("busy-timeout"),
        hosts,
    })
}

fn registry_host(
    reader: &Reader<'_>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<(String, RegistryHost)> {
    let host = reader.text("host").and_then(|written| name(written, problems));
    let azure = reader.table("azure").map(|azure| AzureClient {
        client: azure.text("client").map(|text| text.text.to_owned()),
        tenant: azure.text("tenant").map(|text| text.text.to_owned()),
    });
    let options = RegistryHost {
        certificate_authorities: paths(*reader, "certificate-authorities", folder),
        client_certificate: client_certificate(reader, folder, problems)?,
        azure,
    };
    Some((host?, options))
}

/// A registry as references name it.
fn name(written: Text<'_>, problems: &mut Vec<Problem>) -> Option<String> {
    match format!("{}/x", written.text).parse::<RepositoryName>() {
        Ok(name) if name.registry().eq_ignore_ascii_case(written.text) => Some(name.registry().to_owned()),
        _ => {
            let message = format!("`{}` is not the host of a registry", written.text);
            let help =
                "write it as references do, without `https://` and without a path: `registry.example:5000`";
            problems.push(Problem::new(written.span, message).help(help));
            None
        }
    }
}

/// A certificate and its key go together; `None` when one of them is missing.
#[expect(clippy::option_option, reason = "absent is one thing, wrong is another")]
fn client_certificate(
    reader: &Reader<'_>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Option<ClientCertificate>> {
    let (here, missing) = match (reader.text("client-certificate"), reader.text("client-key")) {
        (None, None) => return Some(None),
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (folder.join(certificate.text), folder.join(key.text));
            return Some(Some(ClientCertificate { certificate, key }));
        }
        (Some(certificate), None) => (certificate, "client-key"),
        (None, Some(key)) => (key, "client-certificate"),
    };
    let message = "a client certificate and its key go together";
    problems.push(Problem::new(here.span, message).help(format!("add `{missing}`, a file in PEM format")));
    None
}

fn paths(reader: Reader<'_>, key: &str, folder: &Path) -> Vec<PathBuf> {
    reader.texts(key).iter().map(|path| folder.join(path.text)).collect()
}
