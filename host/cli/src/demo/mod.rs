//! `plimsoll demo`: the story of a web site, played in a temporary git repository in front of the reader.

mod base;
mod repository;

use std::process::{Command, Stdio};

use plimsoll_core::ports::FailureClass;

use self::repository::DemoRepository;
use crate::{
    failure::{Ending, Failure},
    output::{FAINT, GOOD, PLAIN, STRONG},
    session::Session,
};

/// The example that is released.
const EXAMPLE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/example.rs"));

pub(crate) async fn run(session: &Session) -> Result<Ending, Failure> {
    let repository = DemoRepository::create()?;
    let root = repository.root().to_path_buf();
    say("A web site in a git repository: a Dockerfile, Kubernetes manifests and a plimsoll.toml.");
    say("Its rules: every push goes to staging; only a version, `v*`, goes to production.");
    repository.write_all(EXAMPLE)?;
    base::choose(session, &repository).await?;

    chapter(1, "A push to main");
    repository.commit("Publish the site")?;
    repository.push(&["main"])?;
    plimsoll(&repository, &["release"])?;
    say(
        "The image is built and tagged `latest`, and staging runs it. Production does not, and the finding says why.",
    );

    chapter(2, "A push that carries the tag v1.0.0");
    repository.edit_page("Spring catalogue")?;
    repository.commit("Add the spring catalogue")?;
    repository.tag("v1.0.0")?;
    repository.push(&["main", "v1.0.0"])?;
    plimsoll(&repository, &["release"])?;
    say("The same digest runs in staging and in production, and it is also `latest`: promoted, not rebuilt.");

    chapter(3, "A pre-release, v1.1.0-rc.1");
    repository.edit_page("Summer catalogue")?;
    repository.commit("Prepare the summer catalogue")?;
    repository.tag("v1.1.0-rc.1")?;
    repository.push(&["main", "v1.1.0-rc.1"])?;
    plimsoll(&repository, &["release"])?;
    say(
        "`v*` matches this tag too, but the policy asks for strict semantic versioning without a pre-release.",
    );

    chapter(4, "Where to look");
    plimsoll(&repository, &["status"])?;
    plimsoll(&repository, &["why", "v1.1.0-rc.1", "production"])?;
    plimsoll(&repository, &["journal", "verify"])?;
    let image = "oci:.plimsoll/images/website:v1.0.0";
    plimsoll(&repository, &["verify", image, "--environment", "production"])?;
    say(
        "What the image says of itself lies beside it: how it was built, tagged and allowed into production.",
    );
    ending(&root);
    Ok(Ending::Done)
}

fn ending(root: &std::path::Path) {
    let place = root.display();
    say!("\n{GOOD}{STRONG}The whole story is in {place}{PLAIN}");
    for (path, what) in [
        ("plimsoll.toml", "the rules: which policies decide where"),
        ("deploy/staging/", "the manifests that staging runs, by digest"),
        ("deploy/production/", "the manifests that production runs, by digest"),
        (".plimsoll/images/website/", "the image, an OCI layout; `skopeo inspect oci:...:latest` reads it"),
        (".plimsoll/journal.db", "every decision, hash-chained"),
    ] {
        say!("  {path:<28}{FAINT}{what}{PLAIN}");
    }
    say!("Try `plimsoll history v1.0.0` there, or change the settings of a policy and run `plimsoll plan`.");
}

fn say(text: &str) {
    say!("{text}");
}

fn chapter(number: u8, title: &str) {
    say!("\n{STRONG}── {number}. {title} ──{PLAIN}");
}

/// Runs this very program in the repository, as a reader would.
fn plimsoll(repository: &DemoRepository, arguments: &[&str]) -> Result<(), Failure> {
    say!("\n{FAINT}${PLAIN} plimsoll {}", arguments.join(" "));
    let outside = |error| Failure::new(FailureClass::Outside, format!("cannot run plimsoll itself: {error}"));
    let program = std::env::current_exe().map_err(outside)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(repository.root()).stdin(Stdio::null());
    // The demo is about the repository that it made, whatever job it runs in.
    command.env_remove("GITHUB_ACTIONS").env_remove("SOURCE_DATE_EPOCH");
    let status = command.status().map_err(outside)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(
        FailureClass::Outside,
        format!("`plimsoll {}` ended with {status}", arguments.join(" ")),
    )
    .hint(format!("look around in {}", repository.root().display())))
}
