//! `docs/tutorial.md`, command by command, as a new user would: each block of commands succeeds, and the lines that the page
//! shows after it come out.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use plimsoll_support::{DebianRegistry, Plimsoll, Requirement, require, run_for};

/// How long one block may take: it may build a policy.
const PATIENCE: Duration = Duration::from_secs(300);
/// The registry of the page.
const REGISTRY: &str = "localhost:5000";

/// A block of the page: what is run, or what was said to come out of the block before.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    Run(String),
    Expect(String),
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for fenced in page.split("\n```").skip(1).step_by(2) {
        let (language, content) = fenced.split_once('\n').expect("a block has a language and a line");
        blocks.push(match language {
            "sh" => Block::Run(content.to_owned()),
            "text" => Block::Expect(content.to_owned()),
            other => panic!("the tutorial has a block in `{other}`, which nobody runs"),
        });
    }
    blocks
}

#[test]
fn every_command_of_the_tutorial_works() {
    require!(Requirement::Git, Requirement::Registry);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tutorial.md");
    let page = fs::read_to_string(page).expect("the page is part of the checkout");
    let blocks = blocks(&page);
    assert!(blocks.iter().filter(|block| matches!(block, Block::Run(_))).count() >= 7, "{blocks:?}");
    let registry = DebianRegistry::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let shell = Shell::new(folder.path());
    let mut said = String::new();
    for block in blocks {
        match block {
            Block::Run(commands) => said = shell.run(&commands.replace(REGISTRY, &registry.host())),
            Block::Expect(lines) => {
                for line in lines.replace(REGISTRY, &registry.host()).lines() {
                    assert!(said.contains(line.trim()), "`{line}` did not come out:\n{said}");
                }
            }
        }
    }
}

/// A shell that keeps its folder from one block to the next.
struct Shell {
    folder: PathBuf,
    path: String,
}

impl Shell {
    fn new(folder: &Path) -> Self {
        // Brings the binary up to date, and says where it lies.
        let binary = Plimsoll::in_folder(folder).command(&[]).get_program().to_owned();
        let binary = Path::new(&binary).parent().expect("a program lies in a folder").display().to_string();
        fs::write(folder.join("folder"), folder.display().to_string()).expect("the folder takes a file");
        Self { folder: folder.to_owned(), path: format!("{binary}:{}", env::var("PATH").unwrap_or_default()) }
    }

    /// Runs commands; what they print.
    fn run(&self, commands: &str) -> String {
        let note = self.folder.join("folder");
        let script = format!("set -e\ncd \"$(cat {0})\"\n{commands}\npwd > {0}\n", note.display());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .env("PATH", &self.path)
            .env("PLIMSOLL_CACHE", self.folder.join("cache"))
            .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/scaffolds"))
            .env("GIT_AUTHOR_NAME", "Contoso Web Team")
            .env("GIT_AUTHOR_EMAIL", "web@contoso.example")
            .env("GIT_COMMITTER_NAME", "Contoso Web Team")
            .env("GIT_COMMITTER_EMAIL", "web@contoso.example");
        for variable in ["CARGO", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            shell.env_remove(variable);
        }
        let finished = run_for(&mut shell, PATIENCE).success();
        format!("{}{}", String::from_utf8_lossy(&finished.stdout), String::from_utf8_lossy(&finished.stderr))
    }
}
