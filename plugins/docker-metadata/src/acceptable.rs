//! What can be put on an image at all. The action gives texts that no registry accepts; a plan cannot have them.

use plimsoll_sdk::Label;

use crate::{derive::Derived, error::MetadataError, rules::Rule};

/// The longest tag, bytes (OCI distribution specification 1.1, "Pulling manifests").
const LONGEST_TAG: usize = 128;
/// The most tags of a plan.
const MOST_TAGS: usize = 64;
/// The most labels, and the most annotations, of a plan.
const MOST_LABELS: usize = 128;
/// The longest name of a label, bytes.
const LONGEST_NAME: usize = 256;
/// The longest value of a label, bytes.
const LONGEST_VALUE: usize = 4096;

/// Checks the tags.
///
/// # Errors
/// The first tag that no image can have, with the rule that gives it; or there are too many.
pub fn tags(derived: &Derived, rules: &[Rule]) -> Result<(), MetadataError> {
    let by_rules = derived.given.iter().map(|given| (given.rule, given.tag.as_str()));
    let first = derived.given.first().map_or(0, |given| given.rule);
    let all = by_rules.chain(derived.latest.as_deref().map(|latest| (first, latest)));
    for (place, tag) in all {
        let problem = if tag.len() > LONGEST_TAG {
            format!("the tag `{tag}` has {} characters, more than {LONGEST_TAG}", tag.len())
        } else if tag.starts_with(['.', '-']) {
            format!("the tag `{tag}` begins with a character that no tag begins with")
        } else {
            continue;
        };
        return Err(MetadataError::Unacceptable { entry: rules[place].entry.clone(), problem });
    }
    let count = derived.tags().len();
    if count > MOST_TAGS {
        let problem = format!("there are {count} tags, more than {MOST_TAGS}");
        return Err(MetadataError::Unacceptable { entry: "tags".to_owned(), problem });
    }
    Ok(())
}

/// Checks labels or annotations; `list` says which.
///
/// # Errors
/// The first one that no image can have, or there are too many.
pub fn labels(list: &str, labels: &[Label]) -> Result<(), MetadataError> {
    let refuse =
        |entry: &str, problem: String| Err(MetadataError::Unacceptable { entry: entry.to_owned(), problem });
    if labels.len() > MOST_LABELS {
        return refuse(list, format!("there are {}, more than {MOST_LABELS}", labels.len()));
    }
    for Label { name, value } in labels {
        let entry = format!("{name}={value}");
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return refuse(
                &entry,
                format!("the name is empty, over {LONGEST_NAME} bytes or holds control characters"),
            );
        }
        if value.len() > LONGEST_VALUE || value.chars().any(|c| c.is_control() && c != '\t') {
            return refuse(
                &entry,
                format!("the value is over {LONGEST_VALUE} bytes or holds control characters"),
            );
        }
    }
    Ok(())
}

/// A text of the event as a label can hold it: in one line, and not too long.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    line.truncate(line.floor_char_boundary(LONGEST_VALUE));
    line
}
