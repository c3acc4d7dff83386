//! Texts around binary keys (RFC 7468).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString, zeroize::Zeroizing};

use crate::key_error::KeyError;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// Characters on a line.
const LINE: usize = 64;
/// The longest text that may hold a key, bytes.
const LONGEST: usize = 64 << 10;

/// The first block of a text: its label and its content.
pub(crate) fn read(text: &str) -> Result<(String, SecretSlice<u8>), KeyError> {
    let broken = |problem| KeyError::NotPem { problem };
    if text.len() > LONGEST {
        return Err(broken("it is too long to be a key"));
    }
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with(BEGIN));
    let first = lines.next().ok_or_else(|| broken("no line begins with `-----BEGIN`"))?;
    let label = first.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES));
    let label = label.ok_or_else(|| broken("its first line does not end with dashes"))?;
    let mut encoded = Zeroizing::new(String::with_capacity(text.len()));
    let mut end = None;
    for line in lines {
        if let Some(rest) = line.strip_prefix(END) {
            end = rest.strip_suffix(DASHES);
            break;
        }
        encoded.push_str(line);
    }
    if end != Some(label) {
        return Err(broken("its end does not match its beginning"));
    }
    let content = STANDARD.decode(encoded.as_bytes()).map_err(|_| broken("its content is no base64"))?;
    Ok((label.to_owned(), content.into()))
}

/// A text with one block.
pub(crate) fn write(label: &str, content: &[u8]) -> SecretString {
    let encoded = SecretString::from(STANDARD.encode(content));
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    let mut rest = encoded.expose_secret();
    while !rest.is_empty() {
        // Base64 is ASCII: every place is a border between characters.
        let (line, more) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(END);
    text.push_str(label);
    text.push_str(DASHES);
    text.push('\n');
    text.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_pem_says_why() {
        for (text, says) in [
            ("", "no line begins"),
            ("-----BEGIN X\nAA==\n-----END X-----", "does not end with dashes"),
            ("-----BEGIN X-----\nAA==\n", "does not match"),
            ("-----BEGIN X-----\nAA==\n-----END Y-----", "does not match"),
            ("-----BEGIN X-----\n?\n-----END X-----", "no base64"),
        ] {
            let error = read(text).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
        assert!(read(&"x".repeat(LONGEST + 1)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(content in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = write("A KEY", &content);
            let (label, read) = read(&format!("a comment\r\n{}", text.expose_secret().replace('\n', "\r\n"))).unwrap();
            prop_assert_eq!(label, "A KEY");
            prop_assert_eq!(read.expose_secret(), &content);
        }

        #[test]
        fn any_text_is_survived(text in "(-----BEGIN (X|Y)-----|-----END (X|Y)-----|[A-Za-z=\n]{0,9}|\\PC){0,12}") {
            let _ = read(&text);
        }
    }
}
