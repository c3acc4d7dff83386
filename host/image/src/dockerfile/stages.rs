//! The stages of a Dockerfile and which of them a build needs. Everything that cannot be built is found here, before
//! anything is fetched or built.

use std::{collections::BTreeMap, path::Path};

use plimsoll_core::{ports::Platform, reference::ImageReference};

use super::{
    Dockerfile,
    instruction::{Copy, From, Instruction, Kind, Source, Word},
    problem::{Position, Problem, Problems},
};

/// What is to be built of a Dockerfile.
#[derive(Debug)]
pub(crate) struct Plan {
    /// All stages, in the order of the file.
    pub(crate) stages: Vec<Stage>,
    /// The stage that becomes the image.
    pub(crate) target: usize,
    /// The values of the arguments declared before the first FROM, and of those that are always there.
    pub(crate) globals: BTreeMap<String, String>,
    /// What people should know though nothing is wrong.
    pub(crate) warnings: Vec<String>,
}

/// One stage.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Its name, in lower case.
    pub(crate) name: Option<String>,
    /// What it starts from.
    pub(crate) base: Base,
    /// What it runs on.
    pub(crate) platform: Platform,
    /// Its instructions without FROM.
    pub(crate) instructions: Vec<Instruction>,
    /// Whether the target needs it at all.
    pub(crate) needed: bool,
    /// Whether its layers are layers of the target: the target itself and the stages that it starts from.
    pub(crate) in_image: bool,
}

/// What a stage starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// Nothing.
    Scratch,
    /// An image of a registry.
    Image(ImageReference),
    /// An earlier stage.
    Stage(usize),
}

/// What COPY reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The build context.
    Context,
    /// An earlier stage.
    Stage(usize),
    /// An image of a registry.
    Image(ImageReference),
}

impl Plan {
    /// Plans the build of a target, the last stage when none is named.
    ///
    /// # Errors
    /// A base or the target does not exist, or a stage that is needed holds what cannot be built.
    pub(crate) fn new(
        dockerfile: Dockerfile,
        path: &Path,
        arguments: &BTreeMap<String, String>,
        target: Option<&str>,
        platform: &Platform,
    ) -> Result<Self, Problems> {
        let mut planner = Planner {
            plan: Self { stages: vec![], target: 0, globals: standard(platform), warnings: vec![] },
            arguments,
            platform,
            problems: vec![],
        };
        for instruction in dockerfile.instructions {
            planner.take(instruction);
        }
        planner.choose_target(target);
        planner.check_unused();
        if planner.problems.is_empty() {
            Ok(planner.plan)
        } else {
            Err(Problems::new(path, planner.problems))
        }
    }

    /// What `COPY --from` in a stage means.
    pub(crate) fn origin(&self, stage: usize, copy: &Copy) -> Result<Origin, Problem> {
        copy.from.as_ref().map_or(Ok(Origin::Context), |from| find_origin(&self.stages, stage, from))
    }

    /// Every image that the build reads, with the platform it is wanted for.
    pub(crate) fn images(&self) -> Vec<(ImageReference, Platform)> {
        let mut images = Vec::new();
        for (index, stage) in self.stages.iter().enumerate().filter(|(_, stage)| stage.needed) {
            if let Base::Image(reference) = &stage.base {
                images.push((reference.clone(), stage.platform.clone()));
            }
            for instruction in &stage.instructions {
                if let Kind::Copy(copy) = &instruction.kind
                    && let Ok(Origin::Image(reference)) = self.origin(index, copy)
                {
                    images.push((reference, stage.platform.clone()));
                }
            }
        }
        images.sort();
        images.dedup();
        images
    }
}

/// The arguments that exist without being declared in the global scope.
fn standard(target: &Platform) -> BTreeMap<String, String> {
    let architecture = match std::env::consts::ARCH {
        "x86" => "386",
        other => other,
    };
    let here = Platform::new("linux", architecture, None);
    let mut values = BTreeMap::new();
    for (prefix, platform) in [("TARGET", target), ("BUILD", &here)] {
        values.insert(format!("{prefix}PLATFORM"), platform.to_string());
        values.insert(format!("{prefix}OS"), platform.os().to_owned());
        values.insert(format!("{prefix}ARCH"), platform.architecture().to_owned());
        values.insert(format!("{prefix}VARIANT"), platform.variant().unwrap_or_default().to_owned());
    }
    values
}

struct Planner<'a> {
    plan: Plan,
    arguments: &'a BTreeMap<String, String>,
    platform: &'a Platform,
    problems: Vec<Problem>,
}

impl Planner<'_> {
    fn take(&mut self, instruction: Instruction) {
        match (&instruction.kind, self.plan.stages.last_mut()) {
            (Kind::From(from), _) => match self.begin_stage(from, instruction.at) {
                Ok(stage) => self.plan.stages.push(stage),
                Err(problem) => self.problems.push(problem),
            },
            (_, Some(stage)) => stage.instructions.push(instruction),
            (Kind::Arg(arguments), None) => {
                for argument in arguments {
                    self.declare(&argument.name.text, argument.default.as_ref());
                }
            }
            // Before the first FROM only ARG passes the parser; what is here follows a FROM that is wrong itself.
            (_, None) => {}
        }
    }

    fn declare(&mut self, name: &str, default: Option<&Word>) {
        let value = match (self.arguments.get(name), default) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => match self.expand(default) {
                Ok(value) => value,
                Err(problem) => return self.problems.push(problem),
            },
            (None, None) => return,
        };
        self.plan.globals.insert(name.to_owned(), value);
    }

    fn expand(&self, word: &Word) -> Result<String, Problem> {
        word.template
            .expand(&|name| self.plan.globals.get(name).cloned())
            .map_err(|message| Problem::new(word.at, message))
    }

    fn begin_stage(&mut self, from: &From, at: Position) -> Result<Stage, Problem> {
        let platform = match &from.platform {
            None => self.platform.clone(),
            Some(word) => {
                self.expand(word)?.parse().map_err(|error| Problem::new(word.at, format!("{error}")))?
            }
        };
        let image = self.expand(&from.image)?;
        let base = if image.is_empty() {
            let message =
                format!("the base `{}` is empty: give the argument a default or a value", from.image.text);
            return Err(Problem::new(from.image.at, message));
        } else if image == "scratch" {
            Base::Scratch
        } else if let Some(earlier) = find_stage(&self.plan.stages, &image) {
            Base::Stage(earlier)
        } else {
            let reference = image.parse().map_err(|error| {
                Problem::new(from.image.at, format!("neither a stage nor an image: {error}"))
            })?;
            Base::Image(reference)
        };
        if let Some(name) = from.name.as_deref().filter(|name| find_stage(&self.plan.stages, name).is_some())
        {
            self.plan
                .warnings
                .push(format!("line {}: there is an earlier stage `{name}`; the later one counts", at.line));
        }
        let (name, instructions) = (from.name.clone(), Vec::new());
        Ok(Stage { name, base, platform, instructions, needed: false, in_image: false })
    }

    fn choose_target(&mut self, target: Option<&str>) {
        if self.plan.stages.is_empty() {
            return;
        }
        let last = self.plan.stages.len() - 1;
        self.plan.target = match target {
            None => last,
            Some(name) => {
                let number = name.parse().ok().filter(|number| *number <= last);
                if let Some(found) = find_stage(&self.plan.stages, name).or(number) {
                    found
                } else {
                    let names: Vec<_> =
                        self.plan.stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
                    let message =
                        format!("there is no stage `{name}` to build: the stages are {}", shown(&names));
                    return self.problems.push(Problem::new(Position { line: 1, column: 1 }, message));
                }
            }
        };
        let mut stage = self.plan.target;
        self.plan.stages[stage].in_image = true;
        while let Base::Stage(earlier) = self.plan.stages[stage].base {
            stage = earlier;
            self.plan.stages[stage].in_image = true;
        }
        self.require(self.plan.target);
    }

    /// Marks a stage and all it reads as needed and collects what cannot be built in them.
    fn require(&mut self, target: usize) {
        let mut open = vec![target];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut self.plan.stages[index].needed, true) {
                continue;
            }
            if let Base::Stage(earlier) = self.plan.stages[index].base {
                open.push(earlier);
            }
            let instructions = std::mem::take(&mut self.plan.stages[index].instructions);
            for instruction in &instructions {
                self.problems.extend(unsupported(instruction));
                if let Kind::Copy(copy) = &instruction.kind {
                    match self.plan.origin(index, copy) {
                        Ok(Origin::Stage(earlier)) => open.push(earlier),
                        Ok(_) => {}
                        Err(problem) => self.problems.push(problem),
                    }
                }
            }
            self.plan.stages[index].instructions = instructions;
        }
    }

    fn check_unused(&mut self) {
        let declared = |name: &str| {
            self.plan.globals.contains_key(name)
                || self.plan.stages.iter().flat_map(|stage| &stage.instructions).any(|instruction| {
                    matches!(&instruction.kind, Kind::Arg(list) if list.iter().any(|each| each.name.text == name))
                })
        };
        let unused: Vec<&str> =
            self.arguments.keys().map(String::as_str).filter(|name| !declared(name)).collect();
        if !unused.is_empty() {
            self.plan.warnings.push(format!("no ARG declares the build arguments {}", shown(&unused)));
        }
    }
}

/// Names for people.
fn shown(names: &[&str]) -> String {
    if names.is_empty() {
        return "without names".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The last stage of that name, in whatever case.
fn find_stage(stages: &[Stage], name: &str) -> Option<usize> {
    let lower = name.to_ascii_lowercase();
    stages.iter().rposition(|stage| stage.name.as_deref() == Some(&lower))
}

fn find_origin(stages: &[Stage], stage: usize, from: &Word) -> Result<Origin, Problem> {
    let problem = |message: String| Err(Problem::new(from.at, message));
    let name = from.text.as_str();
    if name.contains('$') {
        return problem(format!(
            "variables are not expanded in `--from={name}`: write `FROM {name} AS base` and `--from=base`"
        ));
    }
    if let Ok(number) = name.parse::<usize>() {
        return if number < stage {
            Ok(Origin::Stage(number))
        } else {
            problem(format!("`--from={name}` must name an earlier stage: this is stage {stage}"))
        };
    }
    if let Some(found) = find_stage(&stages[..stage], name) {
        return Ok(Origin::Stage(found));
    }
    if find_stage(stages, name).is_some() {
        return problem(format!(
            "`--from={name}` names this stage or a later one: only earlier stages can be read"
        ));
    }
    match name.parse() {
        Ok(reference) => Ok(Origin::Image(reference)),
        Err(error) => problem(format!("neither a stage nor an image: {error}")),
    }
}

/// What the embedded builder cannot do of an instruction.
fn unsupported(instruction: &Instruction) -> Vec<Problem> {
    let shown: String = instruction.text.chars().take(100).collect();
    match &instruction.kind {
        Kind::Run => {
            let message = format!("the embedded builder runs no commands, so it cannot do `{shown}`");
            vec![Problem::for_engine(instruction.at, &message)]
        }
        Kind::OnBuild => {
            let message = format!("the embedded builder does not support ONBUILD, in `{shown}`");
            vec![Problem::for_engine(instruction.at, &message)]
        }
        Kind::Copy(copy) => {
            let remote = copy.sources.iter().filter_map(|source| match source {
                Source::Path(word) if copy.is_add && is_remote(&word.text) => Some(Problem::for_engine(
                    word.at,
                    &format!("the embedded builder does not fetch `{}`", word.text),
                )),
                _ => None,
            });
            let flags = copy.unsupported.iter().map(|(at, message)| Problem::for_engine(*at, message));
            flags.chain(remote).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a source of ADD is fetched from elsewhere: a URL or a git repository.
pub(crate) fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|scheme| source.starts_with(scheme))
}
