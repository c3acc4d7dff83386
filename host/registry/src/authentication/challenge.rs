//! What a registry asks for before it answers: the header `WWW-Authenticate` (RFC 9110, section 11.6.1; distribution
//! specification, "Token Authentication Specification").

use http_auth::{ChallengeRef, parser::ChallengeParser};
use reqwest::{
    Url,
    header::{HeaderMap, WWW_AUTHENTICATE},
};

/// A challenge that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A name and a password with every request (RFC 7617).
    Basic,
    /// A token from a token server.
    Bearer {
        /// The token server.
        realm: Url,
        /// How the registry is called there.
        service: Option<String>,
    },
}

/// A token server whose address is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoAddress(pub(crate) String);

/// The best challenge that can be answered, a token before a password; `None` when there is none. There may be several
/// headers, and several challenges in each.
pub(crate) fn challenge(headers: &HeaderMap) -> Result<Option<Challenge>, NoAddress> {
    let mut basic = None;
    for challenge in challenges(headers) {
        if challenge.scheme.eq_ignore_ascii_case("bearer") {
            if let Some(realm) = parameter(&challenge, "realm") {
                let realm = Url::parse(&realm).map_err(|_| NoAddress(realm))?;
                return Ok(Some(Challenge::Bearer { realm, service: parameter(&challenge, "service") }));
            }
        } else if challenge.scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
    }
    Ok(basic)
}

/// Whether the token that was shown is a good one that does not allow what was asked (RFC 6750, section 3.1).
pub(crate) fn lacks_scope(headers: &HeaderMap) -> bool {
    challenges(headers)
        .any(|challenge| parameter(&challenge, "error").is_some_and(|error| error == "insufficient_scope"))
}

fn challenges(headers: &HeaderMap) -> impl Iterator<Item = ChallengeRef<'_>> {
    let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|header| header.to_str().ok());
    texts.flat_map(|header| ChallengeParser::new(header).map_while(Result::ok))
}

fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    let is_it = |(key, _): &&(&str, _)| key.eq_ignore_ascii_case(name);
    challenge.params.iter().find(is_it).map(|(_, value)| value.to_unescaped())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(headers: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        map
    }

    #[test]
    fn the_best_challenge_is_found() {
        let bearer = r#"Bearer realm="https://auth.example.org/token",service="registry",scope="x,y""#;
        let realm = Url::parse("https://auth.example.org/token").unwrap();
        let expected = Ok(Some(Challenge::Bearer { realm, service: Some("registry".to_owned()) }));
        let both = format!(r#"Basic realm="x", {bearer}"#);
        for spelling in [&[bearer][..], &[r#"Basic realm="x""#, bearer], &[&both], &["Negotiate", &both]] {
            assert_eq!(challenge(&headers(spelling)), expected, "{spelling:?}");
        }
        assert_eq!(challenge(&headers(&[r#"basic realm="x""#])), Ok(Some(Challenge::Basic)));
        assert_eq!(challenge(&headers(&["Negotiate"])), Ok(None));
        assert_eq!(challenge(&headers(&[])), Ok(None));
        let nowhere = headers(&[r#"Bearer realm="here""#]);
        assert_eq!(challenge(&nowhere), Err(NoAddress("here".to_owned())));
    }

    #[test]
    fn a_token_that_allows_too_little_is_told_from_a_bad_one() {
        let answer = |error| format!(r#"Bearer realm="https://a.example/t",error="{error}",scope="s""#);
        assert!(lacks_scope(&headers(&[&answer("insufficient_scope")])));
        assert!(!lacks_scope(&headers(&[&answer("invalid_token")])));
        assert!(!lacks_scope(&headers(&[])));
    }

    proptest! {
        #[test]
        fn any_challenge_is_read_without_panic(text in "[ -~]{0,200}") {
            for text in [text.clone(), format!("Bearer {text}")] {
                let headers = headers(&[&text]);
                let _ = challenge(&headers);
                let _ = lacks_scope(&headers);
            }
        }
    }
}
