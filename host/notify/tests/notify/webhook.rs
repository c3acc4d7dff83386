//! Webhooks.

use std::time::Duration;

use plimsoll_core::{digest::Digest, fact::Entry, ports::Progress as _};
use plimsoll_notify::{Channel, EventKind, Notifier, NotifyError, Patience, WebhookOptions, signature};
use secrecy::SecretString;
use serde_json::json;

use crate::{
    LONG,
    facts::{COMMIT, Facts, RELEASE},
    patience,
    server::{Answer, Request, Server},
};

/// A notifier with one webhook that is told everything. Its address holds a secret.
fn notifier(server: &Server, patience: Patience) -> Notifier {
    let url = format!("http://user:pass-word@{}/hooks/path-secret?key=query-secret", server.address);
    start(&url, EventKind::ALL.to_vec(), patience)
}

fn start(url: &str, events: Vec<EventKind>, patience: Patience) -> Notifier {
    let options = WebhookOptions {
        url: SecretString::from(url),
        secret: Some(SecretString::from("signing-secret")),
        events,
    };
    Notifier::start(vec![Channel::Webhook(options)], patience).expect("the options are fine")
}

fn tell(notifier: &Notifier, entries: &[Entry]) {
    for entry in entries {
        notifier.recorded(entry);
    }
}

fn kinds(requests: &[Request]) -> Vec<String> {
    requests.iter().map(|request| request.header("x-plimsoll-event").to_owned()).collect()
}

fn no_secrets(report: &[String]) {
    for secret in ["pass-word", "path-secret", "query-secret", "signing-secret"] {
        assert!(report.iter().all(|line| !line.contains(secret)), "{report:?}");
    }
}

#[tokio::test]
async fn an_event_is_told_as_documented() {
    let server = Server::start(|_, _| Answer::status(204)).await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    let entries = [
        facts.opened("contoso/website", &[]),
        facts.planned(),
        facts.built(),
        facts.held("production", "one of two approved"),
    ];
    tell(&notifier, &entries);
    assert_eq!(notifier.finish(LONG).await, Vec::<String>::new());

    let seen = server.seen();
    assert_eq!(kinds(&seen), ["opened", "held"]);
    let held = &seen[1];
    assert_eq!(held.method, "POST");
    assert_eq!(held.path, "/hooks/path-secret?key=query-secret");
    assert_eq!(held.header("content-type"), "application/json");
    assert_eq!(held.header("x-plimsoll-delivery"), format!("{RELEASE}-4"));
    assert_eq!(
        held.header("x-plimsoll-signature-256"),
        signature(&SecretString::from("signing-secret"), &held.body)
    );
    assert_eq!(
        held.json(),
        json!({
            "schema": "plimsoll.notification/1",
            "event": "held",
            "release": RELEASE,
            "sequence": 4,
            "at": 1_700_000_004,
            "environment": "production",
            "version": "1.2.3",
            "digest": Digest::of(b"image"),
            "message": "it waits to enter production: one of two approved",
            "findings": [{ "rule": "two-people", "outcome": "failed", "message": "one of two approved" }],
            "location": null,
            "health": null,
            "source": {
                "repository": "contoso/website",
                "url": "https://github.com/contoso/website",
                "commit": COMMIT,
                "ref": "refs/tags/v1.2.3",
                "actor": "alice",
            },
        })
    );
}

#[tokio::test]
async fn a_whole_life_is_told_in_order() {
    let server = Server::start(|_, _| Answer::status(200)).await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    let entries = [
        facts.opened("contoso/website", &["smoke"]),
        facts.allowed("staging"),
        facts.deployed("staging", true),
        facts.held("production", "nobody approved"),
        facts.resumed(),
        // The same answer again is no news.
        facts.held("production", "nobody approved"),
        facts.approved(),
        facts.allowed("production"),
        facts.failed("deploy", Some("production")),
        facts.resumed(),
        facts.allowed("production"),
        facts.deployed("production", true),
        facts.verified("production", "passed"),
        facts.settled(),
        facts.health("production", false),
        facts.health("production", true),
        facts.health("production", true),
        facts.rejected("production"),
        facts.superseded("staging"),
    ];
    tell(&notifier, &entries);
    assert_eq!(notifier.finish(LONG).await, Vec::<String>::new());
    let seen = server.seen();
    assert_eq!(
        kinds(&seen),
        [
            "opened",
            "allowed",
            "deployed",
            "held",
            "allowed",
            "failed",
            "allowed",
            "deployed",
            "healthy",
            "done",
            "unhealthy",
            "healthy",
            "rejected",
            "superseded"
        ]
    );
    let sequences: Vec<u64> =
        seen.iter().map(|request| request.json()["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.is_sorted());
    assert_eq!(seen[2].json()["health"], "healthy");
    assert_eq!(seen[7].json()["health"], "checking");
    assert_eq!(seen[5].json()["message"], "deploy failed in production: the cluster is away");
    assert_eq!(seen[10].json()["message"], "it is not healthy in production: no pod is ready");
}

#[tokio::test]
async fn a_check_that_fails_and_a_refusal_are_told() {
    let server = Server::start(|_, _| Answer::status(200)).await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    let entries = [
        facts.opened("contoso/website", &["smoke"]),
        facts.deployed("production", true),
        facts.verified("production", "failed"),
        facts.refused("v1.2 is no version"),
    ];
    tell(&notifier, &entries);
    assert_eq!(notifier.finish(LONG).await, Vec::<String>::new());
    let seen = server.seen();
    assert_eq!(kinds(&seen), ["opened", "deployed", "unhealthy", "denied"]);
    assert_eq!(seen[2].json()["message"], "it is not healthy in production: the check smoke: exit code 1");
    assert_eq!(seen[3].json()["message"], "the tagging policy refuses the release: v1.2 is no version");
    assert_eq!(seen[3].json()["environment"], json!(null));
}

#[tokio::test]
async fn only_what_is_wanted_is_told() {
    let server = Server::start(|_, _| Answer::status(200)).await;
    let notifier = start(&format!("http://{}/", server.address), EventKind::USUAL.to_vec(), patience());
    let mut facts = Facts::new();
    let entries = [
        facts.opened("contoso/website", &[]),
        facts.allowed("staging"),
        facts.deployed("staging", true),
        facts.settled(),
    ];
    tell(&notifier, &entries);
    assert_eq!(notifier.finish(LONG).await, Vec::<String>::new());
    assert_eq!(kinds(&server.seen()), ["deployed", "done"]);
}

#[tokio::test]
async fn a_busy_receiver_is_asked_again_and_the_order_stays() {
    let server = Server::start(|before, _| match before {
        0 => Answer::status(503),
        1 => Answer::with(429, "Retry-After", "0"),
        _ => Answer::status(200),
    })
    .await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    tell(
        &notifier,
        &[facts.opened("contoso/website", &[]), facts.deployed("staging", true), facts.settled()],
    );
    assert_eq!(notifier.finish(LONG).await, Vec::<String>::new());
    let seen = server.seen();
    assert_eq!(kinds(&seen), ["opened", "opened", "opened", "deployed", "done"]);
    // It is the same delivery, to the byte.
    for again in &seen[1..3] {
        assert_eq!(again.body, seen[0].body);
        assert_eq!(again.header("x-plimsoll-delivery"), seen[0].header("x-plimsoll-delivery"));
        assert_eq!(again.header("x-plimsoll-signature-256"), seen[0].header("x-plimsoll-signature-256"));
    }
}

#[tokio::test]
async fn a_receiver_that_wants_too_long_a_pause_is_given_up() {
    let server = Server::start(|before, _| match before {
        0 => Answer::with(429, "Retry-After", "3600"),
        _ => Answer::status(200),
    })
    .await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    tell(&notifier, &[facts.opened("contoso/website", &[]), facts.settled()]);
    let report = notifier.finish(LONG).await;
    assert_eq!(kinds(&server.seen()), ["opened", "done"]);
    assert_eq!(
        report,
        [format!(
            "the webhook at {}: not told that {RELEASE} is opened: given up: it answers 429",
            server.address
        )]
    );
}

#[tokio::test]
async fn tries_are_bounded_and_the_next_event_gets_its_own() {
    let server = Server::start(|_, _| Answer::status(500)).await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    tell(&notifier, &[facts.opened("contoso/website", &[]), facts.settled()]);
    let report = notifier.finish(LONG).await;
    assert_eq!(kinds(&server.seen()), ["opened", "opened", "opened", "done", "done", "done"]);
    assert_eq!(report.len(), 2);
    no_secrets(&report);
}

#[tokio::test]
async fn a_refusal_is_final_and_said_with_the_answer() {
    let server = Server::start(|before, _| match before {
        0 => Answer::Status(400, Vec::new(), "no such\nchannel\u{1b}[2J".to_owned()),
        1 => Answer::with(302, "Location", "http://127.0.0.9:9/latest?path-secret"),
        _ => Answer::status(200),
    })
    .await;
    let notifier = notifier(&server, patience());
    let mut facts = Facts::new();
    tell(
        &notifier,
        &[facts.opened("contoso/website", &[]), facts.deployed("staging", true), facts.settled()],
    );
    let report = notifier.finish(LONG).await;
    assert_eq!(kinds(&server.seen()), ["opened", "deployed", "done"]);
    assert!(report[0].ends_with("it answers 400 (no such channel [2J)"), "{report:?}");
    assert!(
        report[1].ends_with("it answers 302 (it leads to 127.0.0.9, which is not followed)"),
        "{report:?}"
    );
    no_secrets(&report);
}

#[tokio::test]
async fn nobody_there_is_said_without_the_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let notifier = start(&format!("http://{address}/path-secret"), EventKind::ALL.to_vec(), patience());
    tell(&notifier, &[Facts::new().opened("contoso/website", &[])]);
    let report = notifier.finish(LONG).await;
    assert!(report[0].contains("given up") && report[0].contains("refused"), "{report:?}");
    no_secrets(&report);
}

#[tokio::test]
async fn silence_delays_nothing_beyond_the_deadline() {
    let server = Server::start(|_, _| Answer::Silence).await;
    let notifier = notifier(&server, Patience { one_try: Duration::from_secs(3600), ..patience() });
    let mut facts = Facts::new();
    tell(&notifier, &[facts.opened("contoso/website", &[]), facts.held("staging", "not yet")]);
    let finished = tokio::time::timeout(LONG, notifier.finish(Duration::from_millis(50))).await;
    let report = finished.expect("it ends at its deadline, not at that of the request");
    assert_eq!(
        report,
        [format!(
            "the webhook at {}: 2 events were not delivered (opened, held in staging): there was no answer in time",
            server.address
        )]
    );
}

#[tokio::test]
async fn a_full_queue_blocks_nobody() {
    let server = Server::start(|_, _| Answer::Silence).await;
    let notifier = notifier(&server, Patience { one_try: Duration::from_secs(3600), ..patience() });
    let mut facts = Facts::new();
    notifier.recorded(&facts.opened("contoso/website", &[]));
    for _ in 0..999 {
        notifier.recorded(&facts.deployed("staging", true));
    }
    let report = notifier.finish(Duration::ZERO).await;
    assert_eq!(report.len(), 2, "{report:?}");
    assert!(report[0].contains("256 events were not delivered (opened, deployed in staging,"), "{report:?}");
    assert!(report[1].contains("744 events were left out, for 256 were waiting already"), "{report:?}");
}

#[tokio::test]
async fn what_began_elsewhere_has_to_be_learnt() {
    let server = Server::start(|_, _| Answer::status(200)).await;
    let mut facts = Facts::new();
    let before = [facts.opened("contoso/website", &[]), facts.held("staging", "not yet")];
    let after = [facts.resumed(), facts.held("staging", "not yet"), facts.deployed("staging", true)];

    let ignorant = notifier(&server, patience());
    tell(&ignorant, &after);
    let report = ignorant.finish(LONG).await;
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(report[0].contains("how that release began is not known"), "{report:?}");
    assert!(server.seen().is_empty());

    let knowing = notifier(&server, patience());
    knowing.learn(&before);
    tell(&knowing, &before);
    tell(&knowing, &after);
    assert_eq!(knowing.finish(LONG).await, Vec::<String>::new());
    assert_eq!(kinds(&server.seen()), ["deployed"]);
}

#[tokio::test]
async fn a_hold_on_an_environment_belongs_to_no_release() {
    let server = Server::start(|_, _| Answer::status(200)).await;
    let notifier = notifier(&server, patience());
    let mut entry = Facts::new()
        .entry(json!({ "fact": "environment-held", "environment": "staging", "by": "bob", "reason": "a fair", "until": null }));
    entry.release = plimsoll_core::names::ReleaseId::none();
    notifier.recorded(&entry);
    assert_eq!(notifier.finish(LONG).await, Vec::<String>::new());
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_being_shown() {
    let _ = patience();
    for url in ["hooks/secret", "ftp://example.com/secret", "http://[secret/"] {
        let options = WebhookOptions { url: SecretString::from(url), secret: None, events: Vec::new() };
        let error = Notifier::start(vec![Channel::Webhook(options)], Patience::default())
            .err()
            .expect("it is no address");
        assert!(matches!(error, NotifyError::InvalidAddress { .. }));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
