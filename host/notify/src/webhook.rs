//! Webhooks: each event as JSON to an address.

use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Url, header::CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::{
    client::{self, NotifyError, Sender},
    event::{Event, EventKind},
    outbox::Outbox,
};

/// A webhook.
#[derive(Clone)]
pub struct WebhookOptions {
    /// Where to, `http` or `https`. Only its host is ever shown: many services put a secret into the rest.
    pub url: SecretString,
    /// What signs the bodies.
    pub secret: Option<SecretString>,
    /// What it is told; [`EventKind::USUAL`] is what most want.
    pub events: Vec<EventKind>,
}

/// A webhook in use.
pub(crate) struct Webhook {
    url: Url,
    secret: Option<SecretString>,
    sender: Sender,
}

impl Webhook {
    /// The webhook and its name.
    pub(crate) fn new(options: WebhookOptions, sender: Sender) -> Result<(Self, String), NotifyError> {
        let url = client::address("a webhook", options.url.expose_secret())?;
        let name = format!("the webhook at {}", client::host(&url));
        Ok((Self { url, secret: options.secret, sender }, name))
    }

    pub(crate) async fn deliver(&self, event: &Event, outbox: &Outbox) {
        let body = serde_json::to_vec(event).expect("an event is made of text, numbers and lists");
        let signed = self.secret.as_ref().map(|secret| signature(secret, &body));
        let sent = self.sender.send(outbox, |client| {
            let request = client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
            let request = request
                .header("X-Plimsoll-Event", event.event.name())
                .header("X-Plimsoll-Delivery", event.delivery());
            let request = match &signed {
                Some(signature) => request.header("X-Plimsoll-Signature-256", signature),
                None => request,
            };
            request.body(body.clone())
        });
        if let Err(untaken) = sent.await {
            outbox.warn(&format!("not told that {}: {}", told(event), untaken.text()));
        }
    }
}

fn told(event: &Event) -> String {
    format!("{} is {}", event.release, event.label())
}

/// What the header `X-Plimsoll-Signature-256` holds for a body: `sha256=` and HMAC-SHA256 (RFC 2104) over it, hexadecimal.
#[must_use]
pub fn signature(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_what_others_compute() {
        // printf '%s' '{"hello":"world"}' | openssl dgst -sha256 -hmac 'It is a secret'
        assert_eq!(
            signature(&SecretString::from("It is a secret"), br#"{"hello":"world"}"#),
            "sha256=a825c916270844b6fa08f522bb894f32ff62358ecc3bba7bd7529d9f0cf3ad68"
        );
        // RFC 4231, test case 2.
        assert_eq!(
            signature(&SecretString::from("Jefe"), b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
