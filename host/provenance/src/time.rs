//! Times in statements: RFC 3339 in UTC, whole seconds (in-toto attestation framework, "Timestamp").

use jiff::Timestamp;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _, ser::Error as _};

pub(crate) fn serialize<S: Serializer>(unix: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let time = Timestamp::from_second(*unix).map_err(S::Error::custom)?;
    serializer.serialize_str(&time.to_string())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(D::Error::custom)
}
