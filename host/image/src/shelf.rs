//! A folder of small files by name that never grows beyond a size: what was used least recently goes first. Processes may
//! share it, be killed at any time, and find it gone. A shelf that cannot be read or written costs time and nothing
//! else.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    path::PathBuf,
    time::SystemTime,
};

/// What a file takes besides its content, bytes: about a block of the disk.
const OVERHEAD: u64 = 4096;

/// A folder of results of earlier builds.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    most: u64,
}

/// A file on a shelf.
struct Item {
    used: SystemTime,
    size: u64,
    path: PathBuf,
}

impl Shelf {
    /// The shelf in a folder, which is made when something is put there. It holds up to `most` bytes.
    pub(crate) const fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most }
    }

    /// What lies under a name, which counts as used by that.
    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.look(name)?;
        self.touch(name);
        Some(found)
    }

    /// What lies under a name.
    pub(crate) fn look(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.folder.join(name);
        fs::read(&path).map_err(|error| note("read", &path, &error)).ok()
    }

    /// Takes note that what lies under a name is used.
    pub(crate) fn touch(&self, name: &str) {
        // Somebody else's file cannot be touched; it is as good.
        let _ = File::open(self.folder.join(name)).and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Puts something under a name, in place of what was there, as a whole or not at all.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            file.persist(self.folder.join(name))?;
            self.trim()
        };
        if let Err(error) = write() {
            note("write into", &self.folder, &error);
        }
    }

    /// Takes something away.
    pub(crate) fn remove(&self, name: &str) {
        // Another process may have been quicker.
        let _ = fs::remove_file(self.folder.join(name));
    }

    /// The names of what lies here, used last first.
    pub(crate) fn names(&self) -> Vec<String> {
        let items = self.items().unwrap_or_default();
        let name = |item: Item| item.path.file_name().map(|name| name.to_string_lossy().into_owned());
        items.into_iter().filter_map(name).collect()
    }

    /// Removes what is too much.
    fn trim(&self) -> io::Result<()> {
        let mut total = 0;
        for item in self.items()? {
            total += item.size + OVERHEAD;
            if total > self.most {
                let _ = fs::remove_file(item.path);
            }
        }
        Ok(())
    }

    /// Everything here, used last first.
    fn items(&self) -> io::Result<Vec<Item>> {
        let mut items = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // It may be gone by now.
            let Ok(metadata) = entry.metadata() else { continue };
            items.push(Item { used: metadata.modified()?, size: metadata.len(), path: entry.path() });
        }
        items.sort_by(|one, other| (other.used, &other.path).cmp(&(one.used, &one.path)));
        Ok(items)
    }
}

fn note(action: &str, path: &std::path::Path, error: &io::Error) {
    if error.kind() != ErrorKind::NotFound {
        tracing::debug!(path = %path.display(), %error, "cannot {action} the cache");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Makes the use of a file so many seconds old.
    fn age(shelf: &Shelf, name: &str, seconds: u64) {
        let file = File::open(shelf.folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn what_was_used_least_recently_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("shelf"), 3 * (1000 + OVERHEAD));
        for (name, seconds) in [("a", 30), ("b", 20), ("c", 10)] {
            shelf.put(name, &[1; 1000]);
            age(&shelf, name, seconds);
        }
        assert_eq!(shelf.get("a").map(|bytes| bytes.len()), Some(1000));
        shelf.put("d", &[1; 1000]);
        let mut names = shelf.names();
        names.sort();
        assert_eq!(names, ["a", "c", "d"]);
        assert!(shelf.get("b").is_none());
    }

    #[test]
    fn nothing_that_is_too_large_stays() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().to_owned(), 1000);
        shelf.put("a", &[1; 1000]);
        assert!(shelf.names().is_empty());
    }

    #[test]
    fn a_shelf_that_cannot_be_written_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "in the way").unwrap();
        let shelf = Shelf::new(folder.path().join("file"), 1000);
        shelf.put("a", b"x");
        assert!(shelf.get("a").is_none() && shelf.names().is_empty());
    }
}
