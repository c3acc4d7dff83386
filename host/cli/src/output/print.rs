//! Printing that never panics: a reader that leaves early is no fault, and a disk that is full is told at the end.

use std::{
    fmt,
    io::{self, Write as _},
    sync::OnceLock,
};

/// Why standard output took no more, if it did not.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line to standard output.
macro_rules! say {
    ($($words:tt)*) => { $crate::output::line(format_args!($($words)*)) };
}

/// Prints a line to standard error.
macro_rules! tell {
    ($($words:tt)*) => { $crate::output::note(format_args!($($words)*)) };
}

/// Prints a line to standard output; after the first failure nothing more.
pub(crate) fn line(words: fmt::Arguments<'_>) {
    if LOST.get().is_some() {
        return;
    }
    if let Err(error) = writeln!(anstream::stdout(), "{words}") {
        // Somebody else's failure was the first then, and is told.
        let _ = LOST.set(error);
    }
}

/// Prints a line to standard error. Where that fails there is nobody left to tell.
pub(crate) fn note(words: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{words}");
}

/// Why the result did not arrive, if it did not. A reader that left has seen what it wanted.
pub(crate) fn lost() -> Option<&'static io::Error> {
    let _ = anstream::stdout().flush().map_err(|error| LOST.set(error));
    LOST.get().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
}
