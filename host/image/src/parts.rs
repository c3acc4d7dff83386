//! One COPY of much makes several layers, so that a change costs one of them: to build, to send, and to fetch wherever the
//! image runs. Which layer a file goes to depends on its path alone, as long as the whole does not grow or shrink past a
//! power of two.

use std::{
    collections::HashMap,
    hash::Hasher as _,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use fnv::FnvHasher;

use crate::{
    error::ImageError,
    files::{Content, Kind, Node},
    layer::{Entries, Entry},
    tar_writer::{self, Identity},
};

/// What a layer weighs at least, where there are several, in bytes of content: less is not worth a layer of its own.
const PART: u64 = 32 << 20;
/// What a file weighs besides its content: opening it takes as long as reading so many bytes.
const FILE: u64 = 16 << 10;
/// The most layers that one instruction makes. Engines take up to 127 in an image (Linux, `overlayfs`, as Docker uses it).
const MOST: u64 = 16;
/// Layers that are made at the same time.
const ABREAST: usize = 2;

/// The layers that these entries make; none for no entries. Together they hold what one layer would: every entry once, but
/// folders in each layer that has something below them, for those who unpack layers one by one.
pub(crate) fn split(entries: Entries) -> Vec<Entries> {
    let count = count(entries.iter().map(|(_, node)| weight(node)).sum());
    if entries.is_empty() {
        return Vec::new();
    }
    if count == 1 {
        return vec![entries];
    }
    let homes = homes(&entries, count);
    let mut parts = vec![Entries::new(); count as usize];
    for ((path, node), homes) in entries.into_iter().zip(homes) {
        let last = homes.last();
        for part in homes.each().filter(|part| *part != last) {
            parts[part].push((path.clone(), Arc::clone(&node)));
        }
        parts[last].push((path, node));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Some of the layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Homes(u16);

impl Homes {
    const fn one(part: usize) -> Self {
        Self(1 << part)
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// The last of them; the first layer when there are none.
    const fn last(self) -> usize {
        match self.0.checked_ilog2() {
            Some(last) => last as usize,
            None => 0,
        }
    }

    fn each(self) -> impl Iterator<Item = usize> {
        (0..MOST as usize).filter(move |part| self.0 >> part & 1 == 1)
    }
}

/// The layers that each entry is in: a folder where something below it is.
fn homes(entries: &[Entry], count: u64) -> Vec<Homes> {
    let mut links: HashMap<Identity<'_>, &Path> = HashMap::new();
    let mut homes = vec![Homes::default(); entries.len()];
    // The folders that the current entry is in, by index.
    let mut above: Vec<usize> = Vec::new();
    for (index, (path, node)) in entries.iter().enumerate() {
        while let Some(folder) = above.pop_if(|folder| !is_below(path, &entries[*folder].0)) {
            leave(folder, &above, entries, &mut homes, count);
        }
        if node.is_directory() {
            above.push(index);
            continue;
        }
        // Hard links of one file belong to one layer.
        let named = identity(node).map_or(path.as_path(), |identity| *links.entry(identity).or_insert(path));
        homes[index] = Homes::one(place(named, count));
        if let Some(folder) = above.last() {
            let home = homes[index];
            homes[*folder].add(home);
        }
    }
    while let Some(folder) = above.pop() {
        leave(folder, &above, entries, &mut homes, count);
    }
    homes
}

/// All that is in a folder has its place.
fn leave(folder: usize, above: &[usize], entries: &[Entry], homes: &mut [Homes], count: u64) {
    if homes[folder].is_empty() {
        homes[folder] = Homes::one(place(&entries[folder].0, count));
    }
    if let Some(parent) = above.last() {
        let home = homes[folder];
        homes[*parent].add(home);
    }
}

/// Whether a path is in a folder or below it.
fn is_below(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (path.as_os_str().as_bytes(), folder.as_os_str().as_bytes());
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Does something with each part, in its own time but two at a time: while one waits for the disk at its end, the next one is
/// compressed. Answers the results in the parts' order.
pub(crate) fn in_turns<T: Send>(
    parts: Vec<Entries>,
    make: impl Fn(&[Entry]) -> Result<T, ImageError> + Sync,
) -> Result<Vec<T>, ImageError> {
    let abreast = ABREAST.min(parts.len());
    let open = Mutex::new(parts.into_iter().enumerate());
    let next = || open.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<Vec<(usize, T)>, ImageError> {
        let mut made = Vec::new();
        while let Some((turn, part)) = next() {
            // After a failure nobody begins another one.
            made.push((turn, make(&part).inspect_err(|_| while next().is_some() {})?));
        }
        Ok(made)
    };
    let made: Result<Vec<_>, ImageError> = thread::scope(|scope| {
        let workers: Vec<_> = (0..abreast).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut made: Vec<(usize, T)> = made?.into_iter().flatten().collect();
    made.sort_unstable_by_key(|(turn, _)| *turn);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// How many layers make up this weight: a power of two.
fn count(weight: u64) -> u64 {
    match weight / PART {
        0 => 1,
        parts => (1 << parts.ilog2()).min(MOST),
    }
}

/// Where a path goes. When the number of layers doubles, each of them is split.
fn place(path: &Path, count: u64) -> usize {
    let mut hash = FnvHasher::default();
    hash.write(path.as_os_str().as_bytes());
    (hash.finish() % count) as usize
}

/// What a file of the context adds to a layer; nothing else does: what is in another layer would have to be taken out of it
/// for each layer anew.
fn weight(node: &Node) -> u64 {
    match &node.kind {
        Kind::File(Content::Host(_, stat)) => stat.size + FILE,
        _ => 0,
    }
}

/// What hard links of one file share.
fn identity(node: &Node) -> Option<Identity<'_>> {
    match &node.kind {
        Kind::File(content) => tar_writer::identity(content),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use proptest::{collection::btree_map, prelude::*};

    use super::*;
    use crate::files::Stat;

    fn file(size: u64, inode: u64, links: u64) -> Arc<Node> {
        let stat = Stat { device: 1, inode, links, size, modified: (0, 0), changed: (0, 0) };
        let kind = Kind::File(Content::Host("file".into(), stat));
        Node { kind, mode: 0o644, user: 0, group: 0, attributes: Vec::new() }.into()
    }

    /// Files of a megabyte in folders, some of them hard links of each other.
    fn entries(files: &BTreeMap<u16, u64>) -> Entries {
        let mut entries =
            BTreeMap::from(["data", "data/empty"].map(|path| (path.into(), Node::directory().into())));
        for (number, inode) in files {
            let folder = PathBuf::from(format!("data/{}", number % 7));
            entries.insert(
                folder.join(number.to_string()),
                file(1 << 20, *inode, if *inode < 4 { 2 } else { 1 }),
            );
            entries.insert(folder, Node::directory().into());
        }
        entries.into_iter().collect()
    }

    fn has(entries: &Entries, path: &Path) -> bool {
        entries.iter().any(|(other, _)| other == path)
    }

    #[test]
    fn little_stays_together() {
        assert!(split(Entries::new()).is_empty());
        assert_eq!(split(entries(&(0..63).map(|number| (number, 9)).collect())).len(), 1);
        assert_eq!([0, PART, 2 * PART - 1, 2 * PART, 4 * PART, 1 << 40].map(count), [1, 1, 1, 2, 4, 16]);
    }

    #[test]
    fn results_come_in_the_order_of_the_parts_and_a_failure_ends_it() {
        let parts: Vec<Entries> =
            (0..9).map(|number| entries(&(0..number).map(|key| (key, 9)).collect())).collect();
        let sizes = in_turns(parts.clone(), |part| Ok(part.len())).unwrap();
        assert_eq!(sizes, parts.iter().map(Entries::len).collect::<Vec<_>>());
        let failed = in_turns(parts, |part| match part.len() {
            5.. => Err(ImageError::Copy("no".to_owned())),
            size => Ok(size),
        });
        assert_eq!(failed.unwrap_err().to_string(), "no");
        assert!(in_turns(Vec::new(), |part| Ok(part.len())).unwrap().is_empty());
    }

    #[test]
    fn what_grows_a_little_stays_where_it_was() {
        let before = entries(&(0..300).map(|number| (number, 9)).collect());
        let after = entries(&(0..301).map(|number| (number, 9)).collect());
        let (before, after) = (split(before), split(after));
        assert_eq!((before.len(), after.len()), (8, 8));
        assert_eq!(before.iter().zip(&after).filter(|(before, after)| before != after).count(), 1);
    }

    proptest! {
        #[test]
        fn the_layers_hold_what_one_would(files in btree_map(any::<u16>(), 0_u64..20, 0..300)) {
            let whole = entries(&files);
            let parts = split(whole.clone());
            let mut all = BTreeMap::new();
            let mut homes: HashMap<Identity<'_>, usize> = HashMap::new();
            for (number, part) in parts.iter().enumerate() {
                prop_assert!(!part.is_empty());
                for (path, node) in part {
                    let is_first = all.insert(path.clone(), node.clone()).is_none();
                    prop_assert!(is_first || node.is_directory(), "{} comes once", path.display());
                    for folder in path.ancestors().skip(1).filter(|folder| has(&whole, folder)) {
                        prop_assert!(has(part, folder), "{} has its folder", path.display());
                    }
                    if let Some(identity) = identity(node) {
                        prop_assert_eq!(*homes.entry(identity).or_insert(number), number);
                    }
                }
            }
            prop_assert_eq!(all.into_iter().collect::<Entries>(), whole);
        }
    }
}
