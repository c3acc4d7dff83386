//! Reading holidays: dates, one a line, or iCalendar.

use std::{collections::BTreeMap, rc::Rc};

use plimsoll_sdk::civil::Date;

use crate::{icalendar, settings::Holidays};

/// The most days that are taken, the holidays of some centuries; to read many more would use up what an answer may cost.
const MOST: usize = 10_000;

/// Holidays with their names, which are empty where they have none.
#[derive(Debug, Default)]
pub(crate) struct Days(BTreeMap<Date, Rc<str>>);

impl Days {
    /// Adds a day.
    pub(crate) fn add(&mut self, day: Date, name: &Rc<str>) -> Result<(), String> {
        self.0.insert(day, Rc::clone(name));
        if self.0.len() > MOST {
            return Err(format!(
                "names more than {MOST} days; leave out those that are past, or write long freezes as `windows`"
            ));
        }
        Ok(())
    }

    /// The name of a day, if it is a holiday.
    pub(crate) fn name(&self, day: Date) -> Option<&str> {
        self.0.get(&day).map(|name| &**name)
    }

    /// How many days there are, and the last of them; `None`: there is none.
    pub(crate) fn extent(&self) -> Option<(usize, Date)> {
        self.0.last_key_value().map(|(last, _)| (self.0.len(), *last))
    }
}

/// The holidays of the settings. A text that names none is a problem: a file that came out empty would close no day.
pub(crate) fn read(holidays: &Holidays) -> Result<Days, String> {
    let mut days = Days::default();
    match holidays {
        Holidays::List(dates) => {
            let unnamed = Rc::from("");
            dates.iter().try_for_each(|date| days.add(parse(date)?, &unnamed))?;
            return Ok(days);
        }
        Holidays::Text(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            let begun = text.trim_start();
            if icalendar::is_calendar(begun) {
                icalendar::read(begun, &mut days)?;
            } else {
                lines(text, &mut days)?;
            }
        }
    }
    match days.extent() {
        None => {
            Err("names no day: write one date a line, such as `2026-12-24 Christmas Eve`, or a calendar \
                     with events that take whole days; without holidays, leave the setting out"
                .to_owned())
        }
        Some(_) => Ok(days),
    }
}

pub(crate) fn parse(text: &str) -> Result<Date, String> {
    text.trim().parse().map_err(|error| format!("{error}"))
}

/// One date a line; what stands after it, or after `#`, is its name.
fn lines(text: &str, days: &mut Days) -> Result<(), String> {
    for (index, line) in text.lines().enumerate() {
        let (content, comment) = line.split_once('#').unwrap_or((line, ""));
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        let (date, name) = content.split_once(char::is_whitespace).unwrap_or((content, comment));
        let date = parse(date).map_err(|problem| format!("line {}: {problem}", index + 1))?;
        days.add(date, &name.trim().into())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Days, String> {
        read(&Holidays::Text(text.to_owned()))
    }

    fn names(text: &str) -> Vec<String> {
        read_text(text).unwrap().0.into_iter().map(|(date, name)| format!("{date} {name}")).collect()
    }

    fn events(events: &[&str]) -> String {
        let events: String =
            events.iter().map(|lines| format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")).collect();
        format!("BEGIN:VCALENDAR\n{events}END:VCALENDAR\n")
    }

    #[test]
    fn lines_are_read() {
        let text = "\u{feff}# holidays\n2026-12-24 Christmas Eve\n\n2026-12-25 # Christmas\n";
        assert_eq!(names(text), ["2026-12-24 Christmas Eve", "2026-12-25 Christmas"]);
        let problem = read_text("2026-12-24\n24.12.2026\n").unwrap_err();
        assert!(problem.starts_with("line 2:"), "{problem}");
    }

    #[test]
    fn calendars_are_read() {
        let text = "\u{feff}BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY;ALTREP=\"cid:a\":Christ\r\n mas\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nBEGIN:VALARM\r\nSUMMARY:Wake up\r\nDURATION:PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(names(text), ["2026-12-24 Christmas", "2026-12-25 Christmas", "2026-12-26 Christmas"]);
    }

    #[test]
    fn events_from_midnight_to_midnight_are_days() {
        let text =
            events(&["DTSTART:20261125T000000\nDTEND;TZID=Europe/Berlin:20261127T000000\nSUMMARY:Fair"]);
        assert_eq!(names(&text), ["2026-11-25 Fair", "2026-11-26 Fair"]);
    }

    #[test]
    fn cancelled_events_are_no_holidays() {
        let text = events(&["DTSTART:20261125T090000\nSTATUS:CANCELLED", "DTSTART;VALUE=DATE:20261126"]);
        assert_eq!(names(&text), ["2026-11-26 "]);
    }

    #[test]
    fn events_of_no_certain_days_are_refused() {
        for (event, says) in [
            ("SUMMARY:Lunch\nDTSTART:20260101T120000\nDTEND:20260101T130000", "`Lunch` has the DTSTART"),
            ("DTSTART:20260101T000000\nDTEND:20260101T235959", "has the DTEND `20260101T235959`"),
            ("DTSTART:20260101T000000Z\nDTEND:20260102T000000Z", "begins no day here"),
            ("DTSTART:20260101T000000", "takes no time"),
            ("DTSTART;VALUE=DATE:20260102\nDTEND;VALUE=DATE:20260101", "ends before it begins"),
            ("DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20280101", "more than 366 days"),
            ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY", "repeats"),
            ("DTSTART;VALUE=DATE:20260101\nDURATION:P3D", "DTEND instead"),
            ("DTSTART;VALUE=DATE:20260230", "begins no day here"),
            ("DTSTART;VALUE=DATE:2026üüü", "begins no day here"),
            ("SUMMARY:Some day", "has no DTSTART"),
            ("DTSTART;VALUE=DATE:20260101\nDTSTART;VALUE=DATE:20260201", "a second DTSTART"),
            ("DTSTART", "no NAME:VALUE"),
            ("DTSTART;VALUE=DATE:20260101\nBEGIN:VEVENT\nEND:VEVENT", "does not belong here"),
        ] {
            let problem = read_text(&events(&[event])).unwrap_err();
            assert!(problem.contains(says), "{event}: {problem}");
        }
    }

    #[test]
    fn files_that_are_not_whole_are_refused() {
        let event = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261125\n";
        for (text, says) in [
            (String::new(), "names no day: "),
            ("# nothing yet\n\n".to_owned(), "names no day: "),
            (events(&[]), "names no day: "),
            (events(&["DTSTART;VALUE=DATE:20261125\nSTATUS:CANCELLED"]), "names no day: "),
            (format!("BEGIN:VCALENDAR\n{event}"), "END:VEVENT is missing"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE".to_owned(), "line 3: it is no NAME:VALUE"),
            (format!("BEGIN:VCALENDAR\n{event}END:VEVENT\n"), "END:VCALENDAR is missing"),
            (format!("BEGIN:VCALENDAR\n{event}END:VCALENDAR\n"), "line 4: END:VCALENDAR ends nothing"),
            (events(&["DTSTART;VALUE=DATE:20261125"]).repeat(2), "keep one calendar"),
            ("BEGIN:VCAL".to_owned(), "is no date"),
            ("x".to_owned(), "is no date"),
            ("2026-02-30".to_owned(), "is no date"),
        ] {
            let problem = read_text(&text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    #[test]
    fn more_days_than_anybody_knows_ahead_are_refused() {
        let dates = |count: i64| (0..count).map(|day| Date::of(0).plus_days(day).to_string());
        for count in [10_000, 10_001] {
            let good = count == 10_000;
            let list = Holidays::List(dates(count).collect());
            assert_eq!(read(&list).is_ok(), good);
            let lines: Vec<_> = dates(count).collect();
            assert_eq!(read_text(&lines.join("\n")).is_ok(), good);
            let starts: Vec<_> =
                lines.iter().map(|date| format!("DTSTART;VALUE=DATE:{}", date.replace('-', ""))).collect();
            let starts: Vec<_> = starts.iter().map(String::as_str).collect();
            assert_eq!(read_text(&events(&starts)).is_ok(), good);
        }
    }
}
