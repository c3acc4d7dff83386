//! What earlier builds left makes no difference but in time: whatever was changed, added, removed or damaged in between, the
//! image is the one that is built from nothing.

use std::{collections::BTreeMap, fs, path::Path};

use plimsoll_core::digest::Digest;
use proptest::{collection::vec, prelude::*};

use crate::support::Workspace;

/// What happens between two builds.
#[derive(Debug, Clone)]
enum Event {
    /// A file gets content of this seed and size; it may be new.
    Write { file: usize, seed: u8, size: usize },
    /// A file is removed.
    Remove { file: usize },
    /// A bit of something that an earlier build left is turned.
    Damage { file: prop::sample::Index, byte: prop::sample::Index },
    /// Something that an earlier build left is gone.
    Lose { file: prop::sample::Index },
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0_usize..60_000, 2 => 200_000_usize..400_000, 1 => 1_000_000_usize..2_500_000]
}

fn write() -> impl Strategy<Value = Event> {
    (0_usize..24, any::<u8>(), size()).prop_map(|(file, seed, size)| Event::Write { file, seed, size })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => write(),
        1 => (0_usize..24).prop_map(|file| Event::Remove { file }),
        2 => any::<(prop::sample::Index, prop::sample::Index)>()
            .prop_map(|(file, byte)| Event::Damage { file, byte }),
        1 => any::<prop::sample::Index>().prop_map(|file| Event::Lose { file }),
    ]
}

/// Text that compresses well, other for each seed.
fn content(seed: u8, size: usize) -> String {
    (0_usize..)
        .flat_map(|line| format!("{line} of {seed}\n").into_bytes())
        .take(size)
        .map(char::from)
        .collect()
}

/// All files of the layout and the cache, sorted.
fn leftovers(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![folder.join("layout/blobs"), folder.join("cache")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { all.push(path) }
        }
    }
    all.sort();
    all
}

fn apply(event: &Event, workspace: &Workspace, files: &mut BTreeMap<usize, (u8, usize)>) {
    let path = |file: &usize| format!("data/{}/{file}", file % 3);
    match event {
        Event::Write { file, seed, size } => {
            workspace.write(&path(file), &content(*seed, *size));
            files.insert(*file, (*seed, *size));
        }
        Event::Remove { file } => {
            if files.remove(file).is_some() {
                fs::remove_file(workspace.context().join(path(file))).unwrap();
            }
        }
        Event::Damage { file, byte } => {
            let all = leftovers(workspace.folder());
            let path = file.get(&all);
            let mut bytes = fs::read(path).unwrap();
            if !bytes.is_empty() {
                let place = byte.index(bytes.len());
                bytes[place] ^= 4;
                fs::write(path, bytes).unwrap();
            }
        }
        Event::Lose { file } => fs::remove_file(file.get(&leftovers(workspace.folder()))).unwrap(),
    }
}

/// The digest of a build from nothing.
fn afresh(files: &BTreeMap<usize, (u8, usize)>) -> Digest {
    let workspace = Workspace::new(&[("Dockerfile", DOCKERFILE), ("data/first", "first")]);
    for (file, (seed, size)) in files {
        apply(&Event::Write { file: *file, seed: *seed, size: *size }, &workspace, &mut BTreeMap::new());
    }
    // Folders stay when their last file is removed.
    for folder in 0..3 {
        fs::create_dir_all(workspace.context().join(format!("data/{folder}"))).unwrap();
    }
    workspace.build().digest
}

const DOCKERFILE: &str = "FROM scratch\nCOPY data /data\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_was_left_makes_a_difference(
        first in vec(write(), 1..24),
        rounds in vec(vec(event(), 1..4), 1..4),
    ) {
        let workspace = Workspace::new(&[("Dockerfile", DOCKERFILE), ("data/first", "first")]);
        for folder in 0..3 {
            fs::create_dir_all(workspace.context().join(format!("data/{folder}"))).unwrap();
        }
        let mut files = BTreeMap::new();
        first.iter().for_each(|event| apply(event, &workspace, &mut files));
        let _ = workspace.build();
        for events in rounds {
            events.iter().for_each(|event| apply(event, &workspace, &mut files));
            // Reading the image back checks every blob against its digest, and that the layer can be read.
            prop_assert_eq!(workspace.build().digest, afresh(&files));
        }
    }
}

#[test]
fn a_layer_that_was_copied_or_touched_is_checked() {
    let workspace = Workspace::new(&[("Dockerfile", DOCKERFILE), ("data/file", "content")]);
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let built = workspace.build();
    let layer: Digest = built.manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
    let path = workspace.layout().join("blobs/sha256").join(layer.hex());
    let unchanged = || {
        let (built, lines) = workspace.try_build(&workspace.request());
        (built.unwrap().digest, lines.iter().any(|line| line.starts_with("unchanged")))
    };
    // Another file with the same content.
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &whole).unwrap();
    assert_eq!(unchanged(), (built.digest, true));
    // The same size, other content.
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&path, damaged).unwrap();
    assert_eq!(unchanged(), (built.digest, false));
    assert_eq!(fs::read(&path).unwrap(), whole);
    assert_eq!(unchanged(), (built.digest, true));
}
