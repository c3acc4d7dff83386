//! Where a registry takes an upload, and how far it came: the headers `Location`, `Range` and `OCI-Chunk-Min-Length`
//! (OCI distribution specification 1.1, "Pushing blobs").

use plimsoll_core::digest::Digest;
use reqwest::{
    Response, Url,
    header::{HeaderMap, LOCATION, RANGE},
};

/// The least that a registry takes in one piece, but for the last.
const LEAST_PIECE: &str = "oci-chunk-min-length";

/// An upload that a registry has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Where the next request goes.
    pub(super) location: Url,
    /// How many bytes the registry has.
    pub(super) offset: u64,
    /// The least that it takes in one piece, bytes.
    pub(super) least: u64,
}

impl Place {
    /// A new upload; `None` when the registry does not say where.
    pub(super) fn begun(answer: &Response) -> Option<Self> {
        let headers = answer.headers();
        let least = headers.get(LEAST_PIECE).and_then(|least| least.to_str().ok()?.trim().parse().ok());
        Some(Self { location: location(headers, answer.url())?, offset: 0, least: least.unwrap_or_default() })
    }

    /// The same upload after an answer, which may have moved it.
    pub(super) fn moved(self, answer: &Response, offset: u64) -> Self {
        let location = location(answer.headers(), answer.url()).unwrap_or(self.location);
        Self { location, offset, ..self }
    }

    /// Where the upload is closed: the location, whatever stands in it, and the digest.
    pub(super) fn end(&self, digest: &Digest) -> Url {
        let mut end = self.location.clone();
        end.query_pairs_mut().append_pair("digest", &digest.to_string());
        end
    }
}

/// Where an answer says that the upload goes on. It may be relative to what was asked. A registry behind something that speaks
/// TLS for it may not know of that, and its own address is then meant.
fn location(headers: &HeaderMap, asked: &Url) -> Option<Url> {
    let mut location = asked.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    if location.scheme() == "http"
        && asked.scheme() == "https"
        && (location.host_str(), location.port()) == (asked.host_str(), asked.port())
    {
        location.set_scheme("https").ok()?;
    }
    let goes_on = match location.scheme() {
        "https" => true,
        // Never from a protected connection to one that is not.
        "http" => asked.scheme() == "http",
        _ => false,
    };
    (goes_on && location.has_host()).then_some(location)
}

/// How many bytes of an upload a registry says it has; `None` when it says nothing that can be read. The header counts the last
/// byte in, so that `0-0` stands for one byte or for none: for one only where one was sent.
pub(super) fn received(headers: &HeaderMap, sent: u64) -> Option<u64> {
    let text = headers.get(RANGE)?.to_str().ok()?.trim();
    let (first, last) = text.strip_prefix("bytes=").unwrap_or(text).split_once('-')?;
    match (first.parse().ok()?, last.parse().ok()?) {
        (0_u64, 0_u64) => Some(u64::from(sent == 1)),
        (0, last) => last.checked_add(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn locate(asked: &str, value: &str) -> Option<String> {
        location(&headers(LOCATION, value), &asked.parse().unwrap()).map(Url::into)
    }

    #[test]
    fn locations_are_followed_as_they_are_meant() {
        let (tls, plain) =
            ("https://r.example/v2/a/blobs/uploads/", "http://r.example:5000/v2/a/blobs/uploads/");
        for (asked, value, expected) in [
            (tls, "/v2/a/blobs/uploads/1?s=a%2Fb", Some("https://r.example/v2/a/blobs/uploads/1?s=a%2Fb")),
            (tls, "1", Some("https://r.example/v2/a/blobs/uploads/1")),
            (tls, "https://store.example/x?y", Some("https://store.example/x?y")),
            (tls, "http://r.example/x", Some("https://r.example/x")),
            (tls, "http://store.example/x", None),
            (tls, "http://r.example:5000/x", None),
            (tls, "ftp://r.example/x", None),
            (tls, "data:x", None),
            (plain, "http://store.example/x", Some("http://store.example/x")),
            (plain, "//store.example/x", Some("http://store.example/x")),
            (plain, "https://r.example/x", Some("https://r.example/x")),
        ] {
            assert_eq!(locate(asked, value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn the_digest_joins_what_is_in_the_location() {
        let digest = Digest::of(b"");
        let end = |location: &str| {
            Place { location: location.parse().unwrap(), offset: 0, least: 0 }.end(&digest).to_string()
        };
        let hex = digest.hex();
        assert_eq!(end("http://r/1?s=a%2Bb"), format!("http://r/1?s=a%2Bb&digest=sha256%3A{hex}"));
        assert_eq!(end("http://r/1"), format!("http://r/1?digest=sha256%3A{hex}"));
    }

    #[test]
    fn ranges_count_their_end_in() {
        for (text, sent, expected) in [
            ("0-99", 100, Some(100)),
            ("bytes=0-99", 100, Some(100)),
            ("0-0", 0, Some(0)),
            ("0-0", 1, Some(1)),
            ("0-0", 7, Some(0)),
            ("5-9", 10, None),
            ("0--1", 0, None),
            ("0-18446744073709551615", 0, None),
            ("bytes 0-1", 0, None),
            ("", 0, None),
        ] {
            assert_eq!(received(&headers(RANGE, text), sent), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(value in "[ -~]{0,60}", sent in any::<u64>()) {
            let _ = received(&headers(RANGE, &value), sent);
            let _ = locate("https://r.example/v2/", &value);
        }
    }
}
