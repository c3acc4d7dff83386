//! One COPY of much makes several layers, so that a change costs one of them: to build, to send, and to fetch wherever the
//! image runs. Which layer a file goes to depends on its path alone, as long as the whole does not grow or shrink past a
//! power of two.

use std::{
    collections::{HashMap, HashSet},
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use flate2::Crc;

use crate::{
    error::ImageError,
    files::{Content, Kind, Node},
    layer::Entries,
    tar_writer::{self, Identity},
};

/// Bytes of content that a layer has at least, where there are several: as many as are not worth a layer of their own.
const PART: u64 = 32 << 20;
/// The most layers that one instruction makes. Engines take up to 127 in an image (Linux, `overlayfs`, as Docker uses it).
const MOST: u64 = 16;
/// Layers that are made at the same time.
const ABREAST: usize = 2;

/// The layers that these entries make; none for no entries. Together they hold what one layer would: every entry once, but
/// folders in each layer that has something below them, for those who unpack layers one by one.
pub(crate) fn split(entries: Entries) -> Vec<Entries> {
    let count = count(entries.values().map(size).sum());
    if entries.is_empty() {
        return Vec::new();
    }
    if count == 1 {
        return vec![entries];
    }
    let mut links = HashMap::new();
    let mut parts = vec![Entries::new(); count as usize];
    // Folders that are where something below them is.
    let mut passages = HashSet::new();
    // What is in a folder comes before the folder.
    for (path, node) in entries.iter().rev() {
        if node.is_directory() && passages.contains(path) {
            continue;
        }
        // Hard links of one file belong to one layer.
        let named = identity(node).map_or(path, |identity| *links.entry(identity).or_insert(path));
        let part = &mut parts[place(named, count)];
        part.insert(path.clone(), node.clone());
        for folder in path.ancestors().skip(1) {
            let Some((folder, node)) = entries.get_key_value(folder) else { continue };
            if part.insert(folder.clone(), node.clone()).is_some() {
                break;
            }
            passages.insert(folder);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Does something with each part, in its own time but two at a time: while one waits for the disk at its end, the next one is
/// compressed. Answers the results in the parts' order.
pub(crate) fn in_turns<T: Send>(
    parts: &[Entries],
    make: impl Fn(&Entries) -> Result<T, ImageError> + Sync,
) -> Result<Vec<T>, ImageError> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, T)>, ImageError> {
        let mut made = Vec::new();
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(turn) else { return Ok(made) };
            // After a failure nobody begins another one.
            made.push((turn, make(part).inspect_err(|_| next.store(parts.len(), Ordering::Relaxed))?));
        }
    };
    let made: Result<Vec<_>, ImageError> = thread::scope(|scope| {
        let workers: Vec<_> = (0..ABREAST.min(parts.len())).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut made: Vec<(usize, T)> = made?.into_iter().flatten().collect();
    made.sort_unstable_by_key(|(turn, _)| *turn);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

/// How many layers so many bytes make: a power of two.
fn count(size: u64) -> u64 {
    match size / PART {
        0 => 1,
        parts => (1 << parts.ilog2()).min(MOST),
    }
}

/// Where a path goes. When the number of layers doubles, each of them is split.
fn place(path: &Path, count: u64) -> usize {
    let mut sum = Crc::new();
    sum.update(path.as_os_str().as_bytes());
    ((u64::from(sum.sum()) * count) >> 32) as usize
}

/// The bytes of a node's content, where they come from the context: what is in another layer would have to be taken out of it
/// for each layer anew.
fn size(node: &Node) -> u64 {
    match &node.kind {
        Kind::File(Content::Host(_, stat)) => stat.size,
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

    fn file(size: u64, inode: u64, links: u64) -> Node {
        let stat = Stat { device: 1, inode, links, size, modified: (0, 0), changed: (0, 0) };
        let kind = Kind::File(Content::Host("file".into(), stat));
        Node { kind, mode: 0o644, user: 0, group: 0, attributes: Vec::new() }
    }

    /// Files of a megabyte in folders, some of them hard links of each other.
    fn entries(files: &BTreeMap<u16, u64>) -> Entries {
        let mut entries =
            Entries::from([("data".into(), Node::directory()), ("data/empty".into(), Node::directory())]);
        for (number, inode) in files {
            let folder = PathBuf::from(format!("data/{}", number % 7));
            entries.insert(
                folder.join(number.to_string()),
                file(1 << 20, *inode, if *inode < 4 { 2 } else { 1 }),
            );
            entries.insert(folder, Node::directory());
        }
        entries
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
        let sizes = in_turns(&parts, |part| Ok(part.len())).unwrap();
        assert_eq!(sizes, parts.iter().map(Entries::len).collect::<Vec<_>>());
        let failed = in_turns(&parts, |part| match part.len() {
            5.. => Err(ImageError::Copy("no".to_owned())),
            size => Ok(size),
        });
        assert_eq!(failed.unwrap_err().to_string(), "no");
        assert!(in_turns(&[], |part| Ok(part.len())).unwrap().is_empty());
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
            let mut all = Entries::new();
            let mut homes: HashMap<Identity<'_>, usize> = HashMap::new();
            for (number, part) in parts.iter().enumerate() {
                prop_assert!(!part.is_empty());
                for (path, node) in part {
                    let is_first = all.insert(path.clone(), node.clone()).is_none();
                    prop_assert!(is_first || node.is_directory(), "{} comes once", path.display());
                    for folder in path.ancestors().skip(1).filter(|folder| whole.contains_key(*folder)) {
                        prop_assert!(part.contains_key(folder), "{} has its folder", path.display());
                    }
                    if let Some(identity) = identity(node) {
                        prop_assert_eq!(*homes.entry(identity).or_insert(number), number);
                    }
                }
            }
            prop_assert_eq!(all, whole);
        }
    }
}
