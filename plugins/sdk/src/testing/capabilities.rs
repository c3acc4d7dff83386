//! A stand-in for the host's capabilities.

use std::{cell::RefCell, rc::Rc};

use crate::types::{Deployment, Label, Level, LookupFailure, PastRelease};

/// What answers the calls of [`capability`](crate::capability) in a native test. Implement what the policy asks for;
/// everything else says that it is unavailable, and log lines are dropped.
///
/// ```
/// use plimsoll_sdk::{LookupFailure, capability::registry, testing};
///
/// struct OneTag;
///
/// impl testing::Capabilities for OneTag {
///     fn tags(&self, _repository: &str) -> Result<Vec<String>, LookupFailure> {
///         Ok(vec!["latest".to_owned()])
///     }
/// }
///
/// let found = testing::with(OneTag, || registry::tags("ghcr.io/contoso/website"));
/// assert_eq!(found, Ok(vec!["latest".to_owned()]));
/// ```
pub trait Capabilities {
    /// Takes a log line.
    fn log(&self, level: Level, message: &str) {
        let _ = (level, message);
    }

    /// All tags of a repository.
    ///
    /// # Errors
    /// As the test wants it.
    fn tags(&self, repository: &str) -> Result<Vec<String>, LookupFailure> {
        no_answer(&format!("the tags of {repository}"))
    }

    /// The digest that a tag points to.
    ///
    /// # Errors
    /// As the test wants it.
    fn digest(&self, repository: &str, tag: &str) -> Result<Option<String>, LookupFailure> {
        no_answer(&format!("the digest of {repository}:{tag}"))
    }

    /// The labels of an image.
    ///
    /// # Errors
    /// As the test wants it.
    fn labels(&self, repository: &str, digest: &str) -> Result<Option<Vec<Label>>, LookupFailure> {
        no_answer(&format!("the labels of {repository}@{digest}"))
    }

    /// Earlier releases.
    ///
    /// # Errors
    /// As the test wants it.
    fn releases(&self, limit: u32) -> Result<Vec<PastRelease>, LookupFailure> {
        no_answer(&format!("the last {limit} releases"))
    }

    /// Deployments into an environment.
    ///
    /// # Errors
    /// As the test wants it.
    fn deployments(&self, environment: &str, limit: u32) -> Result<Vec<Deployment>, LookupFailure> {
        no_answer(&format!("the last {limit} deployments into {environment}"))
    }
}

fn no_answer<T>(what: &str) -> Result<T, LookupFailure> {
    Err(LookupFailure::Unavailable(format!("this test does not say {what}; answer it with `testing::with`")))
}

/// Answers nothing.
struct Nothing;

impl Capabilities for Nothing {}

thread_local! {
    static CURRENT: RefCell<Rc<dyn Capabilities>> = RefCell::new(Rc::new(Nothing));
}

/// Runs something while calls of capabilities on this thread are answered by a stand-in.
///
/// ```
/// use plimsoll_sdk::{Level, capability::log, testing};
/// use std::{cell::RefCell, rc::Rc};
///
/// #[derive(Clone, Default)]
/// struct Lines(Rc<RefCell<Vec<String>>>);
///
/// impl testing::Capabilities for Lines {
///     fn log(&self, _level: Level, message: &str) {
///         self.0.borrow_mut().push(message.to_owned());
///     }
/// }
///
/// let lines = Lines::default();
/// testing::with(lines.clone(), || log::write(Level::Info, "hello"));
/// assert_eq!(*lines.0.borrow(), ["hello"]);
/// ```
pub fn with<R>(capabilities: impl Capabilities + 'static, run: impl FnOnce() -> R) -> R {
    /// Puts the earlier stand-in back, also when the test panics.
    struct Restore(Rc<dyn Capabilities>);

    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(Rc::clone(&self.0));
        }
    }

    let _restore = Restore(CURRENT.replace(Rc::new(capabilities)));
    run()
}

/// What answers on this thread.
pub(crate) fn current() -> Rc<dyn Capabilities> {
    CURRENT.with_borrow(Rc::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{history, registry};

    struct Digest(&'static str);

    impl Capabilities for Digest {
        fn digest(&self, _: &str, _: &str) -> Result<Option<String>, LookupFailure> {
            Ok(Some(self.0.to_owned()))
        }
    }

    #[test]
    fn stand_ins_nest_and_end() {
        with(Digest("outer"), || {
            with(Digest("inner"), || assert_eq!(registry::digest("r", "t"), Ok(Some("inner".to_owned()))));
            assert_eq!(registry::digest("r", "t"), Ok(Some("outer".to_owned())));
            assert!(matches!(history::releases(3), Err(LookupFailure::Unavailable(_))));
        });
        assert!(matches!(registry::digest("r", "t"), Err(LookupFailure::Unavailable(_))));
    }
}
