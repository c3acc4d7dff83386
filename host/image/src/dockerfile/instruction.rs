//! What a Dockerfile can say, as data.

use super::{lines::HereDocument, problem::Position, template::Template};

/// A word whose variables are expanded when its instruction is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word as written.
    pub text: String,
    /// Where it begins.
    pub at: Position,
    /// The word, read.
    pub template: Template,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Where it begins.
    pub at: Position,
    /// The instruction as written, lines joined.
    pub text: String,
    /// What it says.
    pub kind: Kind,
}

/// What an instruction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `FROM`: begins a stage.
    From(From),
    /// `ARG`: declares build arguments.
    Arg(Vec<Argument>),
    /// `ENV`: names and values.
    Env(Vec<(Word, Word)>),
    /// `LABEL`: names and values.
    Label(Vec<(Word, Word)>),
    /// `COPY` and `ADD`.
    Copy(Box<Copy>),
    /// `WORKDIR`.
    Workdir(Word),
    /// `USER`.
    User(Word),
    /// `EXPOSE`: ports, ranges, with or without protocol.
    Expose(Vec<Word>),
    /// `VOLUME`: paths.
    Volume(Vec<Word>),
    /// `CMD`.
    Cmd(Command),
    /// `ENTRYPOINT`.
    Entrypoint(Command),
    /// `SHELL`.
    Shell(Vec<String>),
    /// `STOPSIGNAL`.
    StopSignal(Word),
    /// `HEALTHCHECK`.
    Healthcheck(Healthcheck),
    /// `MAINTAINER`.
    Maintainer(String),
    /// `RUN`: only that it is there, since no builder here runs commands.
    Run,
    /// `ONBUILD`.
    OnBuild(OnBuild),
}

/// The words of `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// `--platform`.
    pub platform: Option<Word>,
    /// An image, an earlier stage or `scratch`.
    pub image: Word,
    /// The name after `AS`, in lower case.
    pub name: Option<String>,
}

/// One declaration of `ARG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The name.
    pub name: Word,
    /// The value when the build gives none.
    pub default: Option<Word>,
}

/// The words of `COPY` and `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Whether it is `ADD`, which unpacks archives.
    pub is_add: bool,
    /// `--from`: a stage or an image; the context when absent.
    pub from: Option<Word>,
    /// `--chown`.
    pub owner: Option<Word>,
    /// `--chmod`.
    pub mode: Option<Word>,
    /// `--exclude`: patterns of what is left out, relative to each source.
    pub exclude: Vec<Word>,
    /// `--link`: copied as if the image were empty, so that no link of it is followed.
    pub link: bool,
    /// `--parents`: sources keep the folders that they are in.
    pub parents: bool,
    /// `--unpack`: whether archives are unpacked. Without it, those of the context are and those from elsewhere are not.
    pub unpack: Option<bool>,
    /// `--keep-git-dir`: a git repository is copied with its `.git`.
    pub keep_git_folder: bool,
    /// `--checksum`: what must come from elsewhere.
    pub checksum: Option<Word>,
    /// What is copied.
    pub sources: Vec<Source>,
    /// Where to.
    pub destination: Word,
}

/// The words of `ONBUILD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnBuild {
    /// The instruction as images keep it.
    pub text: String,
    /// What builds that start from this image do first.
    pub instruction: Box<Instruction>,
}

/// One source of `COPY` or `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A path or a pattern of paths.
    Path(Word),
    /// A file that stands in the Dockerfile, with its content read.
    Inline(HereDocument, Template),
}

/// A command, in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program and its arguments.
    Exec(Vec<String>),
    /// A line for the shell.
    Shell(String),
}

/// The words of `HEALTHCHECK`. Durations are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`.
    None,
    /// `HEALTHCHECK CMD`.
    Cmd {
        /// The command.
        command: Command,
        /// The durations that were given, by their names in the image's configuration.
        durations: Vec<(&'static str, i64)>,
        /// `--retries`.
        retries: Option<u32>,
    },
}

impl Kind {
    /// The instruction's keyword.
    #[must_use]
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::From(_) => "FROM",
            Self::Arg(_) => "ARG",
            Self::Env(_) => "ENV",
            Self::Label(_) => "LABEL",
            Self::Copy(copy) if copy.is_add => "ADD",
            Self::Copy(_) => "COPY",
            Self::Workdir(_) => "WORKDIR",
            Self::User(_) => "USER",
            Self::Expose(_) => "EXPOSE",
            Self::Volume(_) => "VOLUME",
            Self::Cmd(_) => "CMD",
            Self::Entrypoint(_) => "ENTRYPOINT",
            Self::Shell(_) => "SHELL",
            Self::StopSignal(_) => "STOPSIGNAL",
            Self::Healthcheck(_) => "HEALTHCHECK",
            Self::Maintainer(_) => "MAINTAINER",
            Self::Run => "RUN",
            Self::OnBuild(_) => "ONBUILD",
        }
    }
}
