//! Classes of characters.

use std::fmt::Write as _;

/// The last character that there is.
const LAST: u32 = 0x10_FFFF;

/// A class, as ranges of characters in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Class(Vec<(u32, u32)>);

/// The characters of a name in ASCII; a hyphen makes a range of its neighbours. Posix's names, and Perl's letters.
const NAMED: &[(&str, &str)] = &[
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", "\0-\x7f"),
    ("blank", "\t-\t - "),
    ("cntrl", "\0-\x1f\x7f-\x7f"),
    ("digit", "0-9"),
    ("graph", "!-~"),
    ("lower", "a-z"),
    ("print", " -~"),
    ("punct", "!-/:-@[-`{-~"),
    ("space", "\t-\r - "),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_-_"),
    ("xdigit", "0-9A-Fa-f"),
    ("d", "0-9"),
    ("s", "\t-\n\x0c-\r - "),
    ("w", "0-9A-Za-z_-_"),
];

/// The part in ASCII of Unicode's classes. Those with an empty one are Go's too.
const UNICODE: &[(&str, &str)] = &[
    ("L", "A-Za-z"),
    ("Lu", "A-Z"),
    ("Ll", "a-z"),
    ("LC", "A-Za-z"),
    ("Lt", ""),
    ("Lm", ""),
    ("Lo", ""),
    ("M", ""),
    ("Mn", ""),
    ("Mc", ""),
    ("Me", ""),
    ("N", "0-9"),
    ("Nd", "0-9"),
    ("Nl", ""),
    ("No", ""),
    ("P", "!-#%-*,-/:-;?-@[-]_-_{-{}-}"),
    ("Pc", "_-_"),
    ("Pd", "---"),
    ("Ps", "(-([-[{-{"),
    ("Pe", ")-)]-]}-}"),
    ("Pi", ""),
    ("Pf", ""),
    ("Po", "!-#%-'*-*,-,.-/:-;?-@\\-\\"),
    ("S", "$-$+-+<->^-^`-`|-|~-~"),
    ("Sm", "+-+<->|-|~-~"),
    ("Sc", "$-$"),
    ("Sk", "^-^`-`"),
    ("So", ""),
    ("Z", " - "),
    ("Zs", " - "),
    ("Zl", ""),
    ("Zp", ""),
    ("C", "\0-\x1f\x7f-\x7f"),
    ("Cc", "\0-\x1f\x7f-\x7f"),
    ("Cf", ""),
    ("Co", ""),
    ("Cs", ""),
    ("Any", "\0-\u{10FFFF}"),
    ("ASCII", "\0-\x7f"),
    ("Latin", "A-Za-z"),
    ("Common", "\0-@[-`{-\x7f"),
];

impl Class {
    /// All characters from one to another.
    pub(super) fn between(from: char, to: char) -> Self {
        Self(vec![(from.into(), to.into())])
    }

    /// A class by its name in brackets, `alpha`, or its letter, `d`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::listed(NAMED, name)
    }

    /// A class of Unicode, as far as it is in ASCII.
    pub(super) fn unicode(name: &str) -> Option<Self> {
        Self::listed(UNICODE, name)
    }

    fn listed(list: &[(&str, &str)], name: &str) -> Option<Self> {
        let (_, ranges) = list.iter().find(|(known, _)| *known == name)?;
        let characters: Vec<u32> = ranges.chars().map(u32::from).collect();
        Some(Self(characters.chunks_exact(3).map(|range| (range[0], range[2])).collect()))
    }

    /// Adds another class.
    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The class with both cases of the letters in ASCII.
    pub(super) fn folded(mut self) -> Self {
        const APART: u32 = 'a' as u32 - 'A' as u32;
        for index in 0..self.0.len() {
            let (from, to) = self.0[index];
            let (upper_from, upper_to) = (from.max('A'.into()), to.min('Z'.into()));
            if upper_from <= upper_to {
                self.0.push((upper_from + APART, upper_to + APART));
            }
            let (lower_from, lower_to) = (from.max('a'.into()), to.min('z'.into()));
            if lower_from <= lower_to {
                self.0.push((lower_from - APART, lower_to - APART));
            }
        }
        self
    }

    /// All other characters.
    pub(super) fn negated(mut self) -> Self {
        self.0.sort_unstable();
        let mut others = Vec::new();
        let mut next = 0;
        for (from, to) in self.0 {
            if from > next {
                others.push((next, from - 1));
            }
            next = next.max(to + 1);
        }
        if next <= LAST {
            others.push((next, LAST));
        }
        Self(others)
    }

    /// The class as a regular expression of its own.
    pub(super) fn write(&self, out: &mut String) {
        if self.0.is_empty() {
            // Nothing is not anything.
            out.push_str(r"[^\x{0}-\x{10FFFF}]");
            return;
        }
        out.push('[');
        for (from, to) in &self.0 {
            let _ = write!(out, r"\x{{{from:x}}}-\x{{{to:x}}}");
        }
        out.push(']');
    }
}
