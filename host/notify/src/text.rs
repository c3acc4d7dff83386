//! Text from the outside, made fit for one line.

/// One line without control characters, at most `longest` characters long. What is cut off leaves an ellipsis.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let plain = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut line: String = plain.take(longest + 1).collect();
    if line.chars().count() > longest {
        line.truncate(line.char_indices().nth(longest.saturating_sub(1)).map_or(0, |(index, _)| index));
        line.push('…');
    }
    line.trim().to_owned()
}
