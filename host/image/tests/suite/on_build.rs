//! ONBUILD: kept in the image, and done by builds that start from it.

use serde_json::json;

use crate::support::{Base, Workspace, small_base};

fn base(triggers: &[&str]) -> Base {
    let mut base = small_base();
    base.config["config"]["OnBuild"] = json!(triggers);
    base
}

fn build(triggers: &[&str], dockerfile: &str) -> crate::support::Image {
    Workspace::new(&[("Dockerfile", dockerfile), ("f", "f")]).with_base(base(triggers)).build()
}

fn fail(triggers: &[&str], dockerfile: &str) -> String {
    Workspace::new(&[("Dockerfile", dockerfile), ("f", "f")]).with_base(base(triggers)).fail()
}

#[test]
fn instructions_are_kept_for_later() {
    let dockerfile = "FROM scratch\nONBUILD  RUN make \\\n  all\nonbuild COPY <<a <<b /x/\n1\na\n2\nb\n";
    let image = Workspace::new(&[("Dockerfile", dockerfile)]).build();
    let expected = json!(["RUN make   all", "COPY <<a <<b /x/\n1\na\n2\nb"]);
    assert_eq!(image.config["config"]["OnBuild"], expected);
    assert!(image.layers.is_empty());
}

#[test]
fn what_a_base_keeps_comes_first_and_is_gone() {
    let triggers =
        ["ARG name=x", "COPY f /first/$name", "ENV A=trigger", "COPY <<EOF /here\n$name\nEOF", "WORKDIR /w"];
    let image = build(&triggers, "FROM base\nENV B=$A\nCOPY f .\n");
    assert_eq!(image.layers[1][1].path, "first/x");
    assert_eq!(image.layers[2][0].content, "x\n");
    assert_eq!(image.paths(), ["w/f"]);
    assert_eq!(image.config["config"]["Env"], json!(["PATH=/bin", "A=trigger", "B=trigger"]));
    assert!(image.config["config"].get("OnBuild").is_none());
    assert_eq!(image.config["history"].as_array().unwrap().len(), 1 + 5 + 2);
}

#[test]
fn stages_are_bases_too() {
    let dockerfile = "FROM scratch AS files\nCOPY f /f\nFROM base AS a\nONBUILD COPY --from=files /f /from-a\nFROM a AS b\nONBUILD LABEL b=1\n";
    let workspace = Workspace::new(&[("Dockerfile", dockerfile), ("f", "f")]).with_base(base(&["ENV N=1"]));
    let image = workspace.build();
    assert_eq!(image.paths(), ["from-a"]);
    assert_eq!(image.config["config"]["OnBuild"], json!(["LABEL b=1"]));
    let mut request = workspace.request();
    request.target = Some("a".to_owned());
    let image = workspace.build_request(&request);
    assert_eq!(image.config["config"]["OnBuild"], json!(["COPY --from=files /f /from-a"]));
    assert_eq!(image.layers.len(), 1);
}

#[test]
fn what_a_base_keeps_may_read_stages_and_images() {
    let image = build(
        &["COPY --from=other /etc/group /group", "COPY --from=0 /f /g"],
        "FROM scratch\nCOPY f /\nFROM base\n",
    );
    assert_eq!(image.paths(), ["g"]);
    assert_eq!(image.layers[1][0].path, "group");
}

#[test]
fn what_cannot_be_done_is_told_where_the_base_is_named() {
    for (triggers, says) in [
        (["ENV a=1", "RUN x"], "1:1: the embedded builder runs no commands, so it cannot do `RUN x`"),
        (["ENV a=1", "ENV"], "1:1: the base image docker.io/library/base brings `ONBUILD ENV`: ENV needs"),
        (["ENV a=1", "FROM x"], "not allowed in ONBUILD"),
        (["ENV a=1", "ENV b=1\nENV c=1"], "it is not one instruction"),
        (["ENV a=1", "COPY none /"], "1:1: the base's `ONBUILD COPY none /`: `none` is not in the context"),
    ] {
        let error = fail(&triggers, "FROM base\n");
        assert!(error.contains(says), "{triggers:?}: {error}");
    }
    // Nothing needs the stage whose base brings it.
    build(&["RUN x"], "FROM base\nFROM scratch\n");
    build(&["RUN x"], "FROM scratch\nCOPY --from=base /etc/group /\n");
}
