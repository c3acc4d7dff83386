//! What an engine's program says, as people see it: line by line, without colours and secrets.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use plimsoll_core::ports::{Activity, Progress};

use crate::secrets::Secrets;

/// How many of the last lines an error shows.
const LAST_LINES: usize = 20;
/// The longest line that is shown, bytes.
const LONGEST_LINE: usize = 4096;

/// Passes lines on, and remembers the last ones.
pub(crate) struct Console<'a> {
    progress: &'a dyn Progress,
    secrets: &'a Secrets,
    last: Mutex<VecDeque<String>>,
}

impl<'a> Console<'a> {
    pub(crate) fn new(progress: &'a dyn Progress, secrets: &'a Secrets) -> Self {
        Self { progress, secrets, last: Mutex::default() }
    }

    /// A line that belongs to what is going on.
    pub(crate) fn line(&self, line: &str) {
        if let Some(line) = self.shown(line) {
            self.progress.activity(Activity::Line(&line));
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
    }

    /// Something that people should know.
    pub(crate) fn warning(&self, warning: &str) {
        if let Some(warning) = self.shown(warning) {
            self.progress.activity(Activity::Warning(&warning));
        }
    }

    /// A transfer advanced.
    pub(crate) fn transfer(&self, what: &str, done: u64, total: u64) {
        self.progress.activity(Activity::Transfer { what, done, total });
    }

    /// The last lines.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Lines of an outside stream, of which each may be as long as is needed to find secrets in it.
    pub(crate) fn lines(&self) -> Lines {
        Lines::new(LONGEST_LINE + self.secrets.longest())
    }

    /// The line as it is shown; nothing when it is empty. Secrets are hidden before it is cut.
    fn shown(&self, line: &str) -> Option<String> {
        let longest = self.secrets.longest();
        let was_cut = line.len() >= LONGEST_LINE + longest;
        let mut line = self.secrets.hide(&uncoloured(line));
        if was_cut {
            // Its end may be the beginning of a secret.
            line.truncate(line.floor_char_boundary(line.len().saturating_sub(longest)));
        }
        if line.len() > LONGEST_LINE {
            line.truncate(line.floor_char_boundary(LONGEST_LINE));
            line.push('…');
        }
        let line = line.trim_end();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

/// Cuts a stream into lines. What is too long is cut off, which takes little room.
#[derive(Debug)]
pub(crate) struct Lines {
    open: Vec<u8>,
    most: usize,
}

impl Lines {
    /// Lines of up to `most` bytes.
    pub(crate) const fn new(most: usize) -> Self {
        Self { open: Vec::new(), most }
    }

    /// Takes in what comes next, and says each line that is complete.
    pub(crate) fn push(&mut self, bytes: &[u8], mut say: impl FnMut(&str)) {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        self.extend(parts.next().unwrap_or_default());
        for part in parts {
            self.end(&mut say);
            self.extend(part);
        }
    }

    /// Says what has no end.
    pub(crate) fn end(&mut self, mut say: impl FnMut(&str)) {
        if !self.open.is_empty() {
            say(&String::from_utf8_lossy(&self.open));
            self.open.clear();
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = self.most - self.open.len();
        self.open.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// A text without terminal control sequences (ECMA-48, section 5.4) and other control characters.
pub(crate) fn uncoloured(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                if characters.next() == Some('[') {
                    // The final byte of a control sequence.
                    characters.by_ref().find(|character| ('\u{40}'..='\u{7e}').contains(character));
                }
            }
            '\t' => plain.push(' '),
            character if character.is_control() => {}
            character => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{BuildSecret, SecretSource};

    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);

    impl Progress for Seen {
        fn activity(&self, activity: Activity<'_>) {
            if let Activity::Line(line) | Activity::Warning(line) = activity {
                self.0.lock().unwrap().push(line.to_owned());
            }
        }
    }

    #[test]
    fn a_secret_is_hidden_wherever_a_line_is_cut_and_a_chunk_ends() {
        let source = SecretSource::Variable { name: "T".to_owned(), value: Some("S3CR3T-TOKEN".into()) };
        let secrets = Secrets::read(&[BuildSecret { name: "t".to_owned(), source }]).unwrap();
        for before in LONGEST_LINE - 20..LONGEST_LINE + 20 {
            let seen = Seen::default();
            let console = Console::new(&seen, &secrets);
            let text =
                format!("{}S3CR3T-TOKEN{}\nS3C\u{1b}[1mR3T-TOKEN", "x".repeat(before), "y".repeat(9000));
            let mut lines = console.lines();
            for chunk in text.as_bytes().chunks(7) {
                lines.push(chunk, |line| console.line(line));
            }
            lines.end(|line| console.line(line));
            let shown = seen.0.lock().unwrap().join("\n");
            assert!(!shown.contains("S3C"), "{before}: {}", &shown[shown.len() - 60..]);
            assert_eq!(console.last_lines().len(), 2);
        }
    }

    #[test]
    fn a_secret_is_hidden_whose_characters_are_not_shown() {
        for value in ["S3C\tR3T", "S3C\u{7}R3T", "S3C\u{1b}[1mR3T", "S3C\tR3T\nfour S3C\rS3C"] {
            let source = SecretSource::Variable { name: "T".to_owned(), value: Some(value.into()) };
            let secrets = Secrets::read(&[BuildSecret { name: "t".to_owned(), source }]).unwrap();
            let seen = Seen::default();
            let console = Console::new(&seen, &secrets);
            value.lines().for_each(|line| console.line(&format!("it is {line}!")));
            let shown = seen.0.lock().unwrap().join("\n");
            assert!(!shown.contains("S3C"), "{shown}");
        }
    }

    #[test]
    fn colours_and_controls_are_left_out() {
        assert_eq!(uncoloured("\u{1b}[1;31mred\u{1b}[0m\ttext\r\u{7}"), "red text");
    }
}
