//! Whole builds: configuration, stages, what is refused, and that the same input gives the same image.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::atomic::Ordering,
    time::Duration,
};

use crate::support::{Image, Workspace, small_base};
use plimsoll_core::{digest::Digest, ports::FailureClass};
use serde_json::json;

fn from_scratch(dockerfile: &str) -> Image {
    Workspace::new(&[("Dockerfile", &format!("FROM scratch\n{dockerfile}\n")), ("f", "f")]).build()
}

#[test]
fn settings_reach_the_configuration() {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (dockerfile, member, expected) in [
        ("", "WorkingDir", json!("/")),
        ("ENV a=1 b=\"x y\" c=z\\ w", "Env", json!([path, "a=1", "b=x y", "c=z w"])),
        ("ENV a the  rest", "Env", json!([path, "a=the  rest"])),
        ("ENV a=1\nENV a=2 b=$a", "Env", json!([path, "a=2", "b=1"])),
        ("ENV a=hello\nENV a=bye b=$a", "Env", json!([path, "a=bye", "b=hello"])),
        ("ARG a=arg\nENV b=$a", "Env", json!([path, "b=arg"])),
        ("ARG a=arg\nENV a=env b=1\nENV c=$a", "Env", json!([path, "a=env", "b=1", "c=env"])),
        ("ENV a=env\nARG a=arg\nENV c=$a", "Env", json!([path, "a=env", "c=arg"])),
        ("ARG a\nENV b=${a:-d}${a}", "Env", json!([path, "b=d"])),
        ("ARG TARGETARCH\nENV b=$TARGETARCH$TARGETOS", "Env", json!([path, "b=amd64"])),
        ("ARG SOURCE_DATE_EPOCH\nENV b=$SOURCE_DATE_EPOCH", "Env", json!([path, "b=1704067200"])),
        ("LABEL a.b=1 \"c d\"='e f'", "Labels", json!({ "a.b": "1", "c d": "e f" })),
        ("WORKDIR /a\nWORKDIR b/../c\nWORKDIR d/", "WorkingDir", json!("/a/c/d")),
        ("USER a:b", "User", json!("a:b")),
        (
            "EXPOSE 80 53/UDP 90-91",
            "ExposedPorts",
            json!({ "80/tcp": {}, "53/udp": {}, "90/tcp": {}, "91/tcp": {} }),
        ),
        ("ARG p=\"1 2\"\nEXPOSE $p", "ExposedPorts", json!({ "1/tcp": {}, "2/tcp": {} })),
        ("VOLUME /a /b", "Volumes", json!({ "/a": {}, "/b": {} })),
        ("VOLUME [\"/a b\"]", "Volumes", json!({ "/a b": {} })),
        ("CMD [\"a\", \"$b\"]", "Cmd", json!(["a", "$b"])),
        ("CMD a $b", "Cmd", json!(["/bin/sh", "-c", "a $b"])),
        ("CMD ['a']", "Cmd", json!(["/bin/sh", "-c", "['a']"])),
        ("SHELL [\"sh\"]\nCMD a", "Cmd", json!(["sh", "a"])),
        ("CMD a\nCMD [\"b\"]", "Cmd", json!(["b"])),
        ("ENTRYPOINT [\"a\"]", "Entrypoint", json!(["a"])),
        ("CMD [\"a\"]\nENTRYPOINT [\"b\"]", "Cmd", json!(["a"])),
        ("STOPSIGNAL SIGQUIT", "StopSignal", json!("SIGQUIT")),
        ("HEALTHCHECK NONE", "Healthcheck", json!({ "Test": ["NONE"] })),
        (
            "HEALTHCHECK --interval=1m --retries=3 CMD a || b",
            "Healthcheck",
            json!({ "Test": ["CMD-SHELL", "a || b"], "Interval": 60_000_000_000_i64, "Retries": 3 }),
        ),
        (
            "HEALTHCHECK --interval=0s --retries=0 --start-interval=5ms CMD a",
            "Healthcheck",
            json!({ "Test": ["CMD-SHELL", "a"], "StartInterval": 5_000_000 }),
        ),
        ("HEALTHCHECK CMD [\"a\"]", "Healthcheck", json!({ "Test": ["CMD", "a"] })),
    ] {
        assert_eq!(from_scratch(dockerfile).config["config"][member], expected, "{dockerfile}");
    }
    assert_eq!(from_scratch("MAINTAINER some one").config["author"], "some one");
}

#[test]
fn values_that_are_wrong_are_told() {
    for (dockerfile, says) in [
        ("EXPOSE 99999", "2:8: `99999` is no port"),
        ("STOPSIGNAL SIGNOPE", "no signal"),
        ("ENV a=\"${x:?must be given}\"", "must be given"),
        ("LABEL =a", "2:7: the name is missing"),
        ("VOLUME [\"\"]", "a volume needs a path"),
        ("WORKDIR $nothing", "WORKDIR needs a path"),
    ] {
        let workspace = Workspace::new(&[("Dockerfile", &format!("FROM scratch\n{dockerfile}\n"))]);
        let error = workspace.fail();
        assert!(error.contains(says), "{dockerfile}: {error}");
    }
}

#[test]
fn a_base_keeps_what_it_says() {
    let base = small_base();
    let workspace =
        Workspace::new(&[("Dockerfile", "FROM base\nENV B=$A\nLABEL l=1\nCOPY f /\n"), ("f", "f")]);
    let workspace = workspace.with_base(base.clone());
    let image = workspace.build();
    assert_eq!(image.config["os.features"], json!(["kept"]));
    let config = &image.config["config"];
    assert_eq!(config["Unknown"], json!({ "x": 1 }));
    assert_eq!(config["Env"], json!(["PATH=/bin", "A=base", "B=base"]));
    assert_eq!(config["Cmd"], json!(["base"]));
    assert_eq!(config["Labels"], json!({ "l": "1" }));
    assert_eq!(image.config["history"][0], json!({ "created_by": "base" }));
    assert_eq!(image.manifest["layers"][0]["digest"], Digest::of(&base.layer).to_string());
    assert_eq!(image.manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    assert_eq!(image.manifest["annotations"]["org.opencontainers.image.base.name"], "docker.io/library/base");
    assert_eq!(image.layers.len(), 2);
    workspace.write("Dockerfile", "FROM base\nENTRYPOINT [\"e\"]\n");
    assert!(workspace.build().config["config"].get("Cmd").is_none());
}

#[test]
fn stages_inherit_and_choose() {
    let dockerfile = "ARG WHICH=two\nFROM scratch AS one\nENV a=1\nARG x=inherited\nCMD [\"one\"]\nCOPY f /\nFROM one AS two\nENV b=$a$x\nFROM scratch AS other\nRUN never\nFROM $WHICH\nLABEL l=1\n";
    let workspace = Workspace::new(&[("Dockerfile", dockerfile), ("f", "f")]);
    let image = workspace.build();
    let env = image.config["config"]["Env"].as_array().unwrap();
    assert_eq!(env[1..], [json!("a=1"), json!("b=1inherited")]);
    assert_eq!(image.config["config"]["Cmd"], json!(["one"]));
    assert_eq!(image.layers.len(), 1);
    let request = |target: &str, arguments: &[(&str, &str)]| {
        let mut request = workspace.request();
        request.target = Some(target.to_owned());
        request.build_arguments =
            arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        request
    };
    let env = |image: Image| image.config["config"]["Env"].as_array().unwrap().len();
    assert_eq!(env(workspace.build_request(&request("ONE", &[]))), 2);
    let error = workspace.try_build(&request("none", &[])).0.unwrap_err().to_string();
    assert!(error.contains("`none`") && error.contains("`one`, `two`, `other`"), "{error}");
    let mut last = request("", &[("WHICH", "one"), ("UNUSED", "1")]);
    last.target = None;
    let (_, lines) = workspace.try_build(&last);
    assert!(lines.iter().any(|line| line.contains("`UNUSED`")), "{lines:?}");
}

#[test]
fn run_is_refused_before_anything_happens() {
    let workspace =
        Workspace::new(&[("Dockerfile", "FROM base AS b\nRUN apt-get \\\n install x\nFROM b\nRUN y\n")]);
    let failure = workspace.try_build(&workspace.request()).0.unwrap_err();
    let error = failure.to_string();
    assert!(error.contains("Dockerfile:2:1: ") && error.contains("RUN apt-get install x"), "{error}");
    assert!(error.contains("Dockerfile:5:1: ") && error.contains("builder = \"docker\""), "{error}");
    assert_eq!(failure.class, FailureClass::User);
    assert!(failure.hint.unwrap().contains("builder = \"docker\""));
    assert_eq!(workspace.fetches.load(Ordering::Relaxed), 0);
    assert!(!workspace.layout().exists());
}

#[test]
fn every_mistake_is_told_at_once() {
    let dockerfile = "FROM scratch\n# a comment\nENV a\n\nCOPY x \\\n  --y\nWORKDIRR /a\nEXPOSE ${\n";
    let error = Workspace::new(&[("Dockerfile", dockerfile)]).fail();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[0].contains("Dockerfile:3:5: ENV needs a value"), "{error}");
    assert!(
        lines[1].contains("Dockerfile:7:1: `WORKDIRR` is no instruction: did you mean `WORKDIR`?"),
        "{error}"
    );
    assert!(lines[2].contains("Dockerfile:8:8: "), "{error}");
}

#[test]
fn unusual_dockerfiles_are_told_apart() {
    for (dockerfile, says) in [
        ("", "no FROM"),
        ("# only a comment", "no FROM"),
        ("ENV a=1\nFROM scratch", "1:1: ENV before the first FROM"),
        ("FROM", "FROM needs at least one argument"),
        ("FROM a b", "1:6: FROM is written"),
        ("FROM a AS 1x", "cannot be the name of a stage"),
        ("FROM --nope=1 a", "no flag `--nope`"),
        ("FROM $none", "is empty"),
        ("FROM UPPER:x:y", "neither a stage nor an image"),
        ("FROM --platform=x scratch", "not a platform"),
        ("FROM scratch\nONBUILD FROM x", "2:9: FROM is not allowed in ONBUILD"),
        ("FROM scratch\nONBUILD ONBUILD CMD x", "2:9: ONBUILD is not allowed in ONBUILD"),
        ("FROM scratch\nONBUILD maintainer x", "MAINTAINER is not allowed in ONBUILD"),
        ("FROM scratch\nONBUILD CPOY a b", "did you mean `COPY`?"),
        ("FROM scratch\nONBUILD COPY a", "2:14: COPY needs a source and a destination"),
        ("FROM scratch\nSHELL sh", "JSON list"),
        ("FROM scratch\nVOLUME []", "2:8: VOLUME needs a path"),
        ("FROM scratch\nHEALTHCHECK x", "HEALTHCHECK is written"),
        ("FROM scratch\nHEALTHCHECK --interval=1 CMD x", "no duration"),
        ("FROM scratch\nHEALTHCHECK --retries=1 --retries=1 CMD x", "twice"),
    ] {
        let error = Workspace::new(&[("Dockerfile", dockerfile)]).fail();
        assert!(error.contains(says), "{dockerfile}: {error}");
    }
    let workspace = Workspace::new(&[]);
    assert!(workspace.fail().contains("could not read"));
    fs::write(workspace.context().join("Dockerfile"), b"FROM scratch\nLABEL a=\xff").unwrap();
    assert!(workspace.fail().contains("is not UTF-8, on line 2"));
}

#[test]
fn the_same_input_gives_the_same_image() {
    let dockerfile = "FROM base\nCOPY d /srv/\nWORKDIR /srv/x\nENV a=1\n";
    let files = [("Dockerfile", dockerfile), ("d/a", "a"), ("d/b/c", "c"), ("d/z", "z")];
    let first = Workspace::new(&files).with_base(small_base());
    let mut backwards = files;
    backwards.reverse();
    let second = Workspace::new(&backwards).with_base(small_base());
    let old = fs::File::options().write(true).open(second.context().join("d/a")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    let mut request = first.request();
    request.labels = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    request.annotations = BTreeMap::from([("b".to_owned(), "2".to_owned())]);
    let image = first.build_request(&request);
    assert_eq!(image.config["config"]["Labels"]["a"], "1");
    assert_eq!(image.manifest["annotations"]["b"], "2");
    assert_eq!(image.config["created"], "2024-01-01T00:00:00Z");
    assert_eq!(first.build_request(&request).digest, image.digest);
    request.context = second.context();
    request.dockerfile = second.context().join("Dockerfile");
    request.layout = second.layout();
    assert_eq!(second.build_request(&request).digest, image.digest);
}

#[test]
fn the_time_may_be_an_argument() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY f /\n"), ("f", "f")]);
    let mut request = workspace.request();
    request.build_arguments = BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), "86400".to_owned())]);
    let image = workspace.build_request(&request);
    assert_eq!(image.config["created"], "1970-01-02T00:00:00Z");
    assert_eq!(image.entry("f").time, 86_400);
    let (_, lines) = workspace.try_build(&request);
    assert!(!lines.iter().any(|line| line.contains("no ARG declares")), "{lines:?}");
    request.build_arguments.insert("SOURCE_DATE_EPOCH".to_owned(), "today".to_owned());
    let error = workspace.try_build(&request).0.unwrap_err().to_string();
    assert!(error.contains("SOURCE_DATE_EPOCH is `today`"), "{error}");
}

#[test]
fn unchanged_layers_are_not_made_again() {
    let workspace =
        Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY f /\nCOPY g /\n"), ("f", "1"), ("g", "1")]);
    let unchanged = |workspace: &Workspace| {
        let (built, lines) = workspace.try_build(&workspace.request());
        (built.unwrap().digest, lines.iter().filter(|line| line.starts_with("unchanged")).count())
    };
    // A file as young as this might change again unseen, so its layer is not remembered.
    let (young, count) = unchanged(&workspace);
    assert_eq!((unchanged(&workspace), count), ((young, 0), 0));
    std::thread::sleep(Duration::from_millis(3100));
    assert_eq!(unchanged(&workspace), (young, 0));
    assert_eq!(unchanged(&workspace), (young, 2));
    // The same size, the same time of modification, other content.
    let path = workspace.context().join("f");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    workspace.write("f", "2");
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let (changed, count) = unchanged(&workspace);
    assert_eq!(count, 1);
    assert_ne!(changed, young);
    assert_eq!(workspace.build().layers[0][0].content, "2");
    // A blob that is no longer there, or not whole, is made again.
    let layer =
        workspace.build().manifest["layers"][1]["digest"].as_str().unwrap().parse::<Digest>().unwrap();
    fs::write(workspace.layout().join("blobs/sha256").join(layer.hex()), "damaged").unwrap();
    assert_eq!(workspace.build().digest, changed);
}

#[test]
fn much_makes_several_layers_of_which_a_change_costs_one() {
    let workspace = Workspace::new(&[("Dockerfile", "FROM scratch\nCOPY data /data\n"), ("data/00", "")]);
    for number in 0..70 {
        let file = fs::File::create(workspace.context().join(format!("data/{number:02}"))).unwrap();
        file.set_len(1 << 20).unwrap();
    }
    let built = workspace.build();
    assert_eq!(built.layers.len(), 2);
    for layer in &built.layers {
        assert_eq!(layer[0].path, "data/", "each has the folder");
    }
    let files = built.layers.iter().flatten().filter(|entry| entry.kind.is_file());
    assert_eq!(files.map(|entry| &entry.path).collect::<BTreeSet<_>>().len(), 70);
    workspace.write("data/07", "changed");
    let digests = |image: &Image| image.manifest["layers"].as_array().unwrap().clone();
    let (before, after) = (digests(&built), digests(&workspace.build()));
    assert_eq!(before.iter().zip(&after).filter(|(before, after)| before == after).count(), 1);
}
