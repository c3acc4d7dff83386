//! The end of what a program says.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::text;

/// How many lines are kept.
const LINES: usize = 10;
/// The longest line that is kept, bytes; what is longer is cut.
const LONGEST_LINE: usize = 4096;

/// The last lines of a stream, fit for people.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
    open: Vec<u8>,
}

impl Tail {
    /// Takes in what comes next, and says each line as soon as it is complete.
    fn push(&mut self, bytes: &[u8], mut say: impl FnMut(&str)) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line(&mut say);
            } else if self.open.len() < LONGEST_LINE {
                self.open.push(*byte);
            }
        }
    }

    fn end_line(&mut self, say: &mut impl FnMut(&str)) {
        let line = text::uncoloured(&String::from_utf8_lossy(&self.open));
        let line = text::line(&line, LONGEST_LINE);
        self.open.clear();
        if line.is_empty() {
            return;
        }
        say(&line);
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Follows a stream to its end.
    pub(crate) async fn follow(&mut self, mut stream: impl AsyncRead + Unpin, mut say: impl FnMut(&str)) {
        let mut bytes = vec![0; 8192];
        // A stream that cannot be read any more has ended.
        while let Ok(count @ 1..) = stream.read(&mut bytes).await {
            self.push(&bytes[..count], &mut say);
        }
        self.end_line(&mut say);
    }

    /// The lines, ` | ` between. The newest ones stay whole where not all fit into `longest` characters.
    pub(crate) fn joined(&self, longest: usize) -> String {
        let mut joined = String::new();
        for line in self.lines.iter().rev() {
            let next = if joined.is_empty() { line.clone() } else { format!("{line} | {joined}") };
            if next.chars().count() > longest {
                break;
            }
            joined = next;
        }
        match self.lines.back() {
            Some(last) if joined.is_empty() => text::line(last, longest),
            _ => joined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_stay() {
        let mut tail = Tail::default();
        let mut said = 0;
        tail.push((0..99).map(|line| format!("line {line}\r\n\n")).collect::<String>().as_bytes(), |_| {
            said += 1;
        });
        assert_eq!(said, 99);
        assert_eq!(tail.lines.len(), LINES);
        assert_eq!(tail.joined(19), "line 97 | line 98");
        assert_eq!(tail.joined(5), "line…");
    }

    #[test]
    fn an_endless_line_takes_little_room() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.push(&[b'x'; 1000], |_| {});
        }
        assert_eq!(tail.open.len(), LONGEST_LINE);
    }
}
