//! Text from the outside, made fit for one line of a terminal, a log or the journal.

/// The longest value of a check or a piece of evidence, characters.
pub(crate) const LONGEST_VALUE: usize = 1000;

/// One line without control characters, at most `longest` characters long. What is cut off leaves an ellipsis.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let spaced = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let shown = spaced.filter(|character| !steers(*character));
    let mut line: String = shown.take(longest + 1).collect();
    if line.chars().count() > longest {
        line.truncate(line.char_indices().nth(longest.saturating_sub(1)).map_or(0, |(index, _)| index));
        line.push('…');
    }
    line.trim().to_owned()
}

/// Characters that change the direction of the text around them (Unicode Standard Annex 9, explicit formatting).
fn steers(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// A line as programs colour it for terminals, without the colours: escape sequences (ECMA-48, CSI and OSC) are left out.
pub(crate) fn uncoloured(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('[') => {
                characters.find(|end| ('\u{40}'..='\u{7e}').contains(end));
            }
            Some(']') => {
                characters.find(|end| matches!(end, '\u{7}' | '\u{9c}' | '\u{5c}'));
            }
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        assert_eq!(line("a\tb\n::add-mask::c\u{202e}\u{9b}31m", 100), "a b ::add-mask::c 31m");
        assert_eq!(uncoloured("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}plain\u{1b}"), "red plain");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(line("ääää", 4), "ääää");
        assert_eq!(line("äääää", 4), "äää…");
        assert_eq!(line("abc", 1), "…");
    }
}
