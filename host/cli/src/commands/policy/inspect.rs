//! `plimsoll policy inspect`

mod settings;
mod signers;

use clap::Args;
use plimsoll_app::policies::{self, DESCRIPTION_SECTION, Found, Reading};
use plimsoll_core::{contract::Description, ports::FailureClass};
use serde_json::{Value, json};

use crate::{
    arguments::Format,
    failure::{Ending, Failure},
    output::{self, FAINT, PLAIN, STRONG, visible},
    session::Session,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct InspectArguments {
    /// The policy: stock:NAME, a file, or oci://REGISTRY/REPOSITORY with a tag, a digest or both.
    policy: String,
}

/// Reads a component and shows what it says; runs nothing of it.
pub(crate) fn run(session: &Session, arguments: &InspectArguments) -> Result<Ending, Failure> {
    let found = policies::find(&session.policy_source()?, &arguments.policy)?;
    let reading = Reading::of(&found.component);
    let signatures = match found.artifact {
        Some(artifact) => signers::find(session, &arguments.policy, artifact)?,
        None => None,
    };
    let shown = Shown { reference: &arguments.policy, found: &found, reading: &reading, signatures };
    match session.format {
        Format::Json => output::json(&shown.json())?,
        Format::Text => shown.print(),
    }
    match &reading.problem {
        None => Ok(Ending::Done),
        Some(problem) => Err(Failure::new(
            FailureClass::Policy,
            format!("{} cannot be used as a policy: {problem}", arguments.policy),
        )),
    }
}

/// A component that was read.
struct Shown<'a> {
    reference: &'a str,
    found: &'a Found,
    reading: &'a Reading,
    /// Absent: it is in no registry, or that could not be asked.
    signatures: Option<signers::Found>,
}

impl Shown<'_> {
    /// The questions that it answers, and what a binding of it looks like in `plimsoll.toml`, grants included.
    fn bindings(&self) -> Vec<(&'static str, String)> {
        let Reading { answers, wants, .. } = self.reading;
        let wanted: Vec<&str> = wants.iter().map(|capability| capability.name()).collect();
        // Both are texts and lists of texts, which JSON and TOML write alike.
        let (policy, grants) = (json!(self.reference), json!(wanted).to_string().replace(',', ", "));
        let grants = if wanted.is_empty() { String::new() } else { format!("grants = {grants}") };
        let lines = if grants.is_empty() { String::new() } else { format!("\n{grants}") };
        let inline = if grants.is_empty() { String::new() } else { format!(", {grants}") };
        let tagging = answers.tagging.then(|| ("tagging", format!("[tags]\npolicy = {policy}{lines}")));
        let promotion = answers
            .promotion
            .then(|| ("promotion", format!("promotion = [{{ policy = {policy}{inline} }}]")));
        tagging.into_iter().chain(promotion).collect()
    }

    fn print(&self) {
        let Reading { size, digest, contract, wants, description, .. } = self.reading;
        say!("{STRONG}{}{PLAIN}", visible(self.reference));
        if let Some(Description { name, version, summary, .. }) = description {
            row("name", name);
            row("version", version);
            row("summary", summary);
        }
        if let Some(contract) = contract {
            row("contract", &format!("plimsoll:policy {contract}"));
        }
        let bindings = self.bindings();
        let answers: Vec<&str> = bindings.iter().map(|(question, _)| *question).collect();
        if !answers.is_empty() {
            row("answers", &answers.join(", "));
        }
        for (index, capability) in wants.iter().enumerate() {
            let label = if index == 0 { "wants" } else { "" };
            row(label, &format!("{capability}: {}", capability.meaning()));
        }
        row("size", &format!("{size} bytes"));
        row("digest", &digest.to_string());
        if let Some(artifact) = &self.found.artifact {
            row("artifact", &artifact.to_string());
        }
        signers::print(self.signatures.as_ref());
        match description {
            Some(description) => settings::print(&description.settings_schema),
            None if self.reading.problem.is_none() => {
                row(
                    "described",
                    "no: it carries no description; `plimsoll policy build` writes one into what it builds",
                );
            }
            None => {}
        }
        if self.reading.problem.is_none() {
            say!("\nto use it, in plimsoll.toml:");
            for line in bindings.iter().flat_map(|(_, lines)| lines.lines()) {
                say!("    {}", visible(line));
            }
        }
    }

    fn json(&self) -> Value {
        let Reading { size, digest, contract, wants, imports, exports, description, problem, .. } =
            self.reading;
        let wants: Vec<Value> = wants
            .iter()
            .map(|capability| json!({ "capability": capability.name(), "meaning": capability.meaning() }))
            .collect();
        let described =
            description.as_ref().map(|Description { name, version, summary, settings_schema }| {
                let schema: Value = serde_json::from_str(settings_schema).unwrap_or_default();
                json!({ "name": name, "version": version, "summary": summary, "settings-schema": schema })
            });
        let bindings = self.bindings();
        let answers: Vec<&str> = bindings.iter().map(|(question, _)| *question).collect();
        let lines: serde_json::Map<String, Value> =
            bindings.iter().map(|(question, lines)| ((*question).to_owned(), json!(lines))).collect();
        json!({
            "policy": self.reference,
            "usable": problem.is_none(),
            "problem": problem.as_ref().map(ToString::to_string),
            "description": described,
            "section": described.is_some().then_some(DESCRIPTION_SECTION),
            "contract": contract,
            "answers": answers,
            "wants": wants,
            "configuration": lines,
            "size": size,
            "digest": digest,
            "artifact": self.found.artifact,
            "signatures": self.signatures.as_ref().map(signers::json),
            "imports": imports,
            "exports": exports,
        })
    }
}

/// Prints one property, below the others.
fn row(label: &str, value: &str) {
    say!("  {FAINT}{label:<9}{PLAIN}  {}", visible(value));
}
