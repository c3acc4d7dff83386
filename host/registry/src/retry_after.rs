//! How long a server wants to be left alone: the header `Retry-After` (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// Seconds, or the time between now and a date; a date in the past means at once. The server's own clock counts where it tells
/// the time. `None` when nothing is said, or something else.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let now = time(headers, &DATE).unwrap_or_else(SystemTime::now);
    Some(date.duration_since(now).unwrap_or_default())
}

fn time(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        headers.extend(date.map(|date| (DATE, HeaderValue::from_str(date).unwrap())));
        retry_after(&headers).map(|pause| pause.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        let now = Some("Wed, 01 Jul 2026 09:30:00 GMT");
        assert_eq!(read("120", None), Some(120));
        assert_eq!(read(" 0 ", None), Some(0));
        assert_eq!(read("Wed, 01 Jul 2026 09:30:30 GMT", now), Some(30));
        assert_eq!(read("Wednesday, 01-Jul-26 09:30:30 GMT", now), Some(30));
        assert_eq!(read("Wed, 01 Jul 2026 09:00:00 GMT", now), Some(0));
        assert_eq!(read("Wed, 01 Jul 2015 09:00:00 GMT", None), Some(0));
        for nonsense in ["soon", "-1", "1.5", ""] {
            assert_eq!(read(nonsense, now), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn any_value_is_read_without_panic(value in "[ -~]{0,40}", date in "[ -~]{0,40}") {
            let _ = read(&value, Some(&date));
        }
    }
}
