//! Which stages a build needs, and what in them cannot be built: found before anything is built, and again when base images
//! have brought their ONBUILD instructions.

use super::{
    instruction::{Instruction, Kind},
    problem::Problem,
    stages::{Base, Origin, Plan},
};

/// Marks the target and everything it reads. Answers what cannot be built of it.
pub(super) fn mark(plan: &mut Plan) -> Vec<Problem> {
    if plan.stages.is_empty() {
        return Vec::new();
    }
    for stage in &mut plan.stages {
        (stage.needed, stage.in_image) = (false, false);
    }
    mark_image(plan);
    let mut problems = Vec::new();
    let mut open = vec![plan.target];
    while let Some(index) = open.pop() {
        if std::mem::replace(&mut plan.stages[index].needed, true) {
            continue;
        }
        let stage = &plan.stages[index];
        if let Base::Stage(earlier) = stage.base {
            open.push(earlier);
        }
        for instruction in stage.all() {
            problems.extend(unsupported(instruction));
            if let Kind::Copy(copy) = &instruction.kind {
                match plan.origin(index, copy) {
                    Ok(Origin::Stage(earlier)) => open.push(earlier),
                    Ok(Origin::Context | Origin::Image(_)) => {}
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    problems
}

/// Marks the stages whose layers are layers of the image.
fn mark_image(plan: &mut Plan) {
    let mut stage = plan.target;
    loop {
        plan.stages[stage].in_image = true;
        match plan.stages[stage].base {
            Base::Stage(earlier) => stage = earlier,
            Base::Scratch | Base::Image(_) => return,
        }
    }
}

/// What the embedded builder cannot do.
fn unsupported(instruction: &Instruction) -> Option<Problem> {
    matches!(instruction.kind, Kind::Run).then(|| {
        let shown: String = instruction.text.chars().take(100).collect();
        let message = format!("the embedded builder runs no commands, so it cannot do `{shown}`");
        Problem::for_engine(instruction.at, &message)
    })
}
