//! What a registry asks for before it answers: the header `WWW-Authenticate` (RFC 9110, section 11.6.1; distribution
//! specification, "Token Authentication Specification").

use http_auth::parser::ChallengeParser;
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

/// The best challenge that can be answered, a token before a password; `None` when there is none.
pub(crate) fn challenge(headers: &HeaderMap) -> Result<Option<Challenge>, NoAddress> {
    let mut basic = None;
    for header in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|header| header.to_str().ok()) {
        for challenge in ChallengeParser::new(header).map_while(Result::ok) {
            let parameter = |name: &str| {
                let is_it = |(key, _): &&(&str, _)| key.eq_ignore_ascii_case(name);
                challenge.params.iter().find(is_it).map(|(_, value)| value.to_unescaped())
            };
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                if let Some(realm) = parameter("realm") {
                    let realm = Url::parse(&realm).map_err(|_| NoAddress(realm))?;
                    return Ok(Some(Challenge::Bearer { realm, service: parameter("service") }));
                }
            } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    Ok(basic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(headers: &[&str]) -> Result<Option<Challenge>, NoAddress> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        challenge(&map)
    }

    #[test]
    fn the_best_challenge_is_found() {
        let bearer = r#"Bearer realm="https://auth.example.org/token",service="registry",scope="x,y""#;
        let realm = Url::parse("https://auth.example.org/token").unwrap();
        let expected = Ok(Some(Challenge::Bearer { realm, service: Some("registry".to_owned()) }));
        assert_eq!(parse(&[bearer]), expected);
        assert_eq!(parse(&[r#"Basic realm="x""#, bearer]), expected);
        assert_eq!(parse(&[r#"basic realm="x""#]), Ok(Some(Challenge::Basic)));
        assert_eq!(parse(&["Negotiate"]), Ok(None));
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&[r#"Bearer realm="here""#]), Err(NoAddress("here".to_owned())));
    }

    proptest! {
        #[test]
        fn any_challenge_is_read_without_panic(text in "[ -~]{0,200}") {
            let _ = parse(&[&text]);
            let _ = parse(&[&format!("Bearer {text}")]);
        }
    }
}
