//! Who watches a release: the terminal, and whoever the configuration wants to be told.

use std::time::Duration;

use plimsoll_app::notifications::Notifier;
use plimsoll_core::{
    fact::Entry,
    ports::{Activity, Progress},
    release::Step,
};

use super::progress::ProgressDisplay;

/// How long the end of a command waits for notifications.
const LONGEST: Duration = Duration::from_secs(10);

/// The terminal and the notifications.
pub(crate) struct Watch {
    display: ProgressDisplay,
    notifier: Option<Notifier>,
}

impl Watch {
    pub(crate) fn new(display: ProgressDisplay, notifier: Option<Notifier>) -> Self {
        Self { display, notifier }
    }

    /// Gives notifications a last chance, and says which were not delivered.
    pub(crate) async fn finish(self) {
        let Some(notifier) = &self.notifier else { return };
        for warning in notifier.finish(LONGEST).await {
            self.display.activity(Activity::Warning(&warning));
        }
    }
}

impl Progress for Watch {
    fn known(&self, entries: &[Entry]) {
        self.notifier.iter().for_each(|notifier| notifier.known(entries));
    }

    fn starting(&self, step: &Step) {
        self.display.starting(step);
    }

    fn performed(&self, step: &Step) {
        self.display.performed(step);
    }

    fn recorded(&self, entry: &Entry) {
        self.display.recorded(entry);
        self.notifier.iter().for_each(|notifier| notifier.recorded(entry));
    }

    fn activity(&self, activity: Activity<'_>) {
        self.display.activity(activity);
    }
}
