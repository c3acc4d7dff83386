//! Compiled components on disk.
//!
//! A file a component and engine, in a folder an engine: what the engine made of the component, under a seal. The engine
//! believes what it is handed, so a file whose seal does not fit is never handed to it, and the component is compiled again.
//! This guards against accidents; whoever may write the folder may also write seals, and so decides what runs. The folder must
//! therefore be the user's own: it is made so, and one that others may write is refused.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use plimsoll_core::digest::Digest;
use wasmtime::{Engine, component::Component};

/// How much is kept, bytes: some fifteen of the largest language runtimes, thousands of lean policies.
const MOST_KEPT: u64 = 1 << 30;
/// The ending of files that are being written.
const UNFINISHED: &str = "new";
/// How long a file may be written: one that is older was given up.
const LONGEST_WRITING: Duration = Duration::from_secs(60 * 60);

/// A folder of compiled components.
pub(crate) struct CompileCache {
    compiled: PathBuf,
}

impl CompileCache {
    /// Opens a cache folder, creating it where it is missing, for this user alone.
    ///
    /// # Errors
    /// It cannot be created, belongs to another user, or others may write it.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let compiled = folder.join("compiled");
        create(&compiled)?;
        own(&compiled)?;
        Ok(Self { compiled })
    }

    /// Compiles a component, or takes it from the cache.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        digest: &Digest,
        binary: &[u8],
    ) -> wasmtime::Result<Component> {
        let file = self.file(engine, digest);
        if file.parent().is_some_and(|folder| own(folder).is_ok())
            && let Some(component) = read(&file, engine, digest)
        {
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
        let folder = file.parent().unwrap_or(&self.compiled);
        create(folder)?;
        // Renamed when it is whole, so that it is never seen half-written.
        let mut unfinished =
            tempfile::Builder::new().suffix(&format!(".{UNFINISHED}")).tempfile_in(folder)?;
        unfinished.write_all(&sealed(digest, compiled))?;
        unfinished.persist(file)?;
        self.make_room(MOST_KEPT);
        Ok(())
    }

    /// Removes what was not used for the longest time, until what is left fits, and what nobody finished.
    fn make_room(&self, most: u64) {
        let (unfinished, mut files): (Vec<_>, Vec<_>) =
            self.files().into_iter().partition(Kept::is_unfinished);
        let given_up = |file: &Kept| file.used.elapsed().is_ok_and(|age| age > LONGEST_WRITING);
        // Somebody else may have removed a file already.
        for file in unfinished.into_iter().filter(given_up) {
            let _ = fs::remove_file(&file.path);
        }
        files.sort_by_key(|file| std::cmp::Reverse(file.used));
        let mut size = 0_u64;
        for file in files {
            size = size.saturating_add(file.size);
            if size > most {
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
        kept.collect()
    }
}

/// A file of the cache.
struct Kept {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

impl Kept {
    /// Whether it is being written, by whomever.
    fn is_unfinished(&self) -> bool {
        self.path.extension() == Some(OsStr::new(UNFINISHED))
    }
}

/// Creates a folder that only this user may look into.
fn create(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Whether a folder belongs to this user, and nobody else may write it. Where there are no such users it is taken for granted.
#[cfg(unix)]
fn own(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let about = fs::metadata(folder)?;
    let refuse = |why| {
        let message = format!("{} {why}, who could put code of their own there", folder.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    };
    if about.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if about.mode() & 0o022 != 0 {
        return refuse("may be written by other users");
    }
    Ok(())
}

#[cfg(not(unix))]
fn own(_: &Path) -> io::Result<()> {
    Ok(())
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
    // SAFETY: `Component::deserialize` asks for bytes that `Component::serialize` made. They lie in a folder
    // that nobody else may write, and the seal says that no accident changed them; the engine itself refuses what another
    // version or other settings of it made.
    let component = unsafe { Component::deserialize(engine, compiled) }.ok()?;
    // Used just now: the last to be removed. A folder that may only be read is as good.
    let _ = fs::File::open(file).and_then(|file| file.set_modified(SystemTime::now()));
    Some(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompileCache::open(folder.path()).unwrap();
        let engine = cache.compiled.join("engine");
        fs::create_dir_all(&engine).unwrap();
        for (name, age) in [("a", 30), ("b", 10), ("c", 20), ("d.new", 40), ("e.new", 4000)] {
            fs::write(engine.join(name), [0; 100]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            fs::File::open(engine.join(name)).unwrap().set_modified(used).unwrap();
        }
        cache.make_room(250);
        let left = |name| engine.join(name).exists();
        assert_eq!(["a", "b", "c", "d.new", "e.new"].map(left), [false, true, true, true, false]);
    }

    #[test]
    fn a_seal_is_for_one_component_and_content() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert_eq!(seal(&one, b"code"), seal(&one, b"code"));
        assert_ne!(seal(&one, b"code"), seal(&other, b"code"));
        assert_ne!(seal(&one, b"code"), seal(&one, b"cod"));
    }
}
