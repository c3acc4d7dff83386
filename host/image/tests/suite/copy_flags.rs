//! The flags of COPY that change where things go and what becomes of them.

use std::{fs, os::unix::fs::PermissionsExt as _, os::unix::fs::symlink};

use crate::support::{Image, Workspace, small_base};

fn workspace(dockerfile: &str) -> Workspace {
    Workspace::new(&[
        ("Dockerfile", dockerfile),
        ("x/a.txt", "a"),
        ("x/y/b.txt", "b"),
        ("x/y/b.md", "m"),
        ("x/y/z/c.txt", "c"),
        ("w/a.txt", "w"),
        ("top.txt", "t"),
    ])
}

fn build(instruction: &str) -> Image {
    workspace(&format!("FROM scratch\n{instruction}\n")).build()
}

#[test]
fn parents_are_kept() {
    for (instruction, expected) in [
        ("COPY --parents x/a.txt w/a.txt /p/", vec!["p/", "p/w/", "p/w/a.txt", "p/x/", "p/x/a.txt"]),
        ("COPY --parents ./x/a.txt /p", vec!["p/", "p/x/", "p/x/a.txt"]),
        ("COPY --parents /x/a.txt /", vec!["x/", "x/a.txt"]),
        ("COPY --parents top.txt /p", vec!["p/", "p/top.txt"]),
        ("COPY --parents ./x/./y/*.txt /p/", vec!["p/", "p/y/", "p/y/b.txt"]),
        ("COPY --parents x/./y/z /p/", vec!["p/", "p/y/", "p/y/z/", "p/y/z/c.txt"]),
        ("COPY --parents x/y/z/. /p/", vec!["p/", "p/x/", "p/x/y/", "p/x/y/z/", "p/x/y/z/c.txt"]),
        (
            "COPY --parents x/**/*.txt /p/",
            vec!["p/", "p/x/", "p/x/a.txt", "p/x/y/", "p/x/y/b.txt", "p/x/y/z/", "p/x/y/z/c.txt"],
        ),
        ("COPY --parents */a.txt /p/", vec!["p/", "p/w/", "p/w/a.txt", "p/x/", "p/x/a.txt"]),
        ("COPY --parents [xw]/./a.txt /p/", vec!["p/", "p/a.txt"]),
        (
            "COPY --parents --exclude=**/*.md x/./y /p/",
            vec!["p/", "p/y/", "p/y/b.txt", "p/y/z/", "p/y/z/c.txt"],
        ),
        ("COPY --parents=false x/a.txt /p/", vec!["p/", "p/a.txt"]),
    ] {
        assert_eq!(build(instruction).paths(), expected, "{instruction}");
    }
    let error = workspace("FROM scratch\nCOPY --parents x/none.* top.txt /p/\n").fail();
    assert!(error.contains("nothing in the context") && error.contains("matches `x/none.*`"), "{error}");
}

#[test]
fn kept_parents_keep_their_modes() {
    let workspace = workspace("FROM scratch\nCOPY --parents x/a.txt /p/\n");
    fs::set_permissions(workspace.context().join("x"), fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(workspace.build().entry("p/x/").mode, 0o750);
}

#[test]
fn links_follow_nothing() {
    let build = |instruction: &str| {
        let workspace = workspace(&format!("FROM base\n{instruction}\n")).with_base(small_base());
        workspace.build().paths().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(build("COPY --link top.txt /bin/"), ["bin/", "bin/top.txt"]);
    assert_eq!(build("COPY --link=false top.txt /bin/"), ["usr/bin/top.txt"]);
    assert_eq!(build("ADD --link top.txt /var/log/access.log"), ["var/log/access.log"]);
    // It is a file there, a folder before: what counts is the new layer.
    assert_eq!(build("COPY --link top.txt /usr"), ["usr"]);
    assert_eq!(build("WORKDIR /usr/bin\nCOPY --link top.txt ."), ["usr/bin/top.txt"]);
    // What comes after sees what it left.
    assert_eq!(build("COPY --link top.txt /bin/\nCOPY w/a.txt /bin/"), ["bin/a.txt"]);
    let error = workspace("FROM base\nCOPY --link --chown=web top.txt /\n").with_base(small_base()).fail();
    assert!(error.contains("give the number instead, or leave out `--link`"), "{error}");
}

#[test]
fn modes_are_changed_one_by_one() {
    let workspace = workspace("FROM scratch\nCOPY --chmod=u=rwX,go=rX x /p\n");
    let mode = |path: &str, mode| {
        fs::set_permissions(workspace.context().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("x/a.txt", 0o700);
    mode("x/y", 0o700);
    mode("x/y/b.md", 0o600);
    symlink("a.txt", workspace.context().join("x/link")).unwrap();
    let image = workspace.build();
    let modes = ["p/a.txt", "p/y/", "p/y/b.md", "p/link"].map(|path| image.entry(path).mode);
    assert_eq!(modes, [0o755, 0o755, 0o644, 0o777]);
    workspace.write("Dockerfile", "FROM scratch\nARG m=+x\nADD --chmod=$m x/y/b.md /\n");
    assert_eq!(workspace.build().entry("b.md").mode, 0o711);
}
