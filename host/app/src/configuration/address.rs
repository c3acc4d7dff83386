//! Addresses: what they may be, and that no secret stands in them.

use url::{Host, Url};

use super::{problem::Problem, reader::Text};

/// Refuses an address with a password in it. The value is not shown, for reports end up in logs. `instead` says where the
/// secret belongs.
pub(super) fn refuse_password(url: &Url, written: Text<'_>, instead: &str) -> Result<(), Problem> {
    let is_secret = |name: &str| name.to_ascii_lowercase().contains("password");
    if url.password().is_none() && !url.query_pairs().any(|(name, _)| is_secret(&name)) {
        return Ok(());
    }
    let message = "there is a password in this address, and secrets do not belong in the file";
    let help = format!("take it out, and change it where others have seen it; {instead}");
    Err(Problem::new(written.span, message).help(help).secret())
}

/// A problem with an address that cannot be read. It could hold a password all the same; then it is not shown.
pub(super) fn unreadable(problem: Problem, written: Text<'_>) -> Problem {
    let could_be_secret = written.text.contains('@') || written.text.contains("password");
    if could_be_secret { problem.secret() } else { problem }
}

/// Which addresses may be spoken to without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainHttp {
    /// All.
    Anywhere,
    /// Those on this machine.
    Loopback,
}

/// Checks a web address.
pub(super) fn web(written: Text<'_>, plain: PlainHttp, instead: &str) -> Result<String, Problem> {
    let form = || {
        Problem::new(written.span, format!("`{}` is no web address", written.text))
            .help("write one that begins with `https://`")
    };
    let url = Url::parse(written.text).map_err(|error| {
        let problem = Problem::new(written.span, format!("this is no web address: {error}"));
        unreadable(problem.help("write one that begins with `https://`"), written)
    })?;
    refuse_password(&url, written, instead)?;
    match url.scheme() {
        "https" => Ok(written.text.to_owned()),
        "http" if plain == PlainHttp::Anywhere || is_loopback(&url) => Ok(written.text.to_owned()),
        "http" => {
            let message = format!("`{}` would be spoken to without TLS", written.text);
            let help = "write `https://`: plain `http://` is for addresses on this machine";
            Err(Problem::new(written.span, message).help(help))
        }
        _ => Err(form()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(text: &str) -> bool {
        web(Text { text, span: (0, 0).into() }, PlainHttp::Loopback, "").is_ok()
    }

    #[test]
    fn without_tls_only_this_machine_is_spoken_to() {
        for text in ["http://localhost:1/", "http://127.1.2.3", "http://[::1]:80/x", "https://example.com"] {
            assert!(loopback(text), "{text}");
        }
        for text in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://example.com\\@127.0.0.1/",
            "http://localhost@example.com/",
            "http://10.0.0.1",
            "ftp://localhost",
            "localhost:80",
            "https://",
        ] {
            assert!(!loopback(text), "{text}");
        }
    }
}
