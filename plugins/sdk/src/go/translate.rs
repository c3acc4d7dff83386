//! From Go's syntax of regular expressions to that of the engine. The two agree in most and differ in what they refuse, in
//! braces, escapes and brackets; so everything is read by Go's rules and written in the few forms that mean the same.

use super::{class::Class, source::Source};

/// The most that a repetition may count, nested ones multiplied.
const MOST: u32 = 1000;

/// The engine's pattern, and the names of the groups, the first of them for the whole.
pub(super) fn translate(pattern: &str) -> Result<(String, Vec<Option<String>>), String> {
    let mut translator = Translator {
        source: Source { rest: pattern },
        out: String::new(),
        names: vec![None],
        groups: Vec::new(),
        flags: Flags::default(),
        last: Last::Nothing,
        last_at: 0,
        widest: 1,
    };
    while let Some(next) = translator.source.rest.chars().next() {
        translator.step(next)?;
    }
    if translator.groups.is_empty() {
        Ok((translator.out, translator.names))
    } else {
        Err("a group is not closed".to_owned())
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
    lazy: bool,
}

/// What a repetition would repeat. Things carry how often the repetitions in them multiply.
#[derive(Debug, Clone, Copy)]
enum Last {
    Nothing,
    Thing(u32),
    Repetition(u32),
}

struct Translator<'a> {
    source: Source<'a>,
    out: String,
    names: Vec<Option<String>>,
    /// What counted outside of each open group, and where it begins in what is written.
    groups: Vec<(Flags, u32, usize)>,
    flags: Flags,
    last: Last,
    /// Where the last thing begins in what is written.
    last_at: usize,
    /// The greatest multiple of repetitions in this group so far.
    widest: u32,
}

impl Translator<'_> {
    fn step(&mut self, next: char) -> Result<(), String> {
        match next {
            '(' => return self.open(),
            ')' => {
                let (flags, outside, at) =
                    self.groups.pop().ok_or("a group is closed that was not opened")?;
                self.last_at = at;
                self.last = Last::Thing(self.widest);
                self.widest = self.widest.max(outside);
                self.flags = flags;
                self.out.push(')');
            }
            '|' => {
                self.out.push('|');
                self.last = Last::Nothing;
            }
            '*' | '+' | '?' => {
                self.source.next();
                return self.repeat(&next.to_string(), 1);
            }
            '{' => {
                if let Some((counts, times, after)) = counted(self.source.rest)? {
                    self.source.rest = after;
                    return self.repeat(&counts, times);
                }
                self.literal('{');
            }
            '[' => {
                self.source.next();
                let class = self.source.class(self.flags.fold)?;
                self.thing_of(&class);
                return Ok(());
            }
            '\\' => {
                self.source.next();
                return self.escaped();
            }
            '.' => self.thing(if self.flags.dot_all { "(?s:.)" } else { "." }),
            '^' => self.thing(if self.flags.lines { "(?m:^)" } else { r"\A" }),
            '$' => self.thing(if self.flags.lines { "(?m:$)" } else { r"\z" }),
            other => self.literal(other),
        }
        self.source.next();
        Ok(())
    }

    fn thing(&mut self, written: &str) {
        self.last_at = self.out.len();
        self.out.push_str(written);
        self.last = Last::Thing(1);
    }

    fn thing_of(&mut self, class: &Class) {
        self.last_at = self.out.len();
        class.write(&mut self.out);
        self.last = Last::Thing(1);
    }

    fn literal(&mut self, character: char) {
        let class = Class::between(character, character);
        let class = if self.flags.fold { class.folded() } else { class };
        self.thing_of(&class);
    }

    /// A repetition of the last thing, which may be lazy.
    fn repeat(&mut self, written: &str, times: u32) -> Result<(), String> {
        let within = match self.last {
            Last::Thing(within) => within,
            Last::Nothing => return Err(format!("there is nothing that `{written}` could repeat")),
            Last::Repetition(_) => {
                return Err(format!("`{written}` repeats a repetition; put it into a group"));
            }
        };
        let times = within.saturating_mul(times.max(1));
        if times > MOST {
            return Err(format!("`{written}` repeats more than {MOST} times"));
        }
        self.widest = self.widest.max(times);
        self.out.push_str(written);
        if self.source.take("?") != self.flags.lazy {
            self.out.push('?');
        }
        self.last = Last::Repetition(times);
        Ok(())
    }

    /// The opening of a group, or flags.
    fn open(&mut self) -> Result<(), String> {
        self.source.take("(");
        if !self.source.take("?") {
            return self.group(None);
        }
        if self.source.take("P<") || self.source.take("<") {
            let (name, after) = self.source.rest.split_once('>').ok_or("a group's name is not closed")?;
            let well =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !well {
                return Err(format!("`{name}` is no name of a group"));
            }
            self.source.rest = after;
            return self.group(Some(name.to_owned()));
        }
        self.flags_or_group()
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is the last step of one that may fail")]
    fn group(&mut self, name: Option<String>) -> Result<(), String> {
        self.names.push(name);
        self.enter("(", self.flags);
        Ok(())
    }

    fn enter(&mut self, opening: &str, flags: Flags) {
        self.groups.push((self.flags, self.widest, self.out.len()));
        self.out.push_str(opening);
        (self.flags, self.widest, self.last) = (flags, 1, Last::Nothing);
    }

    /// `(?flags)` or `(?flags:...)`, after the question mark.
    fn flags_or_group(&mut self) -> Result<(), String> {
        let mut flags = self.flags;
        let (mut value, mut seen) = (true, false);
        loop {
            match self.source.next() {
                Some('i') => (flags.fold, seen) = (value, true),
                Some('m') => (flags.lines, seen) = (value, true),
                Some('s') => (flags.dot_all, seen) = (value, true),
                Some('U') => (flags.lazy, seen) = (value, true),
                Some('-') if value => (value, seen) = (false, false),
                Some(end @ (':' | ')')) if value || seen => {
                    if end == ':' {
                        self.enter("(?:", flags);
                        return Ok(());
                    }
                    self.flags = flags;
                    self.part_from_next();
                    return Ok(());
                }
                _ => return Err("a group begins with `(`, `(?:`, `(?P<name>` or flags of `imsU`".to_owned()),
            }
        }
    }

    /// Flags, and quoted nothing, part two repetitions: `a+(?i)?` repeats `a+`.
    fn part_from_next(&mut self) {
        if let Last::Repetition(times) = self.last {
            self.last = Last::Thing(times);
            self.out.insert_str(self.last_at, "(?:");
            self.out.push(')');
        }
    }

    /// What follows a backslash outside of brackets.
    fn escaped(&mut self) -> Result<(), String> {
        if self.source.take("Q") {
            let (text, after) = self.source.rest.split_once(r"\E").unwrap_or((self.source.rest, ""));
            self.source.rest = after;
            self.part_from_next();
            for character in text.chars() {
                self.literal(character);
            }
            return Ok(());
        }
        for anchor in ["A", "b", "B", "z"] {
            if self.source.take(anchor) {
                self.thing(&format!(r"\{anchor}"));
                return Ok(());
            }
        }
        if let Some(class) = self.source.letter_class(self.flags.fold)? {
            self.thing_of(&class);
        } else {
            let character = self.source.escape()?;
            self.literal(character);
        }
        Ok(())
    }
}

/// A counted repetition at the beginning of a text, how often it repeats at least or at most, and what follows; `None`: the
/// brace stands for itself.
fn counted(text: &str) -> Result<Option<(String, u32, &str)>, String> {
    let Some((inner, after)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) else {
        return Ok(None);
    };
    let (least, most) =
        inner.split_once(',').map_or((inner, Some(inner)), |(least, most)| (least, Some(most)));
    let most = most.filter(|most| !most.is_empty());
    let number = |text: &str| {
        let well =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        (well && !text.is_empty()).then(|| text.parse::<u32>().unwrap_or(u32::MAX))
    };
    let Some(from) = number(least) else { return Ok(None) };
    let to = match most.map(number) {
        None => None,
        Some(None) => return Ok(None),
        Some(to) => to,
    };
    if from > MOST || to.is_some_and(|to| to > MOST || to < from) {
        return Err(format!("`{{{inner}}}` is no count of repetitions; they go up to {MOST}"));
    }
    Ok(Some((format!("{{{inner}}}"), to.unwrap_or(from), after)))
}
