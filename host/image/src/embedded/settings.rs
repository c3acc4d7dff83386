//! The instructions that change nothing but the image's configuration.

use serde_json::{Map, Value, json};

use super::stage::StageState;
use crate::dockerfile::{Argument, Command, Healthcheck, Kind, Problem, Word, is_signal, ports};

/// The shell of commands in shell form, unless SHELL says otherwise.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// Carries out an instruction that only sets something; others are left alone.
pub(super) fn apply(
    kind: &Kind,
    state: &mut StageState,
    given: &dyn Fn(&str) -> Given,
) -> Result<(), Problem> {
    match kind {
        Kind::Arg(arguments) => arguments.iter().try_for_each(|each| declare(each, state, given))?,
        Kind::Env(pairs) => {
            for (name, value) in expand_pairs(pairs, state)? {
                state.set_env(&name, &value);
            }
        }
        Kind::Label(pairs) => {
            for (name, value) in expand_pairs(pairs, state)? {
                state.config.add("Labels", &name, value.into());
            }
        }
        Kind::User(user) => state.config.set("User", state.expand(user)?.into()),
        Kind::Expose(words) => expose(words, state)?,
        Kind::Volume(words) => {
            for word in words {
                let path = state.expand(word)?;
                if path.is_empty() {
                    return Err(Problem::new(word.at, "a volume needs a path"));
                }
                state.config.add("Volumes", &path, json!({}));
            }
        }
        Kind::Cmd(command) => {
            let command = in_exec_form(command, state);
            state.config.set("Cmd", command.into());
            state.has_command = true;
        }
        Kind::Entrypoint(command) => {
            let command = in_exec_form(command, state);
            state.config.set("Entrypoint", command.into());
            // A command of the base was meant for its own entry point.
            if !state.has_command {
                state.config.remove("Cmd");
            }
        }
        Kind::Shell(words) => state.config.set("Shell", words.clone().into()),
        Kind::StopSignal(word) => {
            let signal = state.expand(word)?;
            if !is_signal(&signal) {
                let message =
                    format!("`{signal}` is no signal: expected a name such as SIGTERM, or a number");
                return Err(Problem::new(word.at, message));
            }
            state.config.set("StopSignal", signal.into());
        }
        Kind::Healthcheck(check) => {
            let check = healthcheck(check);
            state.config.set("Healthcheck", check);
        }
        Kind::Maintainer(name) => state.config.set_author(name),
        Kind::OnBuild(trigger) => {
            let mut triggers = state.config.texts("OnBuild");
            triggers.push(trigger.text.clone());
            state.config.set("OnBuild", triggers.into());
        }
        Kind::From(_) | Kind::Copy(_) | Kind::Workdir(_) | Kind::Run => {}
    }
    Ok(())
}

/// What is known about an argument outside its stage.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// The value that the build was given.
    pub(super) value: Option<String>,
    /// The value of the global scope.
    pub(super) global: Option<String>,
}

fn declare(
    argument: &Argument,
    state: &mut StageState,
    given: &dyn Fn(&str) -> Given,
) -> Result<(), Problem> {
    let name = state.expand(&argument.name)?;
    let Given { value, global } = given(&name);
    let value = match (value, &argument.default) {
        (Some(value), _) => Some(value),
        (None, Some(default)) => Some(state.expand(default)?),
        (None, None) => global,
    };
    if let Some(value) = value {
        state.arguments.insert(name, value);
    }
    Ok(())
}

/// All words see the values from before the instruction.
fn expand_pairs(pairs: &[(Word, Word)], state: &StageState) -> Result<Vec<(String, String)>, Problem> {
    let mut expanded = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let text = state.expand(name)?;
        if text.is_empty() {
            return Err(Problem::new(name.at, format!("the name `{}` is empty", name.text)));
        }
        expanded.push((text, state.expand(value)?));
    }
    Ok(expanded)
}

fn expose(words: &[Word], state: &mut StageState) -> Result<(), Problem> {
    for word in words {
        // A variable may hold several ports.
        for port in state.expand(word)?.split_whitespace() {
            for port in ports(port).map_err(|message| Problem::new(word.at, message))? {
                state.config.add("ExposedPorts", &port, json!({}));
            }
        }
    }
    Ok(())
}

fn in_exec_form(command: &Command, state: &StageState) -> Vec<String> {
    match command {
        Command::Exec(words) => words.clone(),
        Command::Shell(line) => {
            let mut words = state.config.texts("Shell");
            if words.is_empty() {
                words = DEFAULT_SHELL.map(str::to_owned).to_vec();
            }
            words.push(line.clone());
            words
        }
    }
}

fn healthcheck(check: &Healthcheck) -> Value {
    match check {
        Healthcheck::None => json!({ "Test": ["NONE"] }),
        Healthcheck::Cmd { command, durations, retries } => {
            let test = match command {
                Command::Exec(words) => [vec!["CMD".to_owned()], words.clone()].concat(),
                Command::Shell(line) => vec!["CMD-SHELL".to_owned(), line.clone()],
            };
            let mut value = Map::from_iter([("Test".to_owned(), test.into())]);
            // Zero is what is inherited, and engines leave it out.
            let durations = durations.iter().filter(|(_, nanoseconds)| *nanoseconds != 0);
            value.extend(durations.map(|(name, nanoseconds)| ((*name).to_owned(), (*nanoseconds).into())));
            let retries = retries.filter(|retries| *retries != 0);
            value.extend(retries.map(|retries| ("Retries".to_owned(), retries.into())));
            Value::Object(value)
        }
    }
}
