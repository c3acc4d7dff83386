//! `plimsoll init`

use std::{fs::OpenOptions, io::Write as _, path::Path};

use plimsoll_app::configuration::init_text;
use plimsoll_core::ports::FailureClass;

use crate::{
    arguments::InitArguments,
    failure::{Ending, Failure},
    session::Session,
};

/// What belongs to the host and not to the repository.
const IGNORED: &str = ".plimsoll/";

/// Where Kubernetes manifests usually are.
const MANIFESTS: &str = "k8s";

pub(crate) fn run(session: &Session, arguments: &InitArguments) -> Result<Ending, Failure> {
    let path = session.options()?.configuration;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let repository = match &arguments.repository {
        Some(repository) => repository.clone(),
        None => format!("oci:.plimsoll/images/{}", folder_name(folder)),
    };
    let manifests = folder.join(MANIFESTS).is_dir().then_some(MANIFESTS);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!arguments.force);
    let mut file = options.open(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(FailureClass::User, format!("{} is there already", path.display()))
                .hint("--force overwrites it")
        }
        _ => Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", path.display())),
    })?;
    file.write_all(init_text(&repository, manifests).as_bytes()).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", path.display()))
    })?;
    ignore(folder)?;
    say!("wrote {}: read it through, then try `plimsoll plan`", path.display());
    Ok(Ending::Done)
}

/// The folder's name as a part of an image name.
fn folder_name(folder: &Path) -> String {
    let name =
        folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_default().to_lowercase();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "website".to_owned() } else { name.to_owned() }
}

/// Keeps the host's own folder out of the repository.
fn ignore(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(".gitignore");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    if before.lines().any(|line| line.trim().trim_start_matches('/') == IGNORED) {
        return Ok(());
    }
    let separator = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    std::fs::write(&path, format!("{before}{separator}{IGNORED}\n")).map_err(|error| {
        Failure::new(FailureClass::Outside, format!("cannot write {}: {error}", path.display()))
    })
}
