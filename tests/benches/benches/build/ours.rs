//! Our side: an application, built and released again and again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use plimsoll_benches::{contexts::DataFiles, timing::process};
use plimsoll_support::{Application, DebianRegistry, run};

use crate::{Took, Turn, median_of_several};

/// The time of every file: that of the commit would make another commit another image.
const TIME: &str = "1760000000";

/// What is in the image.
#[derive(Debug, Clone)]
pub(crate) enum Contents {
    /// The site of forty files, on this base image.
    Site(String),
    /// These files, on nothing.
    Data(DataFiles),
}

/// An application, and what our builder has before it builds it for the first time.
pub(crate) struct Ours<'a> {
    pub(crate) application: Application,
    pub(crate) contents: Contents,
    pub(crate) registry: &'a DebianRegistry,
    fresh: PathBuf,
    name: &'static str,
    /// Where releases go.
    image: String,
    /// Counts repositories and changes, so that each is new.
    count: usize,
}

impl<'a> Ours<'a> {
    /// Writes the application, and lets our builder fetch the base image, and compile the stock policies.
    pub(crate) fn prepare(contents: Contents, name: &'static str, registry: &'a DebianRegistry) -> Self {
        let base = match &contents {
            Contents::Site(base) => base,
            Contents::Data(_) => "scratch",
        };
        let image = registry.reference(&format!("{name}-0"));
        let application = Application::create(base, &image);
        let folder = application.git.path();
        if let Contents::Data(files) = contents {
            files.write(folder);
            application.git.write("Dockerfile", DataFiles::DOCKERFILE);
        }
        application.git.write(".gitignore", ".plimsoll*\ndeploy/\ndata/\nEmpty.Dockerfile\n");
        application.git.write("Empty.Dockerfile", format!("FROM {base}\nLABEL empty=yes\n"));
        // No environments, no statements: what others do when they build and push, and the journal.
        let rules = format!("[image]\nrepository = \"{image}\"\n\n[provenance]\nattach = false\n");
        let empty = rules.replace("[image]", "[image]\ndockerfile = \"Empty.Dockerfile\"");
        application.git.write("plimsoll.toml", empty);
        process(&mut application.plimsoll.command(&["build"]));
        application.git.write("plimsoll.toml", rules);
        let _ = application.git.commit("Bring the data");
        process(&mut application.plimsoll.command(&["plan"]));
        let fresh = folder.join(".plimsoll-fresh");
        copy(&folder.join(".plimsoll"), &fresh);
        Self { application, contents, registry, fresh, name, image, count: 0 }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.application.git.path()
    }

    /// A repository of the registry that nothing was pushed to.
    pub(crate) fn new_repository(&mut self, whose: &str) -> String {
        self.count += 1;
        format!("{}-{whose}-{}", self.name, self.count)
    }

    /// Gives one file, somewhere in the middle, other content.
    pub(crate) fn edit(&mut self) {
        self.count += 1;
        match self.contents {
            Contents::Site(_) => self.application.site.edit(&format!("Day {}", self.count)),
            Contents::Data(files) => {
                let seed = (files.count + self.count) as u64;
                files.write_one(self.application.git.path(), files.count / 2, seed);
            }
        }
    }

    /// Forgets everything but the base image, and releases to an empty repository from now on.
    pub(crate) fn forget(&mut self) {
        let repository = self.new_repository("ours");
        let image = self.registry.reference(&repository);
        self.application.replace("plimsoll.toml", &self.image, &image);
        self.image = image;
        self.commit();
        fs::remove_dir_all(self.folder().join(".plimsoll")).expect("an earlier build left it");
        copy(&self.fresh, &self.folder().join(".plimsoll"));
    }

    /// An event to release.
    pub(crate) fn commit(&mut self) {
        self.count += 1;
        self.application.git.write("count", self.count.to_string());
        let _ = self.application.git.commit("Go on");
    }

    pub(crate) fn build(&self) -> Command {
        self.command("build")
    }

    pub(crate) fn release(&self) -> Command {
        self.command("release")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = self.application.plimsoll.command(&[name, "--quiet"]);
        command.env("SOURCE_DATE_EPOCH", TIME);
        command
    }

    pub(crate) fn turn(&mut self) -> Turn {
        self.forget();
        let build = process(&mut self.build());
        self.forget();
        let cold = Took { build, with_push: process(&mut self.release()) };
        // What is older than two seconds is what most contexts hold.
        std::thread::sleep(std::time::Duration::from_secs(3));
        process(&mut self.build());
        let build = median_of_several(|| process(&mut self.build()));
        self.commit();
        let warm = Took { build, with_push: process(&mut self.release()) };
        self.edit();
        let build = process(&mut self.build());
        self.edit();
        self.commit();
        let changed = Took { build, with_push: process(&mut self.release()) };
        Turn { cold, warm, changed }
    }
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    let _ = run(Command::new("cp").arg("--archive").arg(from).arg(to)).success();
}
