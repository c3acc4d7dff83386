//! From the instructions of a Dockerfile to its stages: the global arguments, what each stage starts from, the target.

use std::{collections::BTreeMap, path::Path};

use plimsoll_core::ports::Platform;

use super::{
    instruction::{From, Instruction, Kind, Word},
    problem::{Position, Problem},
    stages::{Base, Plan, Stage, find_stage, shown},
};

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

/// Whether an argument needs no declaration (Dockerfile reference, "Predefined ARGs"); upper and lower case count.
pub(super) fn is_predefined(name: &str) -> bool {
    ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"]
        .iter()
        .any(|predefined| name == *predefined || name == predefined.to_ascii_lowercase())
}

/// Reads stage by stage.
pub(super) struct Planner<'a> {
    pub(super) plan: Plan,
    arguments: &'a BTreeMap<String, String>,
    platform: &'a Platform,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        dockerfile: &Path,
        arguments: &'a BTreeMap<String, String>,
        platform: &'a Platform,
    ) -> Self {
        let plan = Plan {
            dockerfile: dockerfile.to_owned(),
            platform: platform.clone(),
            stages: Vec::new(),
            target: 0,
            globals: standard(platform),
            warnings: Vec::new(),
        };
        Self { plan, arguments, platform, problems: Vec::new() }
    }

    /// Takes the next instruction of the file.
    pub(super) fn take(&mut self, instruction: Instruction) {
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
        let triggers = match base {
            Base::Stage(earlier) => self.plan.stages[earlier].triggers_for_others(),
            // Those of an image are known when it is there.
            Base::Scratch | Base::Image(_) => Vec::new(),
        };
        Ok(Stage {
            name: from.name.clone(),
            at,
            base,
            platform,
            triggers,
            instructions: Vec::new(),
            needed: false,
            in_image: false,
        })
    }

    /// Finds the stage that is to be built.
    pub(super) fn choose_target(&mut self, target: Option<&str>) {
        if self.plan.stages.is_empty() {
            return;
        }
        let last = self.plan.stages.len() - 1;
        self.plan.target = match target {
            None => last,
            Some(name) => {
                if let Some(found) = find_stage(&self.plan.stages, name) {
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
    }
}
