//! Keeping secrets of URLs out of everything that is shown.

/// What stands for a secret.
const HIDDEN: &str = "***";

/// How many bytes tokens have at least.
const SHORTEST_TOKEN: usize = 16;

/// A text without the user information of the URLs in it: `https://user:token@host/x` becomes `https://***@host/x`. A name
/// alone stays in `ssh://git@host`, where it is no secret; elsewhere it may be a token.
pub(super) fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let authority = &after[..after.find(ends_authority).unwrap_or(after.len())];
        rest = after;
        if let Some((user, _)) = authority.rsplit_once('@')
            && (!before.ends_with("ssh://") || user.contains(':'))
        {
            shown.push_str(HIDDEN);
            rest = &after[user.len()..];
        }
    }
    shown.push_str(rest);
    shown
}

fn ends_authority(c: char) -> bool {
    matches!(c, '/' | '?' | '#' | '\'' | '"') || c.is_whitespace()
}

/// What a URL has to be kept secret about: the password or token before its host, as it is written and as it is meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets of a repository's URL.
    pub(super) fn of(repository: &str) -> Self {
        let user = repository
            .split_once("://")
            .filter(|(scheme, _)| *scheme != "ssh")
            .and_then(|(_, rest)| rest.split(['/', '?', '#']).next()?.rsplit_once('@'))
            .map(|(user, _)| user);
        let Some(user) = user else { return Self::default() };
        let secret = match user.split_once(':') {
            Some((_, password)) => password,
            // A name alone may be a token; the name of a person, which is a word of messages too, is shorter.
            None if user.len() >= SHORTEST_TOKEN => user,
            None => "",
        };
        let mut secrets = vec![secret.to_owned(), percent_decoded(secret)];
        secrets.retain(|secret| !secret.is_empty());
        Self(secrets)
    }

    /// A text without them, and without those of any other URL in it.
    pub(super) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(redact(text), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }
}

/// RFC 3986, section 2.1.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_information_is_hidden_wherever_a_url_stands() {
        let cases = [
            ("https://user:token@host/x", "https://***@host/x"),
            ("https://token@host/x", "https://***@host/x"),
            ("to 'http://a:b@h:1' and https://c@d", "to 'http://***@h:1' and https://***@d"),
            ("https://a:p@ss@host/x", "https://***@host/x"),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("ssh://git:word@host/x", "ssh://***@host/x"),
            ("git@host:x.git", "git@host:x.git"),
            ("https://host/a@b", "https://host/a@b"),
            ("://@", "://***@"),
        ];
        for (text, shown) in cases {
            assert_eq!(redact(text), shown);
        }
    }

    #[test]
    fn a_secret_is_hidden_without_its_url_too() {
        let secrets = Secrets::of("https://user:to%2Fken@host/x");
        assert_eq!(secrets.hide("to%2Fken, to/ken"), "***, ***");
        assert_eq!(Secrets::of("https://0123456789abcdef@host/x").hide("0123456789abcdef"), "***");
        for name in ["ssh://git@host/git", "https://git@host/git"] {
            assert_eq!(Secrets::of(name).hide("git"), "git");
        }
    }

    proptest! {
        #[test]
        fn no_password_gets_through(text in "[a-z@:/ ]{0,20}", user in "[a-z]{1,5}", after in "[ '/][a-z@:/ ]{0,20}") {
            let shown = redact(&format!("{text} https://{user}:S3CR3T@host{after}"));
            prop_assert!(!shown.contains("S3CR3T"), "{shown}");
        }
    }
}
