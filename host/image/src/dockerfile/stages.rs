//! The stages of a Dockerfile, and what their names mean.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use plimsoll_core::{ports::Platform, reference::ImageReference};

use super::{
    Dockerfile,
    instruction::{Copy, Instruction, Kind, Word},
    needs, parse,
    planner::Planner,
    problem::{Position, Problem, Problems},
    warnings,
};

/// What is to be built of a Dockerfile.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The Dockerfile, for messages.
    pub(crate) dockerfile: PathBuf,
    /// What the image runs on.
    pub(crate) platform: Platform,
    /// All stages, in the order of the file.
    pub(crate) stages: Vec<Stage>,
    /// The stage that becomes the image.
    pub(crate) target: usize,
    /// The values of the arguments declared before the first FROM, and of those that are always there.
    pub(crate) globals: BTreeMap<String, String>,
    /// What people should know about its stages though nothing is wrong.
    pub(super) warnings: Vec<String>,
}

/// One stage.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Its name, in lower case.
    pub(crate) name: Option<String>,
    /// Where it begins.
    pub(crate) at: Position,
    /// What it starts from.
    pub(crate) base: Base,
    /// What it runs on.
    pub(crate) platform: Platform,
    /// What its base makes it do first: the base's ONBUILD instructions.
    pub(crate) triggers: Vec<Instruction>,
    /// Its own instructions without FROM.
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

impl Stage {
    /// Everything that it does, in its order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Instruction> {
        self.triggers.iter().chain(&self.instructions)
    }

    /// What it makes stages do that start from it.
    pub(super) fn triggers_for_others(&self) -> Vec<Instruction> {
        let triggers = self.instructions.iter().filter_map(|instruction| match &instruction.kind {
            Kind::OnBuild(trigger) => Some((*trigger.instruction).clone()),
            _ => None,
        });
        triggers.collect()
    }
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
        let mut planner = Planner::new(path, arguments, platform);
        for instruction in dockerfile.instructions {
            planner.take(instruction);
        }
        planner.choose_target(target);
        let Planner { mut plan, mut problems, .. } = planner;
        problems.extend(needs::mark(&mut plan));
        plan.complete(problems)
    }

    /// Adds what an image makes builds do that start from it, its ONBUILD instructions, to every stage that does.
    ///
    /// # Errors
    /// They cannot be read, or a stage that is needed now holds what cannot be built.
    pub(crate) fn add_triggers(
        mut self,
        image: &(ImageReference, Platform),
        texts: &[String],
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        for stage in &mut self.stages {
            if stage.base != Base::Image(image.0.clone()) || stage.platform != image.1 {
                continue;
            }
            stage.triggers.clear();
            for text in texts {
                match parse::parse_trigger(text, stage.at) {
                    Ok(trigger) => stage.triggers.push(trigger),
                    Err(wrong) if stage.needed => {
                        problems.extend(wrong.into_iter().map(|problem| of_trigger(problem, &image.0, text)));
                    }
                    Err(_) => {}
                }
            }
        }
        problems.extend(needs::mark(&mut self));
        self.complete(problems)
    }

    fn complete(self, problems: Vec<Problem>) -> Result<Self, Problems> {
        if problems.is_empty() { Ok(self) } else { Err(Problems::new(&self.dockerfile, problems)) }
    }

    /// What people should know though nothing is wrong.
    pub(crate) fn warnings(&self, arguments: &BTreeMap<String, String>) -> Vec<String> {
        [self.warnings.clone(), warnings::warnings(self, arguments)].concat()
    }

    /// What `COPY --from` in a stage means.
    pub(crate) fn origin(&self, stage: usize, copy: &Copy) -> Result<Origin, Problem> {
        copy.from.as_ref().map_or(Ok(Origin::Context), |from| find_origin(&self.stages, stage, from))
    }

    /// The first `--from` that names an image which no stage starts from.
    pub(crate) fn copied_image(&self, image: &ImageReference) -> Option<&Word> {
        let is_it = |base: &Base| matches!(base, Base::Image(reference) if reference == image);
        let needed = || self.stages.iter().enumerate().filter(|(_, stage)| stage.needed);
        if needed().any(|(_, stage)| is_it(&stage.base)) {
            return None;
        }
        let instructions = needed().flat_map(|(index, stage)| stage.all().map(move |each| (index, each)));
        let mut named = instructions.filter_map(|(index, instruction)| match &instruction.kind {
            Kind::Copy(copy) => match self.origin(index, copy) {
                Ok(Origin::Image(reference)) if reference == *image => copy.from.as_ref(),
                _ => None,
            },
            _ => None,
        });
        named.next()
    }

    /// Every image that the build reads, with the platform it is wanted for.
    pub(crate) fn images(&self) -> Vec<(ImageReference, Platform)> {
        let mut images = Vec::new();
        for (index, stage) in self.stages.iter().enumerate().filter(|(_, stage)| stage.needed) {
            if let Base::Image(reference) = &stage.base {
                images.push((reference.clone(), stage.platform.clone()));
            }
            for instruction in stage.all() {
                if let Kind::Copy(copy) = &instruction.kind
                    && let Ok(Origin::Image(reference)) = self.origin(index, copy)
                {
                    images.push((reference, self.platform.clone()));
                }
            }
        }
        images.sort();
        images.dedup();
        images
    }
}

/// Names for people.
pub(super) fn shown(names: &[&str]) -> String {
    if names.is_empty() {
        return "without names".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The last stage of that name, in whatever case.
pub(super) fn find_stage(stages: &[Stage], name: &str) -> Option<usize> {
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

/// A mistake in an instruction that a base image brings.
fn of_trigger(mut problem: Problem, image: &ImageReference, text: &str) -> Problem {
    problem.message = format!("the base image {image} brings `ONBUILD {text}`: {}", problem.message);
    problem
}
