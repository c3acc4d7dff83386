//! An application to release: the site of forty files with a `plimsoll.toml`, in a git repository.

use std::path::Path;

use crate::{GitRepository, Plimsoll, Ran, Site};

/// A site in a git repository, with its rules.
#[derive(Debug)]
pub struct Application {
    /// Its git repository.
    pub git: GitRepository,
    /// Its files.
    pub site: Site,
    /// The command, run in its folder.
    pub plimsoll: Plimsoll,
}

impl Application {
    /// The site in a fresh repository on `main`, committed once. `base` is what its Dockerfile starts from, `image`
    /// where the image goes and what the manifests name.
    ///
    /// # Panics
    /// git or the disk failed.
    #[must_use]
    #[track_caller]
    pub fn create(base: &str, image: &str) -> Self {
        Self::with_rules(base, image, "")
    }

    /// As [`Application::create`], with more lines for the configuration.
    ///
    /// # Panics
    /// git or the disk failed.
    #[must_use]
    #[track_caller]
    pub fn with_rules(base: &str, image: &str, more: &str) -> Self {
        let git = GitRepository::create();
        let name = image.strip_prefix("oci:").map_or(image, |path| path.rsplit('/').next().unwrap_or(path));
        let site = Site::write(git.path(), base, name);
        git.write("plimsoll.toml", configuration(image, more));
        git.write(".gitignore", ".plimsoll/\ndeploy/\n");
        git.commit("Publish the site");
        git.remote("origin", "https://git.example/contoso/website.git");
        let plimsoll = Plimsoll::in_folder(git.path());
        Self { git, site, plimsoll }
    }

    /// A site that needs nothing from outside: from scratch, into an image layout.
    ///
    /// # Panics
    /// git or the disk failed.
    #[must_use]
    #[track_caller]
    pub fn self_contained() -> Self {
        Self::create("scratch", LAYOUT)
    }

    /// Changes the site and commits it.
    ///
    /// # Panics
    /// git or the disk failed.
    #[track_caller]
    pub fn change(&self, headline: &str) -> String {
        self.site.edit(headline);
        self.git.commit(headline)
    }

    /// Replaces a text of a file, such as of the manifests. The change is not committed.
    ///
    /// # Panics
    /// The file does not have the text.
    #[track_caller]
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} does not have `{from}`:\n{text}");
        self.git.write(path, text.replacen(from, to, 1));
    }

    /// Replaces a text of the configuration and commits that.
    ///
    /// # Panics
    /// The configuration does not have the text.
    #[track_caller]
    pub fn rule(&self, from: &str, to: &str) {
        self.replace("plimsoll.toml", from, to);
        self.git.commit("Change the rules");
    }

    /// Releases HEAD, and returns what `release --format json` prints.
    ///
    /// # Panics
    /// It did not end well, or printed no JSON.
    #[must_use]
    #[track_caller]
    pub fn release(&self) -> serde_json::Value {
        self.plimsoll.run(&["release", "--format", "json"]).code(0).json()
    }

    /// A file of the repository's folder.
    ///
    /// # Panics
    /// There is no such text file.
    #[must_use]
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        read(&self.git.path().join(path))
    }

    /// Runs `plimsoll` here.
    ///
    /// # Panics
    /// It does not end in time.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.plimsoll.run(arguments)
    }

    /// The digest that the rendered manifests of an environment run; none when nothing was deployed there.
    #[must_use]
    pub fn running(&self, environment: &str) -> Option<String> {
        let file = self.git.path().join(format!("deploy/{environment}/current/manifests/deployment.yaml"));
        let text = std::fs::read_to_string(file).ok()?;
        let digest = text.lines().find_map(|line| line.trim().strip_prefix("image: "))?.split_once('@')?.1;
        Some(digest.trim_matches('"').to_owned())
    }
}

/// Where self-contained applications put their images.
pub const LAYOUT: &str = "oci:.plimsoll/images/website";

/// The rules of the story: every push to staging, only versions to production.
#[must_use]
pub fn configuration(image: &str, more: &str) -> String {
    format!(
        r#"[image]
repository = "{image}"

[[environments]]
name = "staging"
target = {{ kind = "directory", path = "deploy/staging", manifests = "k8s/" }}
promotion = [{{ policy = "stock:always" }}]

[[environments]]
name = "production"
after = ["staging"]
target = {{ kind = "directory", path = "deploy/production", manifests = "k8s/" }}
promotion = [{{ policy = "stock:version-gate", settings = {{ pattern = "v*" }} }}]

{more}
"#
    )
}

/// A text file.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a report says of one environment.
///
/// # Panics
/// The report says nothing of it.
#[must_use]
#[track_caller]
pub fn environment<'a>(report: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let environments = report["environments"].as_array().expect("a report lists its environments");
    environments
        .iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("no environment {name}: {report}"))
}
