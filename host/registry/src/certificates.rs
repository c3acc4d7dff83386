//! Whom TLS trusts, and how it says who we are: files named in the options, and folders in Docker's layout.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use reqwest::Identity;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use crate::{
    error::RegistryError,
    options::{ClientCertificate, RegistryOptions},
};

/// What TLS with one registry is made of.
#[derive(Clone, Default)]
pub(crate) struct Trust {
    /// Certificate authorities beside those of the system.
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    /// Our own certificate with its key.
    pub(crate) identity: Option<Identity>,
}

/// It holds a private key.
impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("authorities", &self.authorities.len()).finish_non_exhaustive()
    }
}

/// The certificate authorities for all registries.
pub(crate) fn authorities(paths: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    paths.iter().try_fold(Vec::new(), |mut all, path| {
        all.extend(certificates(path)?);
        Ok(all)
    })
}

/// What there is for one registry. What the options name for it goes before what lies in a folder.
pub(crate) fn trust(
    registry: &str,
    common: &[CertificateDer<'static>],
    options: &RegistryOptions,
) -> Result<Trust, RegistryError> {
    let mut trust = Trust { authorities: common.to_vec(), identity: None };
    let mut ours = None;
    if let Some(host) = options.host(registry) {
        trust.authorities.extend(authorities(&host.certificate_authorities)?);
        ours.clone_from(&host.client_certificate);
    }
    for folder in &options.certificate_folders {
        let found = docker_folder(&folder.join(registry))?;
        trust.authorities.extend(authorities(&found.authorities)?);
        ours = ours.or(found.client);
    }
    trust.identity = ours.map(|ours| identity(&ours)).transpose()?;
    Ok(trust)
}

/// What lies in a folder of Docker's (Docker, "Verify repository client with certificates").
#[derive(Debug, Default, PartialEq, Eq)]
struct Folder {
    authorities: Vec<PathBuf>,
    client: Option<ClientCertificate>,
}

/// `*.crt` are certificate authorities, `NAME.cert` and `NAME.key` a certificate to show. A folder that is not there holds
/// nothing.
fn docker_folder(folder: &Path) -> Result<Folder, RegistryError> {
    let unusable = |source: io::Error| RegistryError::Certificate {
        what: "the certificates",
        path: folder.to_owned(),
        source: source.into(),
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Folder::default()),
        Err(error) => return Err(unusable(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(unusable)?.path());
    }
    paths.sort();
    let ends = |path: &PathBuf, end: &str| path.extension().is_some_and(|extension| extension == end);
    let client = paths.iter().find(|path| ends(path, "cert")).map(|certificate| ClientCertificate {
        certificate: certificate.clone(),
        key: certificate.with_extension("key"),
    });
    Ok(Folder { client, authorities: paths.into_iter().filter(|path| ends(path, "crt")).collect() })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    const WHAT: &str = "the certificate authorities";
    let pem = read(WHAT, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable(WHAT, path, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(WHAT, path, error.to_string())),
    }
}

/// A certificate with its key, each looked at on its own, so that a message can say which of the two is wrong.
fn identity(ours: &ClientCertificate) -> Result<Identity, RegistryError> {
    const WHAT: &str = "the client certificate";
    const KEY: &str = "the key of the client certificate";
    let mut pem = read(WHAT, &ours.certificate)?;
    if CertificateDer::from_pem_slice(&pem).is_err() {
        return Err(unusable(WHAT, &ours.certificate, "there is no certificate in it"));
    }
    let key = read(KEY, &ours.key)?;
    if PrivateKeyDer::from_pem_slice(&key).is_err() {
        return Err(unusable(
            KEY,
            &ours.key,
            "there is no private key in it that can be read without a password",
        ));
    }
    pem.push(b'\n');
    pem.extend(key);
    Identity::from_pem(&pem).map_err(|error| unusable(WHAT, &ours.certificate, error))
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, RegistryError> {
    fs::read(path).map_err(|error| unusable(what, path, error))
}

fn unusable(
    what: &'static str,
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> RegistryError {
    RegistryError::Certificate { what, path: path.to_owned(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_folders_hold_authorities_and_a_pair() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(docker_folder(&path("missing")).unwrap(), Folder::default());
        for name in ["b.crt", "a.crt", "me.cert", "me.key", "readme.txt"] {
            fs::write(path(name), "").unwrap();
        }
        let client = Some(ClientCertificate { certificate: path("me.cert"), key: path("me.key") });
        let expected = Folder { authorities: vec![path("a.crt"), path("b.crt")], client };
        assert_eq!(docker_folder(folder.path()).unwrap(), expected);
    }

    #[test]
    fn a_file_that_holds_something_else_is_said() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("x.pem");
        fs::write(&path, "nothing").unwrap();
        let error = authorities(std::slice::from_ref(&path)).unwrap_err();
        assert!(
            error.to_string().contains("the certificate authorities") && error.to_string().contains("x.pem")
        );
        let ours = ClientCertificate { certificate: path.clone(), key: path };
        assert!(identity(&ours).unwrap_err().to_string().contains("the client certificate"));
    }
}
