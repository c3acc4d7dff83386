//! What the command prints, word by word. A change here is a change that every user sees: read it aloud.

use plimsoll_support::{Application, Ran, Requirement, require};

/// The clock of all commands: a Monday.
const NOW: &str = "2026-11-30T08:00:00Z";

/// Runs a command at [`NOW`].
fn run(application: &Application, arguments: &[&str]) -> Ran {
    application.run(&[arguments, &["--now", NOW]].concat())
}

/// What a command printed, without blanks at the ends of lines.
fn shown(ran: &Ran) -> String {
    let text = ran.snapshot();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The application, its version 1.0.0 released.
fn released() -> (Application, Ran) {
    let application = Application::self_contained();
    application.git.tag("v1.0.0");
    let ran = run(&application, &["release"]);
    (application, ran)
}

#[test]
fn release_of_a_version() {
    require!(Requirement::Git);
    let (_application, ran) = released();
    insta::assert_snapshot!(shown(&ran), @r#"
    exit code: 0
    --- stdout
    release [RELEASE] done
    version  1.0.0
    tags     oci:.plimsoll/images/website:v1.0.0
             oci:.plimsoll/images/website:latest
    digest   [DIGEST]
      ✓ event         there is a push of the branch `main`
      ✓ version-tag   `v1.0.0` is a version: the image gets a tag of this name
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's

    staging: allow, deployed to deploy/staging/current
      ✓ always  `staging` is open to every release

    production: allow, deployed to deploy/production/current
      ✓ pattern           `v1.0.0` matches `v*`
      ✓ semantic-version  `v1.0.0` is a semantic version
      ✓ pre-release       `v1.0.0` is not a pre-release
      ✓ on-image          the image carries the tag `v1.0.0`
    --- stderr
    note: The repository does not record its default branch: main is taken for it.
    ✓ opened for branch main at commit [SHORT]
    ✓ stock:release-tags gave the tags v1.0.0, latest
      COPY site/ /usr/share/nginx/html/
      EXPOSE 80
    ✓ built [DIGEST] (63167 bytes of layers)
      sent 2 blobs (64034 bytes), 0 were there already
    ✓ pushed [DIGEST]
    ✓ attested the build: [DIGEST]
    ✓ attested the tags: [DIGEST]
    ✓ tagged v1.0.0
    ✓ tagged latest
    ✓ staging: allow
    ✓ staging: attested the decision: [DIGEST]
    ✓ staging: deployed [SHORT] to deploy/staging/current
    ✓ production: allow
    ✓ production: attested the decision: [DIGEST]
    ✓ production: deployed [SHORT] to deploy/production/current
    "#);
}

#[test]
fn plan_of_a_push() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    insta::assert_snapshot!(shown(&run(&application, &["plan"])), @r#"
    exit code: 0
    --- stdout
    plan of release [RELEASE] would be done
    tags     oci:.plimsoll/images/website:latest
      ✓ event         there is a push of the branch `main`
      - version-tag   the event carries no git tag
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's

    staging: allow, would be deployed
      ✓ always  `staging` is open to every release
        --- /dev/null
        +++ manifests/deployment.yaml
        @@ -0,0 +1,17 @@
        +apiVersion: apps/v1
        +kind: Deployment
        +metadata:
        +  name: website
        +spec:
        +  replicas: 2
        +  selector:
        +    matchLabels: { app: website }
        +  template:
        +    metadata:
        +      labels: { app: website }
        +    spec:
        +      containers:
        +        - name: website
        +          image: website@sha256:<known once the image is built>
        +          ports:
        +            - containerPort: 80
        --- /dev/null
        +++ manifests/service.yaml
        @@ -0,0 +1,9 @@
        +apiVersion: v1
        +kind: Service
        +metadata:
        +  name: website
        +spec:
        +  selector: { app: website }
        +  ports:
        +    - port: 80
        +      targetPort: 80

    production: deny, would not be promoted
      ✗ pattern           no tag matches `v*`: the image carries `latest`; release a commit with a git tag such as `v1.2.3`
      - semantic-version  there is no tag to read a version from
      - pre-release       there is no version
      - on-image          there is no version whose tag the image could carry
    --- stderr
    note: The repository does not record its default branch: main is taken for it.
    "#);
}

#[test]
fn what_a_tag_would_give() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    application.git.tag("v1.0.0");
    insta::assert_snapshot!(shown(&run(&application, &["tags"])), @r#"
    exit code: 0
    --- stdout
      ✓ event         there is a push of the branch `main`
      ✓ version-tag   `v1.0.0` is a version: the image gets a tag of this name
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's
    version  1.0.0
    tag      oci:.plimsoll/images/website:v1.0.0
    tag      oci:.plimsoll/images/website:latest
    label    org.opencontainers.image.created=2024-01-01T00:00:00Z
    label    org.opencontainers.image.revision=[COMMIT]
    label    org.opencontainers.image.source=https://git.example/contoso/website
    label    org.opencontainers.image.title=website
    label    org.opencontainers.image.url=https://git.example/contoso/website
    label    org.opencontainers.image.version=1.0.0
    --- stderr
    note: The repository does not record its default branch: main is taken for it.
    "#);
}

/// The application after two releases: version 1.0.0, and a push.
fn released_twice() -> Application {
    let (application, _ran) = released();
    application.change("Not a version");
    let _ = run(&application, &["release"]).code(0);
    application
}

#[test]
fn status_and_history_of_two_releases() {
    require!(Requirement::Git);
    let application = released_twice();
    insta::assert_snapshot!(shown(&run(&application, &["status"])), @r#"
    exit code: 0
    --- stdout
    ENVIRONMENT  VERSION  RELEASE         COMMIT        DIGEST               SINCE
    staging      -        [RELEASE]  [SHORT]  sha256:[SHORT]  2026-11-30 08:00:00Z
    production   1.0.0    [RELEASE]  [SHORT]  sha256:[SHORT]  2026-11-30 08:00:00Z
    --- stderr
    "#);
    insta::assert_snapshot!(shown(&run(&application, &["history"])), @r#"
    exit code: 0
    --- stdout
    RELEASE         OPENED                VERSION  COMMIT        FROM         STANDING  DEPLOYED TO
    [RELEASE]  2026-11-30 08:00:00Z  -        [SHORT]  branch main  done      staging
    [RELEASE]  2026-11-30 08:00:00Z  1.0.0    [SHORT]  branch main  done      staging, production
    --- stderr
    "#);
    insta::assert_snapshot!(shown(&run(&application, &["history", "v1.0.0"])), @r#"
    exit code: 0
    --- stdout
    [RELEASE]
        1 2026-11-30 08:00:00Z opened for branch main at commit [SHORT]
        2 2026-11-30 08:00:00Z stock:release-tags gave the tags v1.0.0, latest
        3 2026-11-30 08:00:00Z built [DIGEST] (63167 bytes of layers)
        4 2026-11-30 08:00:00Z pushed [DIGEST]
        5 2026-11-30 08:00:00Z attested the build: [DIGEST]
        6 2026-11-30 08:00:00Z attested the tags: [DIGEST]
        7 2026-11-30 08:00:00Z tagged v1.0.0
        8 2026-11-30 08:00:00Z tagged latest
        9 2026-11-30 08:00:00Z staging: allow
       10 2026-11-30 08:00:00Z staging: attested the decision: [DIGEST]
       11 2026-11-30 08:00:00Z staging: deployed [SHORT] to deploy/staging/current
       12 2026-11-30 08:00:00Z production: allow
       13 2026-11-30 08:00:00Z production: attested the decision: [DIGEST]
       14 2026-11-30 08:00:00Z production: deployed [SHORT] to deploy/production/current
       15 2026-11-30 08:00:00Z nothing is left to do
    --- stderr
    "#);
}

#[test]
fn why_two_releases_are_where_they_are() {
    require!(Requirement::Git);
    let application = released_twice();
    insta::assert_snapshot!(shown(&run(&application, &["why"])), @r#"
    exit code: 0
    --- stdout
    release [RELEASE] done
    tags     oci:.plimsoll/images/website:latest
    digest   [DIGEST]
      ✓ event         there is a push of the branch `main`
      - version-tag   the event carries no git tag
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's

    staging: allow, deployed to deploy/staging/current
      ✓ always  `staging` is open to every release

    production: deny, not promoted
      ✗ pattern           no tag matches `v*`: the image carries `latest`; release a commit with a git tag such as `v1.2.3`
      - semantic-version  there is no tag to read a version from
      - pre-release       there is no version
      - on-image          there is no version whose tag the image could carry
      → release a commit that the rules allow
      → once the rules changed: plimsoll promote [RELEASE] production
    --- stderr
    "#);
    insta::assert_snapshot!(shown(&run(&application, &["why", "v1.0.0", "production"])), @r#"
    exit code: 0
    --- stdout
    release [RELEASE] done
    version  1.0.0
    tags     oci:.plimsoll/images/website:v1.0.0
             oci:.plimsoll/images/website:latest
    digest   [DIGEST]
      ✓ event         there is a push of the branch `main`
      ✓ version-tag   `v1.0.0` is a version: the image gets a tag of this name
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's

    production: allow, deployed to deploy/production/current
      ✓ pattern           `v1.0.0` matches `v*`
      ✓ semantic-version  `v1.0.0` is a semantic version
      ✓ pre-release       `v1.0.0` is not a pre-release
      ✓ on-image          the image carries the tag `v1.0.0`
    --- stderr
    "#);
}

#[test]
fn a_deployment_that_failed() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let manifest = application.read("k8s/deployment.yaml").replace("image: website", "image: shop");
    application.git.write("k8s/deployment.yaml", manifest);
    application.git.commit("Name another image");
    insta::assert_snapshot!(shown(&run(&application, &["release", "--quiet"])), @r#"
    exit code: 2
    --- stdout
    release [RELEASE] failed
    tags     oci:.plimsoll/images/website:latest
    digest   [DIGEST]
      ✓ event         there is a push of the branch `main`
      - version-tag   the event carries no git tag
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's

    staging: allow, not deployed
      ✓ always  `staging` is open to every release
      failed: no container in the manifests below k8s/ runs an image of docker.io/library/website; what they run: shop
      nothing was changed there

    production: hold, not promoted
      ✗ host:after  staging comes first

    hint for staging: correct the image in the manifests, or `repository` in the configuration, so that both name the same
    --- stderr
    "#);
    insta::assert_snapshot!(shown(&run(&application, &["status"])), @r#"
    exit code: 0
    --- stdout
    ENVIRONMENT  VERSION  RELEASE  COMMIT  DIGEST  SINCE
    staging      -        -        -       -       -
    production   -        -        -       -       -

    [RELEASE] failed
      staging: allow, not deployed  plimsoll why [RELEASE] staging
      production: hold, not deployed  plimsoll why [RELEASE] production
    --- stderr
    "#);
}

#[test]
fn a_configuration_with_several_mistakes() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let rules = application
        .read("plimsoll.toml")
        .replace("repository =", "repositry =")
        .replace("stock:always", "stock:alway")
        .replace("after = [\"staging\"]", "after = [\"stagin\"]")
        .replace("pattern = \"v*\"", "patern = \"v*\"");
    application.git.write("plimsoll.toml", rules);
    insta::assert_snapshot!(shown(&run(&application, &["plan"])), @r#"
    exit code: 64
    --- stdout
    --- stderr
      × `plimsoll.toml` cannot be used: 3 mistakes

    Error:
      × `image.repositry` is no key that Plimsoll knows
       ╭─[plimsoll.toml:2:1]
     1 │ [image]
     2 │ repositry = "oci:.plimsoll/images/website"
       · ────┬────
       ·     ╰── unknown key
     3 │
       ╰────
      help: did you mean `repository`?

    Error:
      × there is no stock policy `alway`
       ╭─[plimsoll.toml:7:25]
     6 │ target = { kind = "directory", path = "deploy/staging", manifests = "k8s/" }
     7 │ promotion = [{ policy = "stock:alway" }]
       ·                         ─────────────
     8 │
       ╰────
      help: did you mean `always`?

    Error:
      × there is no environment `stagin`
        ╭─[plimsoll.toml:11:10]
     10 │ name = "production"
     11 │ after = ["stagin"]
        ·          ────────
     12 │ target = { kind = "directory", path = "deploy/production", manifests = "k8s/" }
        ╰────
      help: did you mean `staging`?
    "#);
}

#[test]
fn a_policy_that_is_looked_at() {
    let application = Application::self_contained();
    let inspected = |policy: &str| {
        let shown = shown(&application.run(&["policy", "inspect", policy]));
        let lines = shown
            .lines()
            .map(|line| if line.ends_with(" bytes") { "  size       [SIZE] bytes" } else { line });
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(inspected("stock:image-policy"), @r#"
    exit code: 0
    --- stdout
    stock:image-policy
      name       image-policy
      version    0.1.0
      summary    Allows only the image that Flux's ImagePolicy would select from the registry's tags.
      contract   plimsoll:policy 0.1.0
      answers    promotion
      wants      registry: lists the tags of the image's repository, and looks digests and labels up there
      size       [SIZE] bytes
      digest     [DIGEST]

    settings (their JSON Schema: --format json)
    SETTING        TYPE            DEFAULT   MEANING
    exclusionList  list of string  []        Regular expressions of tags that are left out, as in the ImageRepository.
    filterTags     object                    Which tags are looked at, and what of them.
    policy         object          required  How a tag is selected: exactly one of its members.

    to use it, in plimsoll.toml:
        promotion = [{ policy = "stock:image-policy", grants = ["registry"] }]
    --- stderr
    "#);
    insta::assert_snapshot!(inspected("plimsoll.toml"), @r#"
    exit code: 2
    --- stdout
    plimsoll.toml
      size       [SIZE] bytes
      digest     [DIGEST]
    --- stderr
    error: plimsoll.toml cannot be used as a policy: it is not a WebAssembly binary: give the path of a component, a `.wasm` file
    "#);
}

#[test]
fn a_question_out_of_an_event() {
    require!(Requirement::Git);
    let application = Application::self_contained();
    let ran = run(&application, &["policy", "eval", "--environment", "production"]);
    insta::assert_snapshot!(without_times(&ran), @r#"
    exit code: 1
    --- stdout
    stock:version-gate: deny
      ✗ pattern           no tag matches `v*`: the image carries `latest`; release a commit with a git tag such as `v1.2.3`
      - semantic-version  there is no tag to read a version from
      - pre-release       there is no version
      - on-image          there is no version whose tag the image could carry
    version-gate 0.1.0, fuel [FUEL], [TIME] ms
    production: deny
    --- stderr
    note: The repository does not record its default branch: main is taken for it.
    "#);
    let ran = run(&application, &["policy", "eval", "stock:soak", "--environment", "production", "-q"]);
    insta::assert_snapshot!(without_times(&ran), @r#"
    exit code: 1
    --- stdout
    hold
      ✗ soak  `staging` does not run this image; it soaks there first
      waits until `staging` is healthy with this image for 1h
    soak 0.1.0, fuel [FUEL], [TIME] ms
    --- stderr
    "#);
    application.git.tag("v1.0.0");
    let ran = run(&application, &["policy", "eval"]);
    insta::assert_snapshot!(without_times(&ran), @r#"
    exit code: 0
    --- stdout
    tags v1.0.0, latest
      ✓ event         there is a push of the branch `main`
      ✓ version-tag   `v1.0.0` is a version: the image gets a tag of this name
      ✓ branch        `main` is the default branch
      ✓ working-tree  the working tree is as it was committed
      ✓ latest        `latest` moves here: the event is the default branch's
    release-tags 0.1.0, fuel [FUEL], [TIME] ms
    --- stderr
    note: The repository does not record its default branch: main is taken for it.
    "#);
}

/// What a command printed, with a blank for how long a decision took.
fn without_times(ran: &Ran) -> String {
    let shown = shown(ran);
    let lines = shown.lines().map(|line| match line.split_once(", fuel ") {
        Some((policy, _)) => format!("{policy}, fuel [FUEL], [TIME] ms"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn help() {
    let application = Application::self_contained();
    insta::assert_snapshot!(shown(&application.run(&["--help"])), @r#"
    exit code: 0
    --- stdout
    Builds a container image, pushes it and deploys it, and asks sandboxed WebAssembly policies which
    tags it gets and where it may go

    Usage: plimsoll [OPTIONS] <COMMAND>

    Commands:
      demo      Plays a whole story in a temporary repository: a push, a version, a pre-release
      init      Writes a plimsoll.toml for this repository
      tags      Which tags, labels and version would this event give?
      build     Builds the image into its layout, without a release
      plan      Shows what a release would do, without doing it
      release   Releases an event: derives tags, builds, pushes, asks the policies, deploys
      resume    Takes up a release that waits, failed or was interrupted
      approve   Approves a release, for one environment and one rule or for all
      promote   Asks an environment's policies again, now, and deploys if they allow it
      rollback  Brings an environment back to the release that ran there before, or to a named one
      hold      Lets nothing more into an environment, until it is freed or the time comes
      free      Ends the hold on an environment
      evidence  Results about a release: a scanner's, a test's
      tick      Takes up releases whose time has come, and looks after what runs; for cron
      status    What runs where, what waits, and what is not as it was deployed
      why       Why is a release where it is, and not further?
      verify    Is an image what it should be? Built from this commit, tagged by that policy, allowed
                into an environment
      history   What happened: all releases, or one of them step by step
      journal   The audit trail
      policy    Tools around single policies
      schema    Prints the JSON Schema of plimsoll.toml, or of what policies and their tools read
      help      Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>    The configuration file [default: plimsoll.toml]
          --format <FORMAT>  How results are printed: for people, or as JSON for programs [default:
                             text] [possible values: text, json]
      -q, --quiet            Shows nothing on standard error but errors
          --now <TIME>       Fixes the clock: Unix seconds or an RFC 3339 time
      -h, --help             Print help
      -V, --version          Print version
    --- stderr
    "#);
}
