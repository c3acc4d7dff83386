//! Asking a policy every case of a suite, with the sandbox that production has.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use plimsoll_core::{contract::SettingsProblem, ports::PortFailure};
use plimsoll_policy::{Binding, BoundPolicy, Grants, Policy, Recorded, SettingsError};
use serde_json::Value;

use super::{
    compare::compare,
    coverage::Coverage,
    default_request::default_request,
    expand::{Case, Suite},
    report::{CaseReport, Complaint, SuiteReport},
};
use crate::{
    question::{Asked, Question, Request, Undecided, ask},
    value::{merge, tell_times},
    view::{read_request, view},
};

/// How a suite is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Runs only cases whose name contains this.
    pub filter: Option<String>,
    /// How many are asked at once; as many as there are processors when absent.
    pub jobs: Option<NonZeroUsize>,
}

/// Why a suite was not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The policy was not bound.
    #[error(transparent)]
    Bind(#[from] plimsoll_policy::BindError),
    /// Nothing is left to run.
    #[error("no case has `{filter}` in its name")]
    NothingLeft {
        /// The filter.
        filter: String,
    },
}

impl From<RunError> for PortFailure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Bind(error) => Self::from(error),
            RunError::NothingLeft { .. } => Self::new(plimsoll_core::ports::FailureClass::User, error),
        }
    }
}

/// What a case came to before it is compared.
pub(super) enum Ran {
    /// The policy was asked.
    Asked(Box<Request>, Asked),
    /// The policy refuses the settings.
    SettingsRefused(Vec<SettingsProblem>),
    /// The case itself is at fault.
    Unasked(Complaint),
}

impl Suite {
    /// Asks a policy all cases.
    ///
    /// # Errors
    /// The policy wants what the suite does not grant.
    pub fn run(&self, policy: &Policy) -> Result<SuiteReport, RunError> {
        self.run_with(policy, &RunOptions::default())
    }

    /// Binds a policy with what the suite grants; look-ups are answered from records.
    ///
    /// # Errors
    /// The policy wants what the suite does not grant.
    pub fn bind(&self, policy: &Policy) -> Result<BoundPolicy, RunError> {
        let grants = Grants::none().recorded(&self.grants);
        Ok(policy.bind(Binding { grants, limits: self.limits })?)
    }

    /// Asks a policy the cases that the options leave.
    ///
    /// # Errors
    /// The policy wants what the suite does not grant, or no case is left.
    pub fn run_with(&self, policy: &Policy, options: &RunOptions) -> Result<SuiteReport, RunError> {
        let bound = self.bind(policy)?;
        let questions = Question::of(policy);
        let filter = options.filter.as_deref().unwrap_or_default();
        let cases: Vec<&Case> = self.cases.iter().filter(|case| case.name.contains(filter)).collect();
        if cases.is_empty() {
            return Err(RunError::NothingLeft { filter: filter.to_owned() });
        }
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut reports = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                reports.push((case.origin, self.report(&bound, &questions, case)));
            }
            reports
        };
        let jobs = options.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let mut reports = thread::scope(|scope| {
            let others: Vec<_> = (1..jobs.min(cases.len())).map(|_| scope.spawn(worker)).collect();
            let mut reports = worker();
            for other in others {
                match other.join() {
                    Ok(more) => reports.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            reports
        });
        let place = |origin| cases.iter().position(|case| case.origin == origin);
        reports.sort_by_key(|(origin, _)| place(*origin));
        let cases: Vec<CaseReport> = reports.into_iter().map(|(_, report)| report).collect();
        let coverage = Coverage::of(&cases, &self.coverage);
        Ok(SuiteReport { path: self.path.clone(), policy: policy.identity().clone(), cases, coverage })
    }

    fn report(&self, bound: &BoundPolicy, questions: &[Question], case: &Case) -> CaseReport {
        let mut complaints = Vec::new();
        let (answer, transcript, fuel) = match self.ask_case(bound, questions, case) {
            Ran::Asked(request, asked) => {
                complaints.extend(compare(&case.expect, &asked).into_iter().map(Complaint::Mismatch));
                complaints.extend(asked.unused.into_iter().map(Complaint::UnusedAnswer));
                let seen = view(&request, &asked.answer);
                for invariant in &self.invariants {
                    if invariant.question.is_some_and(|question| question != request.question()) {
                        continue;
                    }
                    if let Some(condition) = invariant.broken_by(&seen) {
                        complaints.push(Complaint::Invariant {
                            name: invariant.name.clone(),
                            condition: condition.clone(),
                        });
                    }
                }
                (Some(asked.answer), asked.transcript, asked.fuel)
            }
            Ran::SettingsRefused(problems) => {
                complaints.extend(super::compare::compare_settings(&case.expect, problems));
                (None, Vec::new(), 0)
            }
            Ran::Unasked(complaint) => {
                complaints.push(complaint);
                (None, Vec::new(), 0)
            }
        };
        CaseReport {
            name: case.name.clone(),
            line: case.line,
            origin: case.origin,
            answer,
            transcript,
            fuel,
            complaints,
        }
    }

    fn ask_case(&self, bound: &BoundPolicy, questions: &[Question], case: &Case) -> Ran {
        let request = match self.request(questions, case) {
            Ok(request) => request,
            Err(reason) => return Ran::Unasked(Complaint::Unasked(reason)),
        };
        match bound.check_settings(request.settings()) {
            Ok(()) => {}
            Err(SettingsError::Refused { problems }) => return Ran::SettingsRefused(problems),
            Err(unchecked) => return Ran::Unasked(Complaint::Unasked(unchecked.to_string())),
        }
        match ask(bound, &request, Recorded::new(case.capabilities.clone())) {
            Ok(asked) => Ran::Asked(Box::new(request), asked),
            Err(Undecided::NotRecorded(inquiry)) => Ran::Unasked(Complaint::NotRecorded(inquiry)),
            Err(error @ Undecided::OtherQuestion(_)) => Ran::Unasked(Complaint::Unasked(error.to_string())),
        }
    }

    /// The request of a case, whole: the default one with the case's parts over it.
    ///
    /// # Errors
    /// The case does not fit the contract, or does not say which question it is.
    pub fn request(&self, questions: &[Question], case: &Case) -> Result<Request, String> {
        let question = match (case.question, questions) {
            (Some(question), _) => question,
            (None, [question]) => *question,
            (None, _) => {
                return Err(
                    "the policy answers both questions: say `question = \"tagging\"` or `\"promotion\"`"
                        .to_owned(),
                );
            }
        };
        self.complete(question, &case.request, &case.settings)
    }

    /// A request of a question: the default one with a part over it.
    ///
    /// # Errors
    /// The part does not fit the contract.
    pub fn complete(
        &self,
        question: Question,
        part: &Value,
        settings: &serde_json::Map<String, Value>,
    ) -> Result<Request, String> {
        let mut request = default_request(question);
        merge(&mut request, part);
        tell_times(&mut request, &self.time_zone)?;
        request["settings"] = Value::Object(settings.clone()).to_string().into();
        let request = read_request(request)
            .map_err(|error| format!("the request is not in the form of the contract: {error}"))?;
        if request.question() != question {
            return Err(format!("the field `environment` is not part of a {} request", question.name()));
        }
        Ok(request)
    }
}
