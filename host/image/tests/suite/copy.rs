//! What COPY and ADD do with files.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    process::Command,
};

use tar::EntryType::{Fifo, Regular, Symlink};

use crate::support::{TIMESTAMP, Workspace, small_base};

/// Builds `FROM scratch` and the instruction from a context with some files; answers the paths of the layer.
fn paths(instruction: &str) -> Vec<String> {
    let workspace = Workspace::new(&[
        ("Dockerfile", &format!("FROM scratch\n{instruction}\n")),
        ("a.txt", "a"),
        ("b.txt", "b"),
        ("dir/one.txt", "1"),
        ("dir/sub/two.txt", "2"),
        ("arr[0].log", "log"),
        ("with blank", "w"),
    ]);
    symlink("dir", workspace.context().join("link")).unwrap();
    symlink("../../../../etc/passwd", workspace.context().join("outside")).unwrap();
    workspace.build().paths().into_iter().map(str::to_owned).collect()
}

#[test]
fn sources_go_where_the_reference_says() {
    for (instruction, expected) in [
        ("COPY a.txt /", vec!["a.txt"]),
        ("COPY a.txt /x", vec!["x"]),
        ("COPY a.txt /x/", vec!["x/", "x/a.txt"]),
        ("COPY /a.txt x/y", vec!["x/", "x/y"]),
        ("COPY ../../a.txt /", vec!["a.txt"]),
        ("COPY a.txt .", vec!["a.txt"]),
        ("COPY a.txt ../../x/", vec!["x/", "x/a.txt"]),
        ("COPY a.txt b.txt /x/", vec!["x/", "x/a.txt", "x/b.txt"]),
        ("COPY *.txt /x/", vec!["x/", "x/a.txt", "x/b.txt"]),
        ("COPY [ab].tx? /x/", vec!["x/", "x/a.txt", "x/b.txt"]),
        ("COPY dir /x", vec!["x/", "x/one.txt", "x/sub/", "x/sub/two.txt"]),
        ("COPY dir/ /x/", vec!["x/", "x/one.txt", "x/sub/", "x/sub/two.txt"]),
        ("COPY dir/. /x/", vec!["x/", "x/one.txt", "x/sub/", "x/sub/two.txt"]),
        ("COPY di* /x/", vec!["x/", "x/one.txt", "x/sub/", "x/sub/two.txt"]),
        ("COPY */sub/*.txt /x/", vec!["x/", "x/two.txt"]),
        ("COPY link /x", vec!["x/", "x/one.txt", "x/sub/", "x/sub/two.txt"]),
        ("COPY link/one.txt /x", vec!["x"]),
        ("COPY arr[[]0].log /x", vec!["x"]),
        ("COPY [\"with blank\", \"/x y/\"]", vec!["x y/", "x y/with blank"]),
        ("COPY a.txt nothing*.txt /x/", vec!["x/", "x/a.txt"]),
        ("ADD a.txt /x", vec!["x"]),
        ("ENV V=a.txt\nCOPY ${V} /$V", vec!["a.txt"]),
        ("WORKDIR /w\nCOPY a.txt b/", vec!["w/b/", "w/b/a.txt"]),
        ("COPY --exclude=*.txt --exclude=sub dir /x", vec!["x/"]),
        ("COPY --exclude=* --exclude=!sub dir /x", vec!["x/", "x/sub/", "x/sub/two.txt"]),
        ("COPY <<one <<two /x/\nabc\none\ndef\ntwo", vec!["x/", "x/one", "x/two"]),
    ] {
        assert_eq!(paths(instruction), expected, "{instruction}");
    }
}

#[test]
fn mistakes_name_their_place() {
    for (instruction, says) in [
        ("COPY none /", "2:6: `none` is not in the context"),
        ("COPY none* /", "2:1: COPY: nothing in the context"),
        ("COPY a ab /x", "end the destination with a slash"),
        ("COPY a* /x", "end the destination with a slash"),
        ("COPY --chmod=rwx a /", "--chmod=rwx"),
        ("COPY --chown=web a /", "/etc/passwd"),
        ("COPY --from=1 a /", "earlier stage"),
        ("COPY --from=$X a /", "not expanded"),
        (
            "COPY --from=assets a /",
            "2:13: `--from=assets` names no stage, so it is the image docker.io/library/assets: there is no",
        ),
        ("COPY --nope a /", "2:6: COPY has no flag `--nope`"),
        ("COPY --chown=1 --chown=2 a /", "twice"),
        ("COPY a", "needs a source and a destination"),
        ("COPY --link=yes a /", "2:6: `--link=yes` is neither on nor off"),
        ("COPY --link --link=false a /", "twice"),
        ("COPY https://example.com/a /", "2:6: COPY fetches nothing"),
        ("COPY --parents --nope a", "COPY has no flag `--nope`"),
        ("ADD --checksum=sha256:0 a /", "2:16: `--checksum` is about what is fetched"),
        ("ADD --from=x a /", "ADD has no flag `--from`"),
        ("COPY [ /x", "not closed"),
        ("COPY a /x\nCOPY dir /x", "/x is no folder"),
        ("COPY a /x/sub\nCOPY tree /x", "a folder cannot replace /x/sub"),
        ("COPY a /x\nCOPY a /x/y", "/x is no folder"),
        ("COPY dir /x\nCOPY a /x/b/\nCOPY dir/f /x/b/a/", "/x/b/a is no folder"),
        ("COPY circle /x", "too many symbolic links"),
        ("COPY .wh.a /x/", ".wh."),
        ("WORKDIR /a\nCOPY dir/f /\nWORKDIR /f", "/f is no folder"),
    ] {
        let workspace = Workspace::new(&[
            ("Dockerfile", &format!("FROM scratch\n{instruction}\n")),
            ("a", "a"),
            ("ab", "ab"),
            ("dir/f", "f"),
            ("tree/sub/f", "f"),
            (".wh.a", ""),
        ]);
        symlink("circle", workspace.context().join("circle")).unwrap();
        let error = workspace.fail();
        assert!(error.contains(says), "{instruction}: {error}");
        assert!(error.contains("Dockerfile:"), "{error}");
    }
}

#[test]
fn nothing_outside_the_context_is_read() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY outside /x\n")]);
    fs::write(workspace.context().parent().unwrap().join("secret"), "secret").unwrap();
    symlink("../secret", workspace.context().join("outside")).unwrap();
    assert!(workspace.fail().contains("`outside` is not in the context"));
    // Inside of the context the same link leads to the context's own file.
    workspace.write("secret", "own");
    assert_eq!(workspace.build().entry("x").content, "own");
    symlink("/", workspace.context().join("root")).unwrap();
    workspace.write("Dockerfile", "FROM scratch\nCOPY root/secret /x\n");
    assert_eq!(workspace.build().entry("x").content, "own");
    // A link inside of what is copied stays a link.
    workspace.write("Dockerfile", "FROM scratch\nCOPY . /x/\n");
    assert_eq!(workspace.build().entry("x/outside").target.as_deref(), Some("../secret"));
}

#[test]
fn modes_owners_and_times_are_the_same_everywhere() {
    let workspace =
        Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY d /new/\n"), ("d/run", "x"), ("d/s/f", "y")]);
    let mode = |path: &str, mode| {
        fs::set_permissions(workspace.context().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("d", 0o700);
    mode("d/run", 0o4751);
    mode("d/s", 0o1770);
    let image = workspace.build();
    let modes: Vec<_> = image.last().iter().map(|entry| (entry.path.as_str(), entry.mode)).collect();
    assert_eq!(modes, [("new/", 0o755), ("new/run", 0o4751), ("new/s/", 0o1770), ("new/s/f", 0o644)]);
    assert!(image.last().iter().all(|entry| entry.owner == (0, 0) && entry.time == TIMESTAMP as u64));
    workspace.write("Dockerfile", "FROM scratch\nCOPY --chmod=0640 --chown=5:6 d /new/\n");
    let image = workspace.build();
    assert_eq!(image.entry("new/").mode, 0o755);
    assert_eq!(image.entry("new/s/").mode, 0o640);
    assert!(image.last().iter().all(|entry| entry.owner == (5, 6)));
    assert_eq!(image.entry("new/run").mode, 0o640);
}

#[test]
fn hard_links_stay_links() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY d /\n"), ("d/a", "x")]);
    fs::hard_link(workspace.context().join("d/a"), workspace.context().join("d/b")).unwrap();
    let image = workspace.build();
    assert_eq!(image.entry("a").content, "x");
    assert_eq!(image.entry("b").kind, tar::EntryType::Link);
    assert_eq!(image.entry("b").target.as_deref(), Some("a"));
}

#[test]
fn long_and_strange_names_survive() {
    let long = format!("{}/{}", "d".repeat(120), "n".repeat(200));
    let workspace =
        Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY d /\n"), (&format!("d/{long}"), "x")]);
    workspace.write("d/ümläut", "y");
    symlink("t".repeat(150), workspace.context().join("d/link")).unwrap();
    let image = workspace.build();
    assert_eq!(image.entry(&long).content, "x");
    assert_eq!(image.entry("ümläut").content, "y");
    assert_eq!(image.entry("link").target, Some("t".repeat(150)));
}

#[test]
fn whatever_a_folder_holds_is_copied() {
    let workspace =
        Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY d /\nADD <<EOF /text\nEOF\n"), ("d/a", "x")]);
    let place = |name: &[u8]| workspace.context().join("d").join(OsStr::from_bytes(name));
    fs::write(place(b"\xff\xfe"), "strange").unwrap();
    assert!(Command::new("mkfifo").arg(place(b"pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(place(b"socket")).unwrap();
    symlink("/nowhere", place(b"dangling")).unwrap();
    let image = workspace.build();
    let kinds: Vec<_> = image.layers[0].iter().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    assert_eq!(kinds, [("a", Regular), ("dangling", Symlink), ("pipe", Fifo), ("\u{fffd}\u{fffd}", Regular)]);
    assert_eq!((image.entry("text").content.as_str(), image.entry("text").mode), ("", 0o644));
}

#[test]
fn the_ignore_file_hides() {
    let workspace = Workspace::new(&[
        ("Dockerfile", "FROM scratch\nCOPY . /x/\n"),
        (".dockerignore", "*\n!src/keep\n"),
        ("a", "a"),
        ("src/keep/k", "k"),
        ("src/drop", "d"),
        ("other/f", "f"),
    ]);
    assert_eq!(workspace.build().paths(), ["x/", "x/src/", "x/src/keep/", "x/src/keep/k"]);
    workspace.write("Dockerfile", "FROM scratch\nCOPY a /x/\n");
    let error = workspace.fail();
    assert!(
        error.contains("`a` is not in the context") && error.ends_with("/.dockerignore leaves it out"),
        "{error}"
    );
    workspace.write("Dockerfile.dockerignore", "src\n");
    assert_eq!(workspace.build().paths(), ["x/", "x/a"]);
    workspace.write("Dockerfile.dockerignore", "a\n[\n");
    assert!(workspace.fail().contains("Dockerfile.dockerignore: line 2"));
}

#[test]
fn destinations_follow_the_links_of_the_base() {
    let files = [("Dockerfile", ""), ("f", "f"), ("d/new", "n")];
    let build = |instruction: &str| {
        let workspace = Workspace::new(&files).with_base(small_base());
        workspace.write("Dockerfile", &format!("FROM base\n{instruction}\n"));
        workspace.build().paths().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(build("COPY f /bin/"), ["usr/bin/f"]);
    assert_eq!(build("COPY f /bin"), ["usr/bin/f"]);
    assert_eq!(build("COPY d /bin"), ["usr/bin/new"]);
    assert_eq!(build("COPY f /var/log/access.log"), ["dev/", "dev/stdout"]);
    assert_eq!(build("WORKDIR /bin/w"), ["usr/bin/w/"]);
    let workspace = Workspace::new(&files).with_base(small_base());
    workspace.write("Dockerfile", "FROM base\nCOPY t /\n");
    workspace.write("t/bin/x", "x");
    assert!(workspace.fail().contains("a folder cannot replace /bin"));
}

#[test]
fn owners_by_name_come_from_the_image() {
    let workspace = Workspace::new(&[("f", "f")]).with_base(small_base());
    for (chown, owner) in [
        ("web", (33, 34)),
        ("web:staff", (33, 50)),
        ("1000", (1000, 1000)),
        ("1000:staff", (1000, 50)),
        ("root:7", (0, 7)),
        ("3000000:3000000", (3_000_000, 3_000_000)),
    ] {
        workspace.write("Dockerfile", &format!("FROM base\nCOPY --chown={chown} f /new/f\n"));
        let image = workspace.build();
        assert!(image.last().iter().all(|entry| entry.owner == owner), "{chown}");
        assert_eq!(image.paths(), ["new/", "new/f"]);
    }
    workspace.write("Dockerfile", "FROM base\nCOPY --chown=nobody f /f\n");
    assert!(workspace.fail().contains("`nobody` is not in /etc/passwd"));
    workspace.write("Dockerfile", "FROM base\nUSER web\nWORKDIR /home/web\n");
    assert!(workspace.build().last().iter().all(|entry| entry.owner == (33, 34)));
}

#[test]
fn stages_and_images_are_read() {
    let workspace = Workspace::new(&[("f", "f")]).with_base(small_base());
    workspace.write(
        "Dockerfile",
        "FROM base AS One\nCOPY f /opt/f\nFROM scratch\nCOPY --from=one /bin/tool /bin/same /opt/f /x/\n",
    );
    let image = workspace.build();
    assert_eq!(image.layers.len(), 1);
    assert_eq!(image.entry("x/same").content.clone() + &image.entry("x/f").content, "toolf");
}

#[test]
fn attributes_of_an_image_are_kept() {
    let mut base = small_base();
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(1);
    let mut tar = tar::Builder::new(Vec::new());
    // Nothing names the folder that they are in.
    tar.append_data(&mut header, "d/plain", b"x".as_slice()).unwrap();
    let attributes = [("SCHILY.xattr.user.a", b"1".as_slice()), ("SCHILY.xattr.security.b", b"\0\xff")];
    tar.append_pax_extensions(attributes).unwrap();
    tar.append_data(&mut header, "d/special", b"x".as_slice()).unwrap();
    base.layer = tar.into_inner().unwrap();
    base.config["rootfs"]["diff_ids"] = serde_json::json!([plimsoll_core::digest::Digest::of(&base.layer)]);
    let dockerfile = "FROM scratch\nCOPY --from=base / /x/\n";
    let image = Workspace::new(&[("Dockerfile", dockerfile)]).with_base(base).build();
    assert_eq!(image.paths(), ["x/", "x/d/", "x/d/plain", "x/d/special"]);
    let attributes = [("security.b".to_owned(), b"\0\xff".to_vec()), ("user.a".to_owned(), b"1".to_vec())];
    assert_eq!(image.entry("x/d/special").attributes, attributes);
    assert_eq!(image.entry("x/d/plain").attributes, []);
}

#[test]
fn files_of_an_image_keep_owner_and_mode() {
    let workspace = Workspace::new(&[]).with_base(small_base());
    workspace.write("Dockerfile", "FROM scratch\nCOPY --from=base /usr /x\n");
    let image = workspace.build();
    assert_eq!(image.paths(), ["x/", "x/bin/", "x/bin/same", "x/bin/tool"]);
    let bin = image.entry("x/bin/");
    assert_eq!((bin.mode, bin.owner), (0o711, (7, 7)));
    let same = image.entry("x/bin/same");
    assert_eq!((same.mode, same.owner, same.content.as_str()), (0o4755, (7, 7), "tool"));
    assert_eq!(image.entry("x/bin/tool").target.as_deref(), Some("x/bin/same"));
    workspace.write("Dockerfile", "FROM scratch\nCOPY --from=base --chown=1 /etc/* /x/\n");
    let image = workspace.build();
    assert_eq!(image.entry("x/passwd").owner, (1, 1));
}
