//! Compiled components on disk.
//!
//! The engine keeps them itself, keyed by the component, its own version and its settings. It does not notice a changed
//! byte, though, and would run it. So every file has a seal here, the SHA-256 of its content: a file without one, or
//! with another content, is removed before anything of it runs, and the component is compiled again. This guards
//! against accidents; whoever may write the directory may also write seals.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use plimsoll_core::digest::Digest;
use wasmtime::{Cache, CacheConfig, Engine, component::Component};

/// A directory of compiled components.
pub(crate) struct CompileCache {
    /// The engine's part.
    cache: Cache,
    compiled: PathBuf,
    seals: PathBuf,
    /// One compilation at a time: the engine does not say which file it wrote.
    turn: Mutex<()>,
}

impl CompileCache {
    /// Opens a cache directory, creating it where it is missing.
    pub(crate) fn open(directory: &Path) -> wasmtime::Result<Self> {
        fs::create_dir_all(directory)?;
        let directory = directory.canonicalize()?;
        let (compiled, seals) = (directory.join("compiled"), directory.join("seals"));
        fs::create_dir_all(&seals)?;
        let mut config = CacheConfig::new();
        config.with_directory(&compiled);
        // The engine would compress often used files once more: their seals would be broken.
        config.with_optimized_compression_usage_counter_threshold(u64::MAX);
        Ok(Self { cache: Cache::new(config)?, compiled, seals, turn: Mutex::new(()) })
    }

    /// The engine's part, for its settings.
    pub(crate) fn for_engine(&self) -> Cache {
        self.cache.clone()
    }

    /// Compiles a component, or takes it from the cache. The engine is one that was given [`Self::for_engine`].
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        digest: &Digest,
        binary: &[u8],
    ) -> wasmtime::Result<Component> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let seal = self.seals.join(digest.hex());
        let sealed = self.check(&seal);
        // Without a seal nothing is known of what is there, so that only what is new can be sealed.
        let before = if sealed.is_empty() { self.files() } else { BTreeSet::new() };
        let misses = self.cache.cache_misses();
        let component = Component::new(engine, binary)?;
        if self.cache.cache_misses() > misses {
            self.seal(&seal, &before);
            return Ok(component);
        }
        if !sealed.is_empty() {
            return Ok(component);
        }
        // It came from a file without a seal, and nothing of it has run.
        self.remove_unsealed();
        let component = Component::new(engine, binary)?;
        self.seal(&seal, &BTreeSet::new());
        Ok(component)
    }

    /// The files of a seal that are what they were. Those that are not are removed.
    fn check(&self, seal: &Path) -> Vec<PathBuf> {
        let intact = |(file, digest): (PathBuf, Digest)| match fs::read(&file) {
            Ok(content) if Digest::of(&content) == digest => Some(file),
            Ok(_) => {
                // Should it stay, the engine finds it and this check will refuse it again.
                let _ = fs::remove_file(&file);
                None
            }
            Err(_) => None,
        };
        self.read_seal(seal).into_iter().filter_map(intact).collect()
    }

    fn read_seal(&self, seal: &Path) -> Vec<(PathBuf, Digest)> {
        let line = |line: &str| {
            let (digest, file) = line.split_once(' ')?;
            Some((self.compiled.join(file), digest.parse().ok()?))
        };
        fs::read_to_string(seal).unwrap_or_default().lines().filter_map(line).collect()
    }

    /// Seals the files that were not there before. A seal that cannot be written costs a compilation next time.
    fn seal(&self, seal: &Path, before: &BTreeSet<PathBuf>) {
        let kept = self.read_seal(seal).into_iter().map(|(file, _)| file);
        let new = self.files().into_iter().filter(|file| !before.contains(file));
        let mut lines = String::new();
        for file in kept.chain(new).collect::<BTreeSet<_>>() {
            if let (Ok(content), Ok(name)) = (fs::read(&file), file.strip_prefix(&self.compiled)) {
                lines.push_str(&format!("{} {}\n", Digest::of(&content), name.display()));
            }
        }
        let _ = write_whole(seal, &lines);
    }

    fn remove_unsealed(&self) {
        let seals = fs::read_dir(&self.seals).into_iter().flatten().flatten();
        let sealed: BTreeSet<_> =
            seals.flat_map(|seal| self.read_seal(&seal.path())).map(|(file, _)| file).collect();
        for file in self.files().difference(&sealed) {
            let _ = fs::remove_file(file);
        }
    }

    /// The engine's files: `modules/ENGINE-VERSION/KEY`. Those with an extension are its notes.
    fn files(&self) -> BTreeSet<PathBuf> {
        let engines = fs::read_dir(self.compiled.join("modules")).into_iter().flatten().flatten();
        let files = engines.filter_map(|engine| fs::read_dir(engine.path()).ok()).flatten().flatten();
        files.map(|file| file.path()).filter(|file| file.extension().is_none()).collect()
    }
}

/// Writes a file so that it is never seen half-written.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
