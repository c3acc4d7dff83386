//! Output without what changes from run to run.

/// Replaces the given texts, digests, release ids, commit ids and durations.
pub(super) fn normalise(text: &str, placeholders: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in placeholders {
        text = text.replace(from, to);
    }
    let mut normal = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut inside_word = false;
    while let Some(next) = rest.chars().next() {
        let changing = if inside_word { None } else { changing(rest) };
        let (length, shown) = changing.unwrap_or((next.len_utf8(), &rest[..next.len_utf8()]));
        normal.push_str(shown);
        inside_word = next.is_alphanumeric() && changing.is_none();
        rest = &rest[length..];
    }
    normal
}

/// The length of something at the start of the text that changes from run to run, and what is shown instead.
fn changing(text: &str) -> Option<(usize, &'static str)> {
    let word = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if let Some(hex) = text.strip_prefix("sha256:").and_then(|rest| rest.get(..64)) {
        return is_hex(hex).then_some((7 + 64, "[DIGEST]"));
    }
    if let Some(hex) = text.strip_prefix("r-").and_then(|rest| rest.get(..12)) {
        return is_hex(hex).then_some((2 + 12, "[RELEASE]"));
    }
    if word == 40 && is_hex(&text[..word]) {
        return Some((word, "[COMMIT]"));
    }
    // Commits and digests as they are shortened for people.
    if word == 12 && is_hex(&text[..word]) {
        return Some((word, "[SHORT]"));
    }
    duration(text).map(|length| (length, "[TIME]"))
}

/// The length of a duration such as `12ms`, `0.3 s` or `1.25s`.
fn duration(text: &str) -> Option<usize> {
    let number = text.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|length| *length > 0)?;
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let gap = usize::from(text[number..].starts_with(' '));
    let unit = &text[number + gap..];
    let length = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
    matches!(&unit[..length], "s" | "ms" | "us" | "µs" | "ns").then_some(number + gap + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_replaced_and_nothing_else() {
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        let cases = [
            (format!("built {digest} in 1.25s"), "built [DIGEST] in [TIME]"),
            ("release r-0123456789ab, 12 ms".to_owned(), "release [RELEASE], [TIME]"),
            ("0123456789012345678901234567890123456789".to_owned(), "[COMMIT]"),
            ("commit 0123456789ab, not 0123456789abc".to_owned(), "commit [SHORT], not 0123456789abc"),
            ("/tmp/x/plimsoll.toml:3:1".to_owned(), "[FOLDER]/plimsoll.toml:3:1"),
            ("v1.2.3 has 3 steps, a1s, 5 sails".to_owned(), "v1.2.3 has 3 steps, a1s, 5 sails"),
        ];
        let placeholders = [("/tmp/x".to_owned(), "[FOLDER]".to_owned())];
        for (text, expected) in cases {
            assert_eq!(normalise(&text, &placeholders), expected);
        }
    }
}
