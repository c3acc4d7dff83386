//! ADD: archives, files on the web, git repositories.

use std::{fs, io::Write as _, sync::atomic::Ordering};

use plimsoll_core::{digest::Digest, ports::FailureClass};
use plimsoll_layout::Layout;
use proptest::prelude::*;
use tar::EntryType::{Directory, Fifo, Link, Regular, Symlink};

use crate::support::{Image, TIMESTAMP, Workspace, small_base};

/// An archive of entries: path, kind, mode, owner, content or target.
fn archive(entries: &[(&str, tar::EntryType, u32, u64, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, kind, mode, owner, data) in entries {
        let mut header = tar::Header::new_gnu();
        // The builder would refuse what leads out of the archive.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_uid(*owner);
        header.set_gid(owner + 1);
        header.set_mtime(7);
        let is_link = matches!(kind, Link | Symlink);
        if is_link {
            header.set_link_name_literal(data).unwrap();
        }
        let content = if is_link { "" } else { data };
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn small() -> Vec<u8> {
    archive(&[
        ("./", Directory, 0o700, 9, ""),
        ("d/", Directory, 0o1711, 5, ""),
        ("d/run", Regular, 0o4755, 5, "run"),
        ("d/same", Link, 0o4755, 5, "d/run"),
        ("d/link", Symlink, 0o777, 5, "/d"),
        ("pipe", Fifo, 0o600, 5, ""),
        ("deep/er/f", Regular, 0o640, 3_000_000, "f"),
    ])
}

fn add(archive: &[u8], dockerfile: &str) -> Image {
    let workspace = Workspace::new(&[("Dockerfile", dockerfile)]).with_base(small_base());
    fs::write(workspace.context().join("a.bin"), archive).unwrap();
    workspace.build()
}

#[test]
fn archives_are_unpacked() {
    let image = add(&small(), "FROM scratch\nADD a.bin /x\n");
    let expected =
        ["x/", "x/d/", "x/d/link", "x/d/run", "x/d/same", "x/deep/", "x/deep/er/", "x/deep/er/f", "x/pipe"];
    assert_eq!(image.paths(), expected);
    let about = |path: &str| (image.entry(path).mode, image.entry(path).owner);
    assert_eq!(about("x/"), (0o755, (0, 0)));
    assert_eq!(about("x/d/"), (0o1711, (5, 6)));
    assert_eq!(about("x/d/run"), (0o4755, (5, 6)));
    assert_eq!(about("x/deep/er/"), (0o755, (0, 0)));
    assert_eq!(about("x/deep/er/f"), (0o640, (3_000_000, 3_000_001)));
    assert_eq!(image.entry("x/d/run").content, "run");
    assert_eq!((image.entry("x/d/same").kind, image.entry("x/pipe").kind), (Link, Fifo));
    assert!(image.last().iter().all(|entry| entry.time == TIMESTAMP as u64));
    let image = add(&small(), "FROM scratch\nADD --chown=7:8 --chmod=600 a.bin x/\n");
    assert!(
        image.last().iter().filter(|entry| !entry.path.contains("deep/")).all(|entry| entry.owner == (7, 8))
    );
    assert_eq!(image.entry("x/d/run").mode, 0o4755);
}

#[test]
fn archives_are_known_by_their_content() {
    let gzip = |data: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    let bzip2 = |data: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    // Made with `xz` of an archive that holds one file, `f`.
    let xz = include_bytes!("f.tar.xz").to_vec();
    let one = archive(&[("f", Regular, 0o644, 0, "f")]);
    for packed in [gzip(&one), bzip2(&one), zstd::encode_all(one.as_slice(), 1).unwrap(), xz, one.clone()] {
        let image = add(&packed, "FROM scratch\nADD a.bin /x/\n");
        assert_eq!(image.paths(), ["x/", "x/f"]);
        assert_eq!(image.entry("x/f").content, "f");
        assert_eq!(add(&packed, "FROM scratch\nADD --unpack=false a.bin /x/\n").paths(), ["x/", "x/a.bin"]);
        assert_eq!(add(&packed, "FROM scratch\nCOPY a.bin /x/\n").paths(), ["x/", "x/a.bin"]);
        assert_eq!(add(&packed, "FROM scratch\nADD . /x/\n").paths(), ["x/", "x/Dockerfile", "x/a.bin"]);
    }
    for other in [b"".to_vec(), gzip(b"no archive"), vec![0; 1024], gzip(&one)[..30].to_vec()] {
        assert_eq!(add(&other, "FROM scratch\nADD a.bin /x/\n").paths(), ["x/", "x/a.bin"]);
    }
}

#[test]
fn archives_stay_where_they_are_unpacked() {
    let hostile = archive(&[
        ("../../up", Regular, 0o644, 0, "1"),
        ("/abs", Regular, 0o644, 0, "2"),
        ("out", Symlink, 0o777, 0, "/etc"),
        ("out/passwd", Regular, 0o644, 0, "3"),
        ("back", Symlink, 0o777, 0, "../../.."),
        ("back/f", Regular, 0o644, 0, "4"),
    ]);
    let image = add(&hostile, "FROM base\nADD a.bin /x/y/\n");
    let expected =
        ["x/", "x/y/", "x/y/abs", "x/y/back", "x/y/etc/", "x/y/etc/passwd", "x/y/f", "x/y/out", "x/y/up"];
    assert_eq!(image.paths(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_archive_leads_out_of_its_folder(
        entries in prop::collection::vec(("[ab./]{1,9}", 0..4_usize, "[ab./]{1,9}"), 1..8)
    ) {
        let kinds = [Regular, Directory, Symlink, Link];
        let listed: Vec<_> = entries.iter().map(|(path, kind, to)| (path.as_str(), kinds[*kind], 0o644, 0, to.as_str())).collect();
        let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nADD a.bin /x/y/\n")]);
        fs::write(workspace.context().join("a.bin"), archive(&listed)).unwrap();
        // What meets something that it cannot be in is refused; nothing else is.
        match workspace.try_build(&workspace.request()).0 {
            Ok(built) => {
                let image = Image::of(&Layout::open(&workspace.layout()).unwrap(), built.digest);
                prop_assert!(image.paths().iter().all(|path| path.starts_with("x/")), "{:?}", image.paths());
                prop_assert!(!image.paths().iter().any(|path| path.split('/').any(|part| part == "..")));
            }
            Err(error) => {
                let error = error.to_string();
                let known = ["is no folder in the image", "too many symbolic links", "is not an archive", "does not come before it"];
                prop_assert!(known.iter().any(|known| error.contains(known)), "{error}");
            }
        }
    }
}

#[test]
fn archives_replace_what_they_meet() {
    let tar = archive(&[
        ("bin/", Directory, 0o755, 0, ""),
        ("bin/new", Regular, 0o755, 0, "n"),
        ("etc", Regular, 0o644, 0, "no folder any more"),
        ("var/log/access.log", Regular, 0o644, 0, "no link any more"),
    ]);
    // The folder `bin` is a link to `usr/bin` in the base.
    let image = add(&tar, "FROM base\nADD a.bin /\n");
    assert_eq!(image.paths(), ["etc", "usr/bin/", "usr/bin/new", "var/log/access.log"]);
}

/// An archive with a sparse file (GNU tar's manual, "Storing Sparse Files").
fn sparse() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_pax_extensions([("GNU.sparse.major", b"1".as_slice())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, "f", b"x".as_slice()).unwrap();
    tar.into_inner().unwrap()
}

/// An archive with an empty file at a path of any length.
fn with_path(path: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_pax_extensions([("path", path.as_bytes())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, "f", b"".as_slice()).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn archives_are_as_deep_as_linux_takes() {
    let below = format!("{}f", "d/".repeat(2046));
    let image = add(
        &with_path(&format!("d/{below}")),
        "FROM scratch AS all\nADD a.bin /\nFROM all\nCOPY --from=all /d /e\n",
    );
    assert_eq!(image.entry(&format!("e/{below}")).mode, 0o644);
}

#[test]
fn archives_that_cannot_be_unpacked_are_told() {
    let mut broken = archive(&[("f", Regular, 0o644, 0, &"f".repeat(5000))]);
    broken.truncate(1500);
    let reserved = archive(&[(".wh.f", Regular, 0o644, 0, "")]);
    let absent = archive(&[("d/a", Link, 0o644, 0, "d/b"), ("d/b", Regular, 0o644, 0, "")]);
    for (archive, says) in [
        (absent, "its hard link `d/a` leads to `d/b`, which does not come before it"),
        (broken, "2:5: the archive `a.bin` cannot be unpacked"),
        (reserved, "`.wh.f` cannot be"),
        (sparse(), "2:5: the archive `a.bin` cannot be unpacked: it holds sparse files"),
        (with_path(&"d/".repeat(500_000)), "it holds a path of 999999 bytes, and 4095 are the most"),
    ] {
        let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nADD a.bin /\n")]);
        fs::write(workspace.context().join("a.bin"), archive).unwrap();
        let error = workspace.fail();
        assert!(error.contains(says), "{error}");
    }
}

fn fetching(dockerfile: &str) -> Workspace {
    let mut workspace = Workspace::new(&[("Dockerfile", dockerfile)]);
    workspace.web.insert("https://h/a/f.txt?x=1".to_owned(), b"text".to_vec());
    workspace.web.insert("https://h/f.tar".to_owned(), small());
    workspace.web.insert("http://h".to_owned(), b"root".to_vec());
    workspace
}

#[test]
fn files_are_fetched() {
    for (instruction, path) in [
        ("ADD https://h/a/f.txt?x=1 /x/", "x/f.txt"),
        ("ADD https://h/a/f.txt?x=1 /x/y", "x/y"),
        ("ARG V=https://h/a/f.txt?x=1\nADD $V /x/y", "x/y"),
        ("ADD [\"https://h/a/f.txt?x=1\", \"/y\"]", "y"),
    ] {
        let image = fetching(&format!("FROM scratch\n{instruction}\n")).build();
        let entry = image.entry(path);
        let seen = (entry.content.as_str(), entry.mode, entry.owner, entry.time);
        assert_eq!(seen, ("text", 0o600, (0, 0), TIMESTAMP as u64), "{instruction}");
    }
    let image =
        fetching("FROM scratch\nADD --chmod=755 --chown=3 https://h/a/f.txt?x=1 http://h/ /x/\n").fail();
    assert!(image.contains("nothing is at http://h/"), "{image}");
    let image = fetching("FROM scratch\nADD --chmod=755 --chown=3 https://h/a/f.txt?x=1 /x/\n").build();
    assert_eq!((image.entry("x/f.txt").mode, image.entry("x/f.txt").owner), (0o755, (3, 3)));
    assert_eq!(fetching("FROM scratch\nADD https://h/f.tar /x/\n").build().paths(), ["x/", "x/f.tar"]);
    let image = fetching("FROM scratch\nADD --unpack https://h/f.tar /x/\n").build();
    assert_eq!(image.entry("x/d/run").content, "run");
}

#[test]
fn what_is_fetched_is_checked() {
    let digest = Digest::of(b"text");
    let add = format!("ADD --checksum={digest} https://h/a/f.txt?x=1 /x");
    let workspace = fetching(&format!("FROM scratch\n{add}\n"));
    let (built, lines) = workspace.try_build(&workspace.request());
    let built = built.unwrap().digest;
    assert!(!lines.iter().any(|line| line.contains("may change")), "{lines:?}");
    // What is there already, whole, is not fetched again.
    assert_eq!(workspace.build().digest, built);
    assert_eq!(workspace.fetches.load(Ordering::Relaxed), 1);
    fs::write(workspace.layout().join("blobs/sha256").join(digest.hex()), "txet").unwrap();
    assert_eq!(workspace.build().digest, built);
    assert_eq!(workspace.fetches.load(Ordering::Relaxed), 2);
    for (flag, says) in [
        (
            format!("--checksum={}", Digest::of(b"other")),
            "2:88: `https://h/a/f.txt?x=1` gave sha256:982d9e3e",
        ),
        ("--checksum=md5:1".to_owned(), "2:16: `--checksum=md5:1` is none"),
    ] {
        let error = fetching(&format!("FROM scratch\nADD {flag} https://h/a/f.txt?x=1 /x\n")).fail();
        assert!(error.contains(says), "{error}");
    }
    let workspace = fetching("FROM scratch\nADD https://h/a/f.txt?x=1 /x\n");
    let (_, lines) = workspace.try_build(&workspace.request());
    assert!(lines.iter().any(|line| line.contains("line 2: what `https://h/a/f.txt?x=1` gives may change")));
}

#[test]
fn what_cannot_be_fetched_is_told() {
    let workspace = fetching("FROM scratch\nADD https://h/none /x\n");
    let failure = workspace.try_build(&workspace.request()).0.unwrap_err();
    assert_eq!(failure.class, FailureClass::Outside);
    assert!(failure.to_string().contains("Dockerfile:2:5: nothing is at https://h/none"), "{failure}");
    for address in ["http://h", "http://h/a/.."] {
        let mut workspace = fetching(&format!("FROM scratch\nADD {address} /x/\n"));
        workspace.web.insert("http://h/a/..".to_owned(), b"root".to_vec());
        assert!(workspace.fail().contains("the address names no file"));
    }
    assert_eq!(fetching("FROM scratch\nADD http://h /x\n").build().entry("x").content, "root");
}

#[test]
fn repositories_are_fetched() {
    let image = fetching("FROM scratch\nADD https://h/r.git#v1 /x\n").build();
    assert_eq!(image.paths(), ["x/", "x/docs/", "x/docs/deep/", "x/docs/deep/page", "x/readme"]);
    let page = &image.entry("x/docs/deep/page").content;
    assert!(
        page.contains("url: \"https://h/r.git\", reference: Some(\"v1\"), with_history: false"),
        "{page}"
    );
    let image = fetching("FROM scratch\nADD --keep-git-dir git@h:r#:docs /x\n").build();
    assert_eq!(image.paths(), ["x/", "x/deep/", "x/deep/page"]);
    assert!(image.entry("x/deep/page").content.contains("reference: None, with_history: true"));
    let image = fetching("FROM scratch\nADD --checksum=c0ffee --exclude=docs https://h/r.git /x\n").build();
    assert_eq!(image.paths(), ["x/", "x/readme"]);
    for (instruction, says) in [
        ("ADD --checksum=dead https://h/r.git /x", "2:16: `https://h/r.git` is at the commit c0ffee"),
        ("ADD https://h/r.git?ref=v1 /x", "2:5: queries of git addresses are not read"),
        ("ARG V=?ref=v1\nADD https://h/r.git$V /x", "3:5: queries of git addresses are not read"),
        ("ADD https://h/r.git#:none /x", "2:5: `none` is not in `https://h/r.git#:none`"),
        ("ADD https://h/r.git#:readme /x", "`readme` is no folder of `https://h/r.git#:readme`"),
    ] {
        let error = fetching(&format!("FROM scratch\n{instruction}\n")).fail();
        assert!(error.contains(says), "{instruction}: {error}");
    }
}
