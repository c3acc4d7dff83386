//! Reading holidays: dates, one a line, or iCalendar.

use std::collections::BTreeMap;

use plimsoll_sdk::civil::Date;

use crate::settings::Holidays;

/// The longest event that is taken for holidays, days.
const LONGEST: usize = 366;

/// Holidays with their names, where they have one.
pub(crate) fn read(holidays: &Holidays) -> Result<BTreeMap<Date, String>, String> {
    match holidays {
        Holidays::List(dates) => dates.iter().map(|date| Ok((parse(date)?, String::new()))).collect(),
        Holidays::Text(text) if text.trim_start().starts_with("BEGIN:VCALENDAR") => calendar(text),
        Holidays::Text(text) => lines(text),
    }
}

fn parse(text: &str) -> Result<Date, String> {
    text.trim().parse().map_err(|error| format!("{error}"))
}

/// One date a line; what stands after it, or after `#`, is its name.
fn lines(text: &str) -> Result<BTreeMap<Date, String>, String> {
    let mut holidays = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let (content, comment) = line.split_once('#').unwrap_or((line, ""));
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        let (date, name) = content.split_once(char::is_whitespace).unwrap_or((content, comment));
        let date = parse(date).map_err(|problem| format!("line {}: {problem}", index + 1))?;
        holidays.insert(date, name.trim().to_owned());
    }
    Ok(holidays)
}

/// Events that take whole days (RFC 5545, sections 3.1 and 3.6.1): `DTSTART;VALUE=DATE`, and `DTEND`, which is the day
/// after the last one.
fn calendar(text: &str) -> Result<BTreeMap<Date, String>, String> {
    let mut holidays = BTreeMap::new();
    let mut event: Option<Event> = None;
    for line in unfolded(text) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
        match (name.to_ascii_uppercase().as_str(), &mut event) {
            ("BEGIN", None) if value.trim() == "VEVENT" => event = Some(Event::default()),
            ("END", Some(ended)) if value.trim() == "VEVENT" => {
                ended.add_to(&mut holidays)?;
                event = None;
            }
            ("DTSTART", Some(event)) if is_date(parameters, value) => event.start = Some(basic(value)?),
            ("DTEND", Some(event)) if is_date(parameters, value) => event.end = Some(basic(value)?),
            ("SUMMARY", Some(event)) => event.name = value.trim().replace("\\,", ","),
            ("RRULE" | "RDATE", Some(event)) => event.repeats = true,
            ("DURATION", Some(event)) => event.lasts = true,
            _ => {}
        }
    }
    Ok(holidays)
}

#[derive(Default)]
struct Event {
    start: Option<Date>,
    end: Option<Date>,
    name: String,
    repeats: bool,
    lasts: bool,
}

impl Event {
    fn add_to(&self, holidays: &mut BTreeMap<Date, String>) -> Result<(), String> {
        let Some(start) = self.start else { return Ok(()) };
        if self.repeats {
            return Err(format!(
                "the event `{}` repeats (RRULE, RDATE); list its days one by one",
                self.name
            ));
        }
        if self.lasts {
            return Err(format!("the event `{}` has a DURATION; write its DTEND instead", self.name));
        }
        let end = self.end.unwrap_or(start.plus_days(1)).max(start.plus_days(1));
        let mut day = start;
        for _ in 0..LONGEST {
            if day >= end {
                return Ok(());
            }
            holidays.insert(day, self.name.clone());
            day = day.plus_days(1);
        }
        Err(format!("the event `{}` takes more than {LONGEST} days", self.name))
    }
}

/// Lines, with those that go on on the next one put together.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Whether a value is a date and no time.
fn is_date(parameters: &str, value: &str) -> bool {
    parameters.to_ascii_uppercase().contains("VALUE=DATE") && !value.contains('T')
}

/// A date without hyphens, `20261224`.
fn basic(value: &str) -> Result<Date, String> {
    let value = value.trim();
    let well = value.len() == 8 && value.is_ascii();
    let date = well.then(|| format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]));
    parse(&date.unwrap_or_else(|| value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let holidays = read(&Holidays::Text(text.to_owned())).unwrap();
        holidays.into_iter().map(|(date, name)| format!("{date} {name}")).collect()
    }

    #[test]
    fn lines_are_read() {
        let text = "# holidays\n2026-12-24 Christmas Eve\n\n2026-12-25 # Christmas\n";
        assert_eq!(names(text), ["2026-12-24 Christmas Eve", "2026-12-25 Christmas"]);
        let problem = read(&Holidays::Text("2026-12-24\n24.12.2026\n".to_owned())).unwrap_err();
        assert!(problem.starts_with("line 2:"), "{problem}");
    }

    #[test]
    fn calendars_are_read() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Christ\r\n mas\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20260101T120000Z\r\nSUMMARY:Lunch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(names(text), ["2026-12-24 Christmas", "2026-12-25 Christmas", "2026-12-26 Christmas"]);
        let repeating = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nRRULE:FREQ=YEARLY\nDTSTART;VALUE=DATE:20260101\nEND:VEVENT\n";
        assert!(read(&Holidays::Text(repeating.to_owned())).unwrap_err().contains("repeats"));
        let lasting = repeating.replace("RRULE:FREQ=YEARLY", "DURATION:P3D");
        assert!(read(&Holidays::Text(lasting)).unwrap_err().contains("DTEND"));
    }

    #[test]
    fn odd_texts_are_told_and_not_fatal() {
        for text in
            ["BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:2026üüü\nEND:VEVENT", "x", "2026-02-30"]
        {
            assert!(read(&Holidays::Text(text.to_owned())).is_err(), "{text}");
        }
    }
}
