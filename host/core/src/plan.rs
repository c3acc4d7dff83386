//! The tag plan: what the host accepts of a tagging policy's proposal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    contract::{Label, ProposedPlan, TagMode},
    names::Tag,
};

/// The most tags one image may get.
pub const MOST_TAGS: usize = 64;
/// The most labels or annotations, each.
pub const MOST_LABELS: usize = 128;
/// The longest label name, bytes.
const LONGEST_NAME: usize = 256;
/// The longest label value or version, bytes.
const LONGEST_VALUE: usize = 4096;
/// The tag that people mean when they name none; it moves last, after everything it points to is there.
const LATEST: &str = "latest";

/// A checked plan. Only [`TagPlan::check`] makes one from a policy's proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TagPlan {
    /// The version of the image, if it is one.
    pub version: Option<String>,
    /// The tags in the order they are put on: new ones first, then moving ones, `latest` last.
    pub tags: Vec<PlannedTag>,
    /// Labels for the image's configuration.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the image's manifest.
    pub annotations: BTreeMap<String, String>,
}

/// A checked tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlannedTag {
    /// The tag.
    pub tag: Tag,
    /// How it is put on.
    pub mode: TagMode,
}

impl TagPlan {
    /// Checks a proposal: tag grammar, counts, sizes, repeats. It refuses and never repairs.
    ///
    /// # Errors
    /// Everything that is wrong with the proposal, a sentence each.
    pub fn check(proposal: &ProposedPlan) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let tags = check_tags(proposal, &mut problems);
        let labels = check_labels("label", &proposal.labels, &mut problems);
        let annotations = check_labels("annotation", &proposal.annotations, &mut problems);
        if let Some(version) = &proposal.version
            && (version.is_empty() || version.len() > LONGEST_VALUE || version.chars().any(char::is_control))
        {
            problems.push("the version is empty, over 4096 bytes or holds control characters".to_owned());
        }
        if problems.is_empty() {
            Ok(Self { version: proposal.version.clone(), tags, labels, annotations })
        } else {
            Err(problems)
        }
    }
}

fn check_tags(proposal: &ProposedPlan, problems: &mut Vec<String>) -> Vec<PlannedTag> {
    if proposal.tags.is_empty() {
        problems.push("the plan has no tag: a plan gives at least one, a refusal gives none".to_owned());
    }
    if proposal.tags.len() > MOST_TAGS {
        problems.push(format!("the plan has {} tags, more than {MOST_TAGS}", proposal.tags.len()));
        return Vec::new();
    }
    let mut tags: Vec<PlannedTag> = Vec::with_capacity(proposal.tags.len());
    for proposed in &proposal.tags {
        match Tag::new(proposed.name.as_str()) {
            Err(_) => problems.push(format!(
                "the tag `{}` breaks `[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}`",
                excerpt(&proposed.name)
            )),
            Ok(tag) if tags.iter().any(|earlier| earlier.tag == tag) => {
                problems.push(format!("the tag `{tag}` is given twice"));
            }
            Ok(tag) => tags.push(PlannedTag { tag, mode: proposed.mode }),
        }
    }
    tags.sort_by_key(|planned| (planned.mode == TagMode::Move, planned.tag.as_str() == LATEST));
    tags
}

fn check_labels(kind: &str, labels: &[Label], problems: &mut Vec<String>) -> BTreeMap<String, String> {
    if labels.len() > MOST_LABELS {
        problems.push(format!("the plan has {} {kind}s, more than {MOST_LABELS}", labels.len()));
        return BTreeMap::new();
    }
    let mut checked = BTreeMap::new();
    for Label { name, value } in labels {
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            problems.push(format!(
                "the {kind} name `{}` is empty, over {LONGEST_NAME} bytes or holds control characters",
                excerpt(name)
            ));
        } else if value.len() > LONGEST_VALUE {
            problems.push(format!("the value of the {kind} `{name}` is over {LONGEST_VALUE} bytes"));
        } else if value.chars().any(|c| c.is_control() && c != '\t') {
            problems.push(format!("the value of the {kind} `{name}` holds control characters"));
        } else if checked.insert(name.clone(), value.clone()).is_some() {
            problems.push(format!("the {kind} `{name}` is given twice"));
        }
    }
    checked
}

/// The beginning of an outside text, safe to print.
fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ProposedTag;

    fn proposal(tags: &[(&str, TagMode)]) -> ProposedPlan {
        let tags =
            tags.iter().map(|(name, mode)| ProposedTag { name: (*name).to_owned(), mode: *mode }).collect();
        ProposedPlan { version: None, tags, labels: vec![], annotations: vec![], findings: vec![] }
    }

    #[test]
    fn latest_goes_last() {
        let plan = TagPlan::check(&proposal(&[
            ("latest", TagMode::Move),
            ("edge", TagMode::Move),
            ("v1", TagMode::Create),
        ]))
        .unwrap();
        let order: Vec<_> = plan.tags.iter().map(|planned| planned.tag.as_str()).collect();
        assert_eq!(order, ["v1", "edge", "latest"]);
    }

    #[test]
    fn refuses_and_never_repairs() {
        let long = "a".repeat(129);
        for (tags, says) in [
            (vec![], "no tag"),
            (vec![("latest", TagMode::Move), ("latest", TagMode::Create)], "given twice"),
            (vec![("not a tag", TagMode::Move)], "breaks"),
            (vec![(long.as_str(), TagMode::Move)], "breaks"),
        ] {
            let problems = TagPlan::check(&proposal(&tags)).unwrap_err();
            assert!(problems[0].contains(says), "{problems:?}");
        }
    }

    #[test]
    fn label_values_hold_no_control_characters_but_tabs() {
        let with = |value: &str| {
            let label = Label { name: "title".to_owned(), value: value.to_owned() };
            ProposedPlan { labels: vec![label], ..proposal(&[("v1", TagMode::Create)]) }
        };
        assert!(TagPlan::check(&with("a\tb")).is_ok());
        for bad in ["a\nb", "\u{1b}[2J", "\u{7f}"] {
            assert!(TagPlan::check(&with(bad)).unwrap_err()[0].contains("control"), "{bad:?}");
        }
    }

    #[test]
    fn reports_all_problems_at_once() {
        let mut proposal = proposal(&[("-", TagMode::Move), ("+", TagMode::Move)]);
        proposal.labels = vec![Label { name: String::new(), value: String::new() }];
        assert_eq!(TagPlan::check(&proposal).unwrap_err().len(), 3);
    }
}
