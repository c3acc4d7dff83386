//! Whole days of an iCalendar file (RFC 5545).
//!
//! What is not understood is refused and never passed over: a holiday that is not seen lets a release in.

use std::{borrow::Cow, iter, mem};

use plimsoll_sdk::civil::Date;

use crate::holidays::{Days, parse};

/// The longest event that is taken for holidays, days.
const LONGEST: i64 = 366;

/// Whether a text is a calendar rather than a list of dates.
pub(crate) fn is_calendar(text: &str) -> bool {
    const BEGINNING: &str = "BEGIN:VCALENDAR";
    text.get(..BEGINNING.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(BEGINNING))
}

/// Adds the days of all events.
pub(crate) fn read(text: &str, days: &mut Days) -> Result<(), String> {
    let mut reader = Reader::default();
    for (number, line) in unfolded(text).filter(|(_, line)| !line.trim().is_empty()) {
        reader.take(&line, days).map_err(|problem| format!("line {number}: {problem}"))?;
    }
    match reader.open.last() {
        None => Ok(()),
        Some(open) => Err(format!("END:{open} is missing, the file is cut off; write it anew as a whole")),
    }
}

/// Lines with their numbers, those that go on on the next one put together (section 3.1).
fn unfolded(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let mut lines = (1..).zip(text.lines()).peekable();
    iter::from_fn(move || {
        let (number, line) = lines.next()?;
        let mut line = Cow::Borrowed(line);
        while let Some((_, more)) = lines.next_if(|(_, next)| next.starts_with([' ', '\t'])) {
            line.to_mut().push_str(&more[1..]);
        }
        Some((number, line))
    })
}

/// The name and the value of a line; what stands between, its parameters, may hold quoted colons (section 3.1).
fn name_and_value(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let colon = line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })?;
    let (before, value) = (&line[..colon], &line[colon + 1..]);
    Some((before.split(';').next()?, value.trim()))
}

#[derive(Default)]
struct Reader {
    /// The components that have not ended, the outermost first.
    open: Vec<String>,
    /// The event that is read.
    event: Event,
    /// Whether the calendar has ended.
    ended: bool,
}

impl Reader {
    fn take(&mut self, line: &str, days: &mut Days) -> Result<(), String> {
        if self.ended {
            return Err("something follows END:VCALENDAR; keep one calendar in the file".to_owned());
        }
        let (name, value) = name_and_value(line)
            .ok_or("it is no NAME:VALUE as in iCalendar; write the file anew as a whole")?;
        match name {
            _ if name.eq_ignore_ascii_case("BEGIN") => self.begin(value),
            _ if name.eq_ignore_ascii_case("END") => self.end(value, days),
            // Alarms within an event have a summary and a duration of their own.
            _ if self.open.len() == 2 && self.open[1] == "VEVENT" => self.event.set(name, value),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, component: &str) -> Result<(), String> {
        let component = component.to_ascii_uppercase();
        let belongs = match component.as_str() {
            "VCALENDAR" => self.open.is_empty(),
            "VEVENT" => self.open.len() == 1,
            _ => !self.open.is_empty(),
        };
        if !belongs {
            return Err(format!(
                "BEGIN:{component} does not belong here; write the END of what is before it"
            ));
        }
        self.open.push(component);
        Ok(())
    }

    fn end(&mut self, component: &str, days: &mut Days) -> Result<(), String> {
        let Some(ended) = self.open.pop().filter(|open| open.eq_ignore_ascii_case(component)) else {
            return Err(format!("END:{component} ends nothing that began last; write the missing END"));
        };
        self.ended = self.open.is_empty();
        if ended == "VEVENT" { mem::take(&mut self.event).add_to(days) } else { Ok(()) }
    }
}

/// What is read of an event (section 3.6.1).
#[derive(Default)]
struct Event {
    start: Option<Midnight>,
    end: Option<Midnight>,
    name: String,
    repeats: bool,
    lasts: bool,
    cancelled: bool,
    /// Why its days are not known.
    problem: Option<String>,
}

impl Event {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("DTSTART") || is("DTEND") {
            let place = if is("DTSTART") { &mut self.start } else { &mut self.end };
            match Midnight::read(value) {
                None => {
                    self.problem.get_or_insert_with(|| format!(
                        "has the {name} `{value}`, which begins no day here; write a whole day, such as `{name};VALUE=DATE:20261224`, or a freeze of `windows`"
                    ));
                }
                Some(midnight) => {
                    if place.replace(midnight).is_some() {
                        return Err(format!("a second {name} in one event; write each event on its own"));
                    }
                }
            }
        } else if is("SUMMARY") {
            self.name = value.replace("\\,", ",");
        } else if is("STATUS") {
            self.cancelled = value.eq_ignore_ascii_case("CANCELLED");
        } else if is("DURATION") {
            self.lasts = true;
        } else if is("RRULE") || is("RDATE") {
            self.repeats = true;
        }
        Ok(())
    }

    fn add_to(self, days: &mut Days) -> Result<(), String> {
        if self.cancelled {
            return Ok(());
        }
        let refused = |why: &str| Err(format!("the event `{}` {why}", self.name));
        if self.repeats {
            return refused("repeats (RRULE, RDATE); list its days one by one");
        }
        if self.lasts {
            return refused("has a DURATION; write its DTEND instead");
        }
        if let Some(problem) = &self.problem {
            return refused(problem);
        }
        let Some(start) = self.start else {
            return refused("has no DTSTART; write its day, such as `DTSTART;VALUE=DATE:20261224`");
        };
        // A date alone is its whole day, a time alone takes none.
        let shortest = if start.is_date { start.day.plus_days(1) } else { start.day };
        let end = match self.end {
            None => shortest,
            Some(end) if end.day < start.day => return refused("ends before it begins; write a later DTEND"),
            Some(end) => end.day.max(shortest),
        };
        if end == start.day {
            return refused("takes no time; write its DTEND, the day after its last one");
        }
        if end > start.day.plus_days(LONGEST) {
            return refused(&format!("takes more than {LONGEST} days; write a freeze of `windows` instead"));
        }
        let name = self.name.as_str().into();
        let mut day = start.day;
        while day < end {
            days.add(day, &name)?;
            day = day.plus_days(1);
        }
        Ok(())
    }
}

/// The beginning of a day, written as a date or as its first moment.
#[derive(Clone, Copy)]
struct Midnight {
    day: Date,
    is_date: bool,
}

impl Midnight {
    /// Reads `20261224` and `20261224T000000` (sections 3.3.4 and 3.3.5); `None`: it is something else, or a time in UTC, which
    /// begins a day in no other zone.
    fn read(value: &str) -> Option<Self> {
        let date = value.strip_suffix("T000000").unwrap_or(value);
        if date.len() != 8 || !date.is_ascii() {
            return None;
        }
        let day = parse(&format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..])).ok()?;
        Some(Self { day, is_date: date.len() == value.len() })
    }
}
