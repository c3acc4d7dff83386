//! What JavaScript does with texts and numbers, where a rule depends on it (ECMA-262, 16th edition).

use std::cmp::Ordering;

/// A text without white space and line ends around it (`String.prototype.trim`).
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_white_space)
}

/// White space and line terminators (section 12.2 and 12.3).
#[must_use]
pub fn is_white_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// A text as a number, `NaN` where it is none (`StringToNumber`, section 7.1.4.1).
#[must_use]
pub fn number(text: &str) -> f64 {
    let text = trim(text);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let digits = text.get(..2).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| &text[2..]);
        if let Some(digits) = digits {
            return digits_of(digits, radix);
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        "" if text.is_empty() => 0.0,
        "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
        "Infinity" => f64::INFINITY,
        // Words that Rust reads as numbers and JavaScript does not.
        _ if unsigned.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) => {
            f64::NAN
        }
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

fn digits_of(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() {
        return f64::NAN;
    }
    digits
        .chars()
        .try_fold(0.0, |sum, digit| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?)))
        .unwrap_or(f64::NAN)
}

/// A number as text (`Number::toString`, section 6.1.6.1.20).
#[must_use]
pub fn number_text(number: f64) -> String {
    let size = number.abs();
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
            _ => text,
        };
    }
    // There is one zero.
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}

/// Sorts as `Array.prototype.sort` of the engine V8 does for up to 64 elements: stable, and with the same result where
/// the comparison contradicts itself, as it does for numbers that are none.
pub fn sort<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if list.len() < 2 {
        return;
    }
    let descends = |list: &[T], at: usize| compare(&list[at], &list[at - 1]) == Ordering::Less;
    let descending = descends(list, 1);
    let mut sorted = 2;
    while sorted < list.len() && descends(list, sorted) == descending {
        sorted += 1;
    }
    if descending {
        list[..sorted].reverse();
    }
    for next in sorted..list.len() {
        let (mut left, mut right) = (0, next);
        while left < right {
            let middle = left + (right - left) / 2;
            if compare(&list[next], &list[middle]) == Ordering::Less {
                right = middle;
            } else {
                left = middle + 1;
            }
        }
        list[left..=next].rotate_right(1);
    }
}

/// The characters of ASCII that are neither digits nor letters, in the order of the Unicode collation algorithm's root.
const MARKS: &str = "\t\n\u{b}\u{c}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Compares as `String.prototype.localeCompare` does without a locale's own rules, for the characters of ASCII: letters
/// first without regard to case, then small ones before capitals. Other characters follow, by code point.
#[must_use]
pub fn locale_compare(a: &str, b: &str) -> Ordering {
    let primary = |text: &str| text.chars().filter_map(primary_weight).collect::<Vec<_>>();
    let tertiary = |text: &str| text.chars().map(|c| c.is_ascii_uppercase()).collect::<Vec<_>>();
    primary(a).cmp(&primary(b)).then_with(|| tertiary(a).cmp(&tertiary(b)))
}

/// The weight that counts first; none for control characters, which are passed over.
fn primary_weight(character: char) -> Option<u32> {
    if !character.is_ascii_alphanumeric()
        && let Some(place) = MARKS.find(character)
    {
        return u32::try_from(place).ok();
    }
    (!character.is_control()).then(|| 1_000 + u32::from(character.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_javascript_reads_them() {
        for (text, expected) in [
            ("", 0.0),
            (" 12 ", 12.0),
            ("0x1F", 31.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("-3", -3.0),
            ("Infinity", f64::INFINITY),
        ] {
            assert_eq!(number(text).to_bits(), expected.to_bits(), "{text:?}");
        }
        for text in ["inf", "nan", "infinity", "1_0", "12a", "-0x1", "0x", "--1", ".", "e5", "-"] {
            assert!(number(text).is_nan(), "{text:?}");
        }
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1e21, "1e+21"),
            (123.0, "123"),
            (1e20, "100000000000000000000"),
            (1.5e-7, "1.5e-7"),
        ] {
            assert_eq!(number_text(number), text);
        }
    }

    #[test]
    fn sorting_is_stable() {
        let mut list = [(1, 'a'), (3, 'b'), (1, 'c'), (2, 'd'), (3, 'e')];
        sort(&mut list, |a, b| b.0.cmp(&a.0));
        assert_eq!(list.map(|(_, name)| name), ['b', 'e', 'd', 'a', 'c']);
        let mut descending = [1, 2, 3];
        sort(&mut descending, |a, b| b.cmp(a));
        assert_eq!(descending, [3, 2, 1]);
    }
}
