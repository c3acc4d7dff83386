//! Compiled components on disk.
//!
//! A file a component and engine, in a folder an engine: what the engine made of the component, under a seal. The engine
//! believes what it is handed, so a file whose seal does not fit is never handed to it, and the component is compiled again.
//! This guards against accidents; whoever may write the folder may also write seals.

use std::{
    ffi::OsStr,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use plimsoll_core::digest::Digest;
use wasmtime::{Engine, component::Component};

/// How much is kept, bytes: some fifteen of the largest language runtimes, thousands of lean policies.
const MOST_KEPT: u64 = 1 << 30;
/// The ending of files that are being written.
const UNFINISHED: &str = "new";

/// A folder of compiled components.
pub(crate) struct CompileCache {
    compiled: PathBuf,
}

impl CompileCache {
    /// Opens a cache folder, creating it where it is missing.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let compiled = folder.join("compiled");
        fs::create_dir_all(&compiled)?;
        Ok(Self { compiled })
    }

    /// Compiles a component, or takes it from the cache.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        digest: &Digest,
        binary: &[u8],
    ) -> wasmtime::Result<Component> {
        if let Some(component) = read(&self.file(engine, digest), engine, digest) {
            return Ok(component);
        }
        let component = Component::new(engine, binary)?;
        self.keep(engine, digest, &component);
        Ok(component)
    }

    /// Keeps what was made of a component. What cannot be kept costs a compilation next time.
    pub(crate) fn keep(&self, engine: &Engine, digest: &Digest, component: &Component) {
        if let Ok(compiled) = component.serialize() {
            let _ = self.write(&self.file(engine, digest), digest, &compiled);
        }
    }

    fn file(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        self.compiled.join(key(engine)).join(digest.hex())
    }

    fn write(&self, file: &Path, digest: &Digest, compiled: &[u8]) -> io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Renamed when it is whole, so that it is never seen half-written.
        let beside = file.with_extension(format!("{}.{UNFINISHED}", std::process::id()));
        fs::write(&beside, sealed(digest, compiled))?;
        fs::rename(&beside, file)?;
        self.make_room(MOST_KEPT);
        Ok(())
    }

    /// Removes what was not used for the longest time, until what is left fits.
    fn make_room(&self, most: u64) {
        let mut files = self.files();
        files.sort_by_key(|file| std::cmp::Reverse(file.used));
        let mut size = 0_u64;
        for file in files {
            size = size.saturating_add(file.size);
            if size > most {
                // Somebody else may have removed it already.
                let _ = fs::remove_file(&file.path);
            }
        }
    }

    fn files(&self) -> Vec<Kept> {
        let engines = fs::read_dir(&self.compiled).into_iter().flatten().flatten();
        let entries = engines.filter_map(|engine| fs::read_dir(engine.path()).ok()).flatten().flatten();
        let kept = entries.filter_map(|entry| {
            let about = entry.metadata().ok()?;
            Some(Kept { path: entry.path(), size: about.len(), used: about.modified().ok()? })
        });
        // Those that are being written belong to whoever writes them.
        kept.filter(|file| file.path.extension() != Some(OsStr::new(UNFINISHED))).collect()
    }
}

/// A file of the cache.
struct Kept {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// What tells engines apart that do not understand each other's files.
fn key(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// A component's file: the seal, and what the engine made of it.
fn sealed(digest: &Digest, compiled: &[u8]) -> Vec<u8> {
    [seal(digest, compiled).as_bytes(), compiled].concat()
}

/// Says that this was made of that component.
fn seal(digest: &Digest, compiled: &[u8]) -> Digest {
    let content = Digest::of(compiled);
    Digest::of(&[*digest.as_bytes(), *content.as_bytes()].concat())
}

/// The component in a file, if it is there and whole.
fn read(file: &Path, engine: &Engine, digest: &Digest) -> Option<Component> {
    let content = fs::read(file).ok()?;
    let (begins, compiled) = content.split_at_checked(32)?;
    if seal(digest, compiled).as_bytes() != begins {
        return None;
    }
    #[expect(unsafe_code, reason = "the engine offers no other way to take over what it compiled before")]
    // SAFETY: `Component::deserialize` asks for bytes that `Component::serialize` made. The seal says that these are, and that
    // no accident changed them; the engine itself refuses what another version or other settings of it made.
    let component = unsafe { Component::deserialize(engine, compiled) }.ok()?;
    // Used just now: the last to be removed. A folder that may only be read is as good.
    let _ = fs::File::open(file).and_then(|file| file.set_modified(SystemTime::now()));
    Some(component)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_used_last_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompileCache::open(folder.path()).unwrap();
        let engine = cache.compiled.join("engine");
        fs::create_dir_all(&engine).unwrap();
        for (name, age) in [("a", 30), ("b", 10), ("c", 20), ("d.1.new", 40)] {
            fs::write(engine.join(name), [0; 100]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            fs::File::open(engine.join(name)).unwrap().set_modified(used).unwrap();
        }
        cache.make_room(250);
        let left = |name| engine.join(name).exists();
        assert_eq!(["a", "b", "c", "d.1.new"].map(left), [false, true, true, true]);
    }

    #[test]
    fn a_seal_is_for_one_component_and_content() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert_eq!(seal(&one, b"code"), seal(&one, b"code"));
        assert_ne!(seal(&one, b"code"), seal(&other, b"code"));
        assert_ne!(seal(&one, b"code"), seal(&one, b"cod"));
    }
}
