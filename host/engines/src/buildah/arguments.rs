//! The command lines of a build (buildah(1), buildah-build(1), buildah-push(1), buildah-manifest-push(1)).

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use plimsoll_core::ports::{BuildRequest, Compression};

use crate::{program::Program, secrets::Secrets, settings::BuildahSettings};

/// What a build leaves in buildah's storage.
pub(super) enum Product {
    /// An image, whose id goes into a file.
    Image { id_file: PathBuf },
    /// A list of images under a name.
    List { name: String },
}

impl Product {
    /// A list that no other build has, since the folder is this build's alone.
    pub(super) fn list(folder: &Path) -> Self {
        let unique = folder.file_name().unwrap_or_default().to_string_lossy();
        let unique: String = unique.bytes().map(|byte| format!("{byte:02x}")).collect();
        Self::List { name: format!("localhost/plimsoll-{unique}") }
    }
}

fn buildah(settings: &BuildahSettings) -> Program {
    let mut program = Program::new("buildah");
    if let Some(storage) = &settings.storage {
        let storage = std::path::absolute(storage).unwrap_or_else(|_| storage.clone());
        program.arguments([OsString::from("--root"), storage.join("root").into()]);
        program.arguments([OsString::from("--runroot"), storage.join("run").into()]);
    }
    if let Some(driver) = &settings.storage_driver {
        program.arguments(["--storage-driver", driver]);
    }
    program
}

/// Builds.
pub(super) fn build(
    settings: &BuildahSettings,
    request: &BuildRequest,
    secrets: &Secrets,
    product: &Product,
) -> Program {
    let mut program = buildah(settings);
    program.arguments(["build", "--format", "oci"]);
    if let Some(isolation) = settings.isolation {
        program.arguments(["--isolation", isolation.name()]);
    }
    program.arguments(["--timestamp", &request.timestamp.to_string()]);
    program.arguments(["--file".as_ref(), request.dockerfile.as_os_str()]);
    let platforms = request.platforms.as_slice().iter().map(ToString::to_string);
    program.arguments(["--platform", &platforms.collect::<Vec<_>>().join(",")]);
    if let Some(target) = &request.target {
        program.arguments(["--target", target]);
    }
    for (name, value) in &request.build_arguments {
        program.build_argument(name, value);
    }
    for (flag, map) in [("--label", &request.labels), ("--annotation", &request.annotations)] {
        for (name, value) in map {
            program.arguments([flag, &format!("{name}={value}")]);
        }
    }
    secrets.hand_to(&mut program);
    for (flag, places) in
        [("--cache-from", &settings.build.cache_from), ("--cache-to", &settings.build.cache_to)]
    {
        for place in places {
            program.arguments([flag, place]);
        }
    }
    match product {
        Product::Image { id_file } => {
            program.arguments(["--layers"]).arguments(["--iidfile".as_ref(), id_file.as_os_str()])
        }
        // Without the cache of layers: buildah 1.28 takes those of one platform for those of another.
        Product::List { name } => program.arguments(["--layers=false", "--manifest", name]),
    };
    program.arguments([&request.context]);
    program
}

/// Writes what was built into a folder, as an OCI layout.
pub(super) fn push(
    settings: &BuildahSettings,
    request: &BuildRequest,
    product: &Product,
    id: &str,
    folder: &Path,
) -> Program {
    let mut program = buildah(settings);
    match product {
        Product::Image { .. } => {
            program.arguments(["push", "--quiet", "--format", "oci"]);
            if request.compression == Compression::Zstd {
                program.arguments(["--compression-format", "zstd"]);
            }
        }
        Product::List { .. } => {
            program.arguments(["manifest", "push", "--quiet", "--all", "--format", "oci"]);
        }
    }
    let mut to = OsString::from("oci:");
    to.push(folder);
    to.push(":image");
    program.arguments([id.into(), to]);
    program
}

/// Takes a list's name away.
pub(super) fn remove_list(settings: &BuildahSettings, name: &str) -> Program {
    let mut program = buildah(settings);
    program.arguments(["manifest", "rm", name]);
    program
}
