//! Words of others, made fit for a terminal.

/// The longest line that is shown, in characters.
const LINE: usize = 400;

/// One line: control characters become spaces, colours go, what is too long ends in an ellipsis.
pub(super) fn line(text: &str) -> String {
    let mut line = String::new();
    let (mut characters, mut length) = (text.chars().peekable(), 0);
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            skip_sequence(&mut characters);
            continue;
        }
        if length == LINE {
            line.push('…');
            break;
        }
        line.push(if is_unfit(character) { ' ' } else { character });
        length += 1;
    }
    line.trim_end().to_owned()
}

/// The last lines of a text, each fit to be shown; empty ones are left out.
pub(super) fn last_lines(text: &str, count: usize) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(line).filter(|line| !line.is_empty()).collect();
    lines.drain(..lines.len().saturating_sub(count));
    lines
}

/// An error and its causes in one line. A cause that is already told is left out.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// Control characters, and those that reorder what stands around them.
fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Skips what follows an escape: `[`, parameters and a final letter, or one other character (ECMA-48, 5.4).
fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if characters.next_if_eq(&'[').is_some() {
        while characters.next_if(|next| !('@'..='~').contains(next) && !next.is_control()).is_some() {}
    }
    characters.next_if(|next| !next.is_control());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_drive_a_terminal_is_left_out() {
        let cases = [
            ("plain\n", "plain"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("a\u{1b}cb", "ab"),
            ("a\u{7}\rb\u{202e}c", "a  b c"),
            ("\u{1b}", ""),
            ("\u{1b}[12", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(line(text), expected, "{text:?}");
        }
        assert_eq!(line(&"ä".repeat(1000)).chars().count(), LINE + 1);
    }

    #[test]
    fn the_end_of_a_log_is_what_counts() {
        assert_eq!(last_lines("a\n\nb\r\nc\n", 2), ["b", "c"]);
        assert_eq!(last_lines("", 2), Vec::<String>::new());
    }
}
