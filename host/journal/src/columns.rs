//! The columns beside a fact's JSON text: what the journal is searched by.

use plimsoll_core::fact::Fact;

/// What is looked up of a fact.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns<'a> {
    /// Which kind of fact it is, as in its JSON text.
    pub(crate) kind: &'static str,
    /// The environment whose history the fact belongs to: deployments to it, what followed them, and what was done to it.
    pub(crate) environment: Option<&'a str>,
    /// The tag that was put on an image.
    pub(crate) tag: Option<&'a str>,
}

/// The name of the step that deploys, in facts of failure.
const DEPLOY: &str = "deploy";

impl<'a> Columns<'a> {
    /// The columns of a fact.
    pub(crate) fn of(fact: &'a Fact) -> Self {
        let (kind, environment, tag) = match fact {
            Fact::Opened(_) => ("opened", None, None),
            Fact::Resumed { .. } => ("resumed", None, None),
            Fact::TagsDerived { .. } => ("tags-derived", None, None),
            Fact::TagsShadowed { .. } => ("tags-shadowed", None, None),
            Fact::Built { .. } => ("built", None, None),
            Fact::Pushed { .. } => ("pushed", None, None),
            Fact::Attested { .. } => ("attested", None, None),
            Fact::Tagged { tag, .. } => ("tagged", None, Some(tag.as_str())),
            Fact::TagKept { .. } => ("tag-kept", None, None),
            Fact::Decided { .. } => ("decided", None, None),
            Fact::Shadowed { .. } => ("shadowed", None, None),
            Fact::Deployed { environment, .. } => ("deployed", Some(environment.as_str()), None),
            Fact::Superseded { environment, .. } => ("superseded", Some(environment.as_str()), None),
            Fact::Verified { environment, .. } => ("verified", Some(environment.as_str()), None),
            Fact::Requested { environment, .. } => ("requested", Some(environment.as_str()), None),
            Fact::Settled {} => ("settled", None, None),
            Fact::Approved { .. } => ("approved", None, None),
            Fact::EvidenceGiven { .. } => ("evidence-given", None, None),
            Fact::Rejected { environment, .. } => ("rejected", Some(environment.as_str()), None),
            Fact::HealthChanged { environment, .. } => ("health-changed", Some(environment.as_str()), None),
            Fact::EnvironmentHeld { environment, .. } => {
                ("environment-held", Some(environment.as_str()), None)
            }
            Fact::EnvironmentFreed { environment, .. } => {
                ("environment-freed", Some(environment.as_str()), None)
            }
            Fact::StepFailed { step, environment: Some(environment), .. } if step == DEPLOY => {
                ("step-failed", Some(environment.as_str()), None)
            }
            Fact::StepFailed { .. } => ("step-failed", None, None),
        };
        Self { kind, environment, tag }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{names::EnvironmentName, release::Step};

    use super::*;

    #[test]
    fn the_kind_is_the_one_in_the_text() {
        let fact = Fact::Resumed { waiting: false, unattested: false };
        let json = serde_json::to_value(&fact).unwrap();
        assert_eq!(json["fact"], Columns::of(&fact).kind);
    }

    #[test]
    fn only_failed_deployments_belong_to_an_environments_history() {
        let environment = EnvironmentName::new("staging").unwrap();
        let deploy = Step::Deploy(environment.clone());
        let decide = Step::Decide(environment.clone());
        let failed = |step: &Step| Fact::StepFailed {
            step: step.name().to_owned(),
            environment: step.environment().cloned(),
            message: "no".to_owned(),
            hint: None,
            aftermath: None,
        };
        assert_eq!(Columns::of(&failed(&deploy)).environment, Some("staging"));
        assert_eq!(Columns::of(&failed(&decide)).environment, None);
    }
}
