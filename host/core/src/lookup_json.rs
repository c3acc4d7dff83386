//! The answer of a look-up in JSON, as the contract's `result` in its other forms: one more member beside what was asked,
//! `"ok"` with the answer or `"err"` with the failure.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decision::LookupFailure;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Lent<'a, T> {
    Ok(&'a T),
    Err(&'a LookupFailure),
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Owned<T> {
    /// The answer.
    Ok(T),
    /// Why there is none.
    Err(LookupFailure),
}

pub(crate) fn serialize<T: Serialize, S: Serializer>(
    answer: &Result<T, LookupFailure>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match answer {
        Ok(answer) => Lent::Ok(answer),
        Err(failure) => Lent::Err(failure),
    }
    .serialize(serializer)
}

pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Result<T, LookupFailure>, D::Error> {
    Ok(match Owned::deserialize(deserializer)? {
        Owned::Ok(answer) => Ok(answer),
        Owned::Err(failure) => Err(failure),
    })
}

#[cfg(test)]
mod tests {
    use crate::decision::{CapabilityCall, LookupFailure};

    #[test]
    fn answers_stand_beside_what_was_asked() {
        for (call, text) in [
            (
                CapabilityCall::RegistryDigest { repository: "r".into(), tag: "t".into(), answer: Ok(None) },
                r#"{"registry-digest":{"repository":"r","tag":"t","ok":null}}"#,
            ),
            (
                CapabilityCall::HistoryReleases {
                    limit: 3,
                    answer: Err(LookupFailure::Unavailable("down".into())),
                },
                r#"{"history-releases":{"limit":3,"err":{"unavailable":"down"}}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&call).expect("it is plain data"), text);
            assert_eq!(serde_json::from_str::<CapabilityCall>(text).expect("it is a call"), call);
        }
    }
}
