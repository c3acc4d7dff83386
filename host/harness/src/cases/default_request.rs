//! What a case's request is made over: a push of `main`, and the promotion of the image that it made.

use serde_json::{Value, json};

use crate::question::Question;

/// The image that requests are about.
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The commit that requests are about.
const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// 2024-03-05T12:00:00Z, a Tuesday.
const NOON: i64 = 1_709_640_000;

/// The request that cases of a question change in part. Its settings are left out: they come from the suite. Requests in
/// the SDK's module `testing` are the same.
#[must_use]
pub fn default_request(question: Question) -> Value {
    let source = json!({
        "repository": {
            "name": "contoso/website", "url": "https://github.com/contoso/website", "default-branch": "main",
        },
        "trigger": "push",
        "git-ref": { "branch": "main" },
        "commit": {
            "id": COMMIT, "time": NOON - 7200, "author": "Contoso Web Team", "message": "Use the new colours\n",
        },
        "tags": [],
        "dirty": false,
    });
    let now = json!({
        "unix": NOON, "time-zone": "UTC", "offset": 0, "year": 2024, "month": 3, "day": 5, "weekday": "tuesday",
        "hour": 12, "minute": 0, "second": 0,
    });
    match question {
        Question::Tagging => {
            json!({ "source": source, "repositories": ["ghcr.io/contoso/website"], "now": now })
        }
        Question::Promotion => json!({
            "source": source,
            "image": {
                "repository": "ghcr.io/contoso/website", "digest": DIGEST, "tags": ["latest"],
                "labels": [{ "name": "org.opencontainers.image.revision", "value": COMMIT }],
            },
            "intent": "promote",
            "environment": "production",
            "environments": [
                {
                    "name": "staging", "after": [],
                    "running": {
                        "release": "r-0123456789ab", "digest": DIGEST, "tags": ["latest"],
                        "since": NOON - 3600, "healthy-since": NOON - 3540,
                    },
                },
                { "name": "production", "after": ["staging"] },
            ],
            "passages": [
                { "environment": "staging", "state": "deployed", "since": NOON - 3600, "healthy-since": NOON - 3540 },
            ],
            "approvals": [],
            "evidence": [],
            "now": now,
        }),
    }
}
