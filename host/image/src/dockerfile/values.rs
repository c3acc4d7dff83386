//! Values with a grammar of their own: health checks, durations, ports, signals.

use super::{
    instruction::Healthcheck,
    parse::{command, twice, unknown_flag},
    problem::Problem,
    words::Rest,
};

/// The flags of HEALTHCHECK that take a duration, with their names in the image's configuration.
const DURATIONS: [(&str, &str); 4] = [
    ("interval", "Interval"),
    ("timeout", "Timeout"),
    ("start-period", "StartPeriod"),
    ("start-interval", "StartInterval"),
];

pub(super) fn healthcheck(rest: Rest<'_>) -> Result<Healthcheck, Problem> {
    let (flags, rest) = rest.flags();
    let (kind, words) = rest.first();
    if kind.text.eq_ignore_ascii_case("NONE") {
        return match flags.first().map(|flag| flag.whole).or((!words.text.is_empty()).then_some(words)) {
            Some(extra) => Err(extra.problem("HEALTHCHECK NONE takes nothing else")),
            None => Ok(Healthcheck::None),
        };
    }
    if !kind.text.eq_ignore_ascii_case("CMD") || words.text.is_empty() {
        return Err(kind.problem("HEALTHCHECK is written `HEALTHCHECK CMD command` or `HEALTHCHECK NONE`"));
    }
    let mut durations: Vec<(&'static str, i64)> = Vec::new();
    let mut retries = None;
    for flag in &flags {
        let value = flag.value.map_or("", |value| value.text);
        if let Some((_, name)) = DURATIONS.iter().find(|(name, _)| *name == flag.name) {
            if durations.iter().any(|(earlier, _)| earlier == name) {
                return Err(twice(flag));
            }
            let nanoseconds = duration(value).map_err(|message| flag.whole.problem(message))?;
            durations.push((name, nanoseconds));
        } else if flag.name == "retries" {
            let count = value
                .parse()
                .map_err(|_| flag.whole.problem(format!("`{value}` is no number of retries")))?;
            if retries.replace(count).is_some() {
                return Err(twice(flag));
            }
        } else {
            let known = ["interval", "timeout", "start-period", "start-interval", "retries"];
            return Err(unknown_flag(flag, "HEALTHCHECK", &known));
        }
    }
    Ok(Healthcheck::Cmd { command: command(words), durations, retries })
}

/// A duration such as `1m30s`, in nanoseconds: zero, or at least a millisecond.
fn duration(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
    let wrong = || format!("`{text}` is no duration: expected a number and a unit, such as `30s` or `1m30s`");
    let mut rest = text;
    let mut nanoseconds = 0.0;
    while !rest.is_empty() && rest != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let unit = UNITS.iter().find(|(name, _)| *name == &rest[digits..end]).ok_or_else(wrong)?;
        nanoseconds += number * unit.1;
        rest = &rest[end..];
    }
    // More than 290 years do not fit, and no health check waits so long.
    if text.is_empty() || nanoseconds > 9e18 {
        return Err(wrong());
    }
    if nanoseconds != 0.0 && nanoseconds < 1e6 {
        return Err(format!("the duration `{text}` is below one millisecond"));
    }
    // Whole nanoseconds below 9e18, checked above.
    Ok(nanoseconds.round() as i64)
}

/// The ports that a word of EXPOSE means, as the image's configuration names them: `80/tcp`.
pub(crate) fn ports(word: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{word}` is no port: expected `80`, `80/udp` or `8000-8010/tcp`");
    let (range, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(wrong());
    }
    // `host:container`, of which only the container's port counts.
    let range = range.rsplit_once(':').map_or(range, |(_, container)| container);
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let first: u16 = first.parse().map_err(|_| wrong())?;
    let last: u16 = last.parse().map_err(|_| wrong())?;
    if first > last {
        return Err(wrong());
    }
    Ok((first..=last).map(|port| format!("{port}/{protocol}")).collect())
}

/// Whether this names a Linux signal, by number or with or without `SIG`.
pub(crate) fn is_signal(text: &str) -> bool {
    const NAMES: [&str; 34] = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
        "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
        "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
    ];
    if let Ok(number) = text.parse::<u8>() {
        return (1..=64).contains(&number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let offset = |prefix: &str, sign: char| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix(sign).and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= 15)
        })
    };
    NAMES.contains(&name) || offset("RTMIN", '+') || offset("RTMAX", '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_nanoseconds() {
        for (text, expected) in [
            ("30s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("0", 0),
            ("5ms", 5_000_000),
        ] {
            assert_eq!(duration(text), Ok(expected), "{text}");
        }
        for text in ["", "30", "s", "1x", "1us", "-1s", "99999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_are_written_out() {
        assert_eq!(ports("80"), Ok(vec!["80/tcp".to_owned()]));
        assert_eq!(ports("53/UDP"), Ok(vec!["53/udp".to_owned()]));
        assert_eq!(ports("80-81/sctp"), Ok(vec!["80/sctp".to_owned(), "81/sctp".to_owned()]));
        for text in ["", "x", "80/", "80/http", "81-80", "70000"] {
            assert!(ports(text).is_err(), "{text}");
        }
    }

    #[test]
    fn signals_have_names_and_numbers() {
        for text in ["SIGTERM", "quit", "9", "SIGRTMIN+3", "RTMAX-1"] {
            assert!(is_signal(text), "{text}");
        }
        for text in ["", "0", "65", "SIGNOPE", "SIGRTMIN+99"] {
            assert!(!is_signal(text), "{text}");
        }
    }
}
