//! Looking at a folder and all below it with several threads: what takes longest when nothing has changed.

use std::{
    collections::HashMap,
    ffi::OsString,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::{error::ImageError, files::Node};

/// More threads than this find no more to do at once.
const MOST_THREADS: usize = 8;

/// What is in a folder, sorted by name.
pub(crate) type Listing = Vec<(OsString, Arc<Node>)>;

/// Lists a folder and all below it, by path. Folders that cannot be listed are left out: who asks for them again learns why.
pub(crate) fn survey(
    folder: &Path,
    list: impl Fn(&Path) -> Result<Listing, ImageError> + Sync,
) -> HashMap<PathBuf, Listing> {
    let survey = Survey { list, state: Mutex::default(), changed: Condvar::new() };
    survey.look(folder.to_owned());
    let open = survey.state().open.len();
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS).min(open);
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| survey.work())).collect();
        survey.work();
        for other in others {
            other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    survey.state.into_inner().unwrap_or_else(PoisonError::into_inner).found
}

struct Survey<List> {
    list: List,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Folders that nobody has begun with.
    open: Vec<PathBuf>,
    /// How many are being listed.
    busy: usize,
    found: HashMap<PathBuf, Listing>,
}

impl<List: Fn(&Path) -> Result<Listing, ImageError>> Survey<List> {
    /// Lists folders until there are no more.
    fn work(&self) {
        let mut state = self.state();
        loop {
            if let Some(folder) = state.open.pop() {
                state.busy += 1;
                drop(state);
                let busy = Busy(self);
                self.look(folder);
                drop(busy);
                state = self.state();
            } else if state.busy == 0 {
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn look(&self, folder: PathBuf) {
        let Ok(listing) = (self.list)(&folder) else { return };
        let folders = listing.iter().filter(|(_, node)| node.is_directory());
        let below: Vec<PathBuf> = folders.map(|(name, _)| folder.join(name)).collect();
        let mut state = self.state();
        state.open.extend(below);
        state.found.insert(folder, listing);
    }
}

impl<List> Survey<List> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists a folder. Whatever ends that, even a panic, the others are told: they wait for what it finds.
struct Busy<'a, List>(&'a Survey<List>);

impl<List> Drop for Busy<'_, List> {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Folders with as many folders in them as they are deep below the limit.
    fn list(folder: &Path, deepest: usize) -> Result<Listing, ImageError> {
        let depth = folder.components().count();
        if folder.ends_with("1/2") {
            return Err(ImageError::Write(io::Error::other("no")));
        }
        let names = (depth..deepest).map(|number| OsString::from(number.to_string()));
        Ok(names.map(|name| (name, Node::directory().into())).collect())
    }

    #[test]
    #[should_panic(expected = "a folder that panics")]
    fn a_panic_ends_it_for_all() {
        survey(Path::new(""), |folder| match folder.components().count() {
            3 => panic!("a folder that panics"),
            _ => list(folder, 9),
        });
    }

    #[test]
    fn every_folder_is_listed_once_and_those_that_cannot_be_are_left_out() {
        for deepest in [0, 1, 2, 9] {
            let mut expected = HashMap::new();
            let mut open = vec![PathBuf::new()];
            while let Some(folder) = open.pop() {
                let Ok(listing) = list(&folder, deepest) else { continue };
                open.extend(listing.iter().map(|(name, _)| folder.join(name)));
                expected.insert(folder, listing);
            }
            assert_eq!(survey(Path::new(""), |folder| list(folder, deepest)), expected, "{deepest}");
        }
        let nothing = survey(Path::new("1/2"), |folder| list(folder, 9));
        assert!(nothing.is_empty());
    }
}
