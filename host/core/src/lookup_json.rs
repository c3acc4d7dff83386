//! The answer of a look-up in JSON, as the contract's `result` in its other forms: one more member beside what was asked,
//! `"ok"` with the answer or `"err"` with the failure.

use std::{fmt, marker::PhantomData};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

use crate::decision::LookupFailure;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Lent<'a, T> {
    Ok(&'a T),
    Err(&'a LookupFailure),
}

/// For the schema alone.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "it exists for its schema")]
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
    deserializer.deserialize_map(AnswerVisitor(PhantomData))
}

/// Finds the answer among the members: serde's own words for a misspelt one are about its types.
struct AnswerVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AnswerVisitor<T> {
    type Value = Result<T, LookupFailure>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`ok` or `err`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut unknown = None;
        while let Some(name) = members.next_key::<String>()? {
            match name.as_str() {
                "ok" => return members.next_value().map(Ok),
                "err" => return members.next_value().map(Err),
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
            unknown.get_or_insert(name);
        }
        Err(A::Error::custom(match unknown {
            Some(name) => format!("unknown key `{name}`; write `ok` or `err`"),
            None => "there is no answer; write `ok` or `err`".to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::decision::{CapabilityCall, LookupFailure};

    #[test]
    fn a_misspelt_answer_is_told_in_the_words_of_the_file() {
        for (member, says) in [
            (r#","okk":[]"#, "unknown key `okk`; write `ok` or `err`"),
            ("", "there is no answer; write `ok` or `err`"),
        ] {
            let text = format!(r#"{{"registry-tags":{{"repository":"r"{member}}}}}"#);
            let told = serde_json::from_str::<CapabilityCall>(&text).expect_err("it has no answer");
            assert!(told.to_string().contains(says), "{told}");
        }
    }

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
