//! Programs that no Debian release has in the versions that the tests need: built from their Go sources once, and kept by version
//! in the user's cache folder, where other checkouts find them too.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    command::{end, wait},
    requirement::find_program,
    text::shared_cache,
};

/// How long a build may take: with cold caches, on two busy cores, the largest needs half of this.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Programs that are built together.
#[derive(Debug)]
pub(crate) struct GoTools {
    /// What they are called together: the name of their lock, and the beginning of their folder's.
    pub(crate) name: &'static str,
    /// The text of the `go.mod` whose `tool` lines are built. The versions are in there and nowhere else.
    pub(crate) module: &'static str,
    /// The folder of the `go.mod` below `tests`.
    pub(crate) folder: &'static str,
    /// The modules whose versions tell one set of programs from another, each with its name in the folder's name.
    pub(crate) versions: &'static [(&'static str, &'static str)],
    /// The programs, by which it is seen whether the folder is whole.
    pub(crate) programs: &'static [&'static str],
    /// Variables of the programs that are set when they are linked, made of what [`version`](Self::version) says.
    pub(crate) variables: fn(&GoTools) -> Vec<(&'static str, String)>,
}

impl GoTools {
    /// The folder with the programs, whether or not they are built yet.
    pub(crate) fn bin(&self) -> PathBuf {
        let parts: Vec<String> = self
            .versions
            .iter()
            .map(|(name, module)| format!("{name}-{}", self.version(module).unwrap_or("unknown")))
            .collect();
        shared_cache().join("tools").join(parts.join("-")).join("bin")
    }

    /// The version of a module, without its `v`.
    pub(crate) fn version(&self, module: &str) -> Option<&'static str> {
        version(self.module, module)
    }

    /// Builds the programs where they are missing, which is announced first, and answers with the folder that they are in. What
    /// `go` has to say goes to standard error.
    pub(crate) fn build(&self, announce: impl FnOnce()) -> Result<PathBuf, String> {
        let bin = self.bin();
        let tools = shared_cache().join("tools");
        let lock = fs::create_dir_all(&tools)
            .and_then(|()| File::create(tools.join(format!("{}.lock", self.name))))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| format!("{} could not be locked: {error}", tools.display()))?;
        if self.programs.iter().all(|program| bin.join(program).is_file()) {
            return Ok(bin);
        }
        announce();
        let go = find_program("go").ok_or("there is no `go`; see https://go.dev/doc/install")?;
        let unfinished = tempfile::Builder::new()
            .prefix(&format!("{}-unfinished-", self.name))
            .tempdir_in(&tools)
            .map_err(|error| format!("no folder could be made in {}: {error}", tools.display()))?;
        self.compile(&go, &unfinished.path().join("bin"))?;
        put(unfinished.path(), bin.parent().unwrap_or(&bin))
            .map_err(|error| format!("{} could not be put into place: {error}", bin.display()))?;
        drop(lock);
        Ok(bin)
    }

    fn compile(&self, go: &Path, folder: &Path) -> Result<(), String> {
        let mut flags = "-s -w".to_owned();
        for (name, value) in (self.variables)(self) {
            flags.push_str(&format!(" -X {name}={value}"));
        }
        let mut command = Command::new(go);
        command
            .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", &flags, "-o"])
            // With a slash at the end, it is a folder to go.
            .arg(folder.join(""))
            .arg("tool")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.folder))
            .envs([("CGO_ENABLED", "0"), ("GOWORK", "off")])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut child =
            command.spawn().map_err(|error| format!("{} could not be run: {error}", go.display()))?;
        match wait(&mut child, PATIENCE) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("go could not build them: {status}")),
            None => {
                end(&mut child);
                Err(format!("go did not build them within {PATIENCE:?}"))
            }
        }
    }
}

/// Moves a whole folder to its place, where something unfinished may lie.
fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::rename(from, to)
}

/// The version of a module in a `go.mod`, without its `v` (Go modules reference, `require` directive).
fn version<'a>(file: &'a str, module: &str) -> Option<&'a str> {
    file.lines().find_map(|line| {
        let line = line.trim_start().trim_start_matches("require ");
        line.strip_prefix(module)?.strip_prefix(" v")?.split(' ').next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{buildx, cluster};

    #[test]
    fn the_versions_are_those_of_the_module() {
        let file =
            "module m\n\nrequire a.example/b v1.2.3\n\nrequire (\n\ta.example/b/c v4.5.6 // indirect\n)\n";
        assert_eq!(version(file, "a.example/b"), Some("1.2.3"));
        assert_eq!(version(file, "a.example/b/c"), Some("4.5.6"));
        assert_eq!(version(file, "a.example/d"), None);
        for tools in [&cluster::TOOLS, &buildx::TOOLS] {
            assert!(!tools.bin().to_string_lossy().contains("unknown"), "{}", tools.bin().display());
        }
    }
}
