//! What can be set: the blocks `policy` and `filterTags` of Flux's ImagePolicy (image.toolkit.fluxcd.io, "ImagePolicies"), under
//! their own names.

use plimsoll_sdk::{SettingsProblem, go::Regexp, schemars::JsonSchema, serde::Deserialize};

use crate::constraint::Constraint;

/// Settings of `image-policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// How a tag is selected: exactly one of its members.
    pub policy: PolicyChoice,
    /// Which tags are looked at, and what of them. Absent: all of them, whole.
    #[serde(default)]
    pub filter_tags: Option<FilterTags>,
    /// Regular expressions of tags that are left out, as in the ImageRepository. Empty: `^.*\\.sig$`, signatures.
    #[serde(default)]
    pub exclusion_list: Vec<String>,
}

/// How a tag is selected; exactly one member is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct PolicyChoice {
    /// The highest version in a range.
    pub semver: Option<SemverChoice>,
    /// The last in the order of numbers.
    pub numerical: Option<Ordering>,
    /// The last in the order of texts.
    pub alphabetical: Option<Ordering>,
}

/// The highest version in a range.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct SemverChoice {
    /// The range, such as `>=1.0.0 <2.0.0`, `^1.2`, `~1.2.3` or `1.x`.
    pub range: String,
}

/// The last in an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Ordering {
    /// The order; ascending selects the greatest.
    pub order: Order,
}

/// An order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub enum Order {
    /// From the smallest to the greatest, which is selected.
    #[default]
    Asc,
    /// From the greatest to the smallest, which is selected.
    Desc,
}

/// Which tags are looked at, and what of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "camelCase")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct FilterTags {
    /// A regular expression that tags have to match.
    pub pattern: String,
    /// What of a tag is compared, such as `$ts` for the group `(?P<ts>...)`. Empty: the whole tag.
    pub extract: String,
}

impl Settings {
    /// What the types cannot say.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Vec::new();
        let PolicyChoice { semver, numerical, alphabetical } = &self.policy;
        let chosen = [semver.is_some(), numerical.is_some(), alphabetical.is_some()];
        if chosen.iter().filter(|chosen| **chosen).count() != 1 {
            problems.push(SettingsProblem::new(
                "/policy",
                "write exactly one of `semver`, `numerical` and `alphabetical`",
            ));
        }
        if let Some(semver) = semver
            && let Err(error) = semver.range.parse::<Constraint>()
        {
            problems.push(SettingsProblem::new("/policy/semver/range", error.to_string()));
        }
        if let Some(filter) = &self.filter_tags
            && let Err(error) = filter.pattern.parse::<Regexp>()
        {
            problems.push(SettingsProblem::new("/filterTags/pattern", error.to_string()));
        }
        for (index, pattern) in self.exclusion_list.iter().enumerate() {
            if let Err(error) = pattern.parse::<Regexp>() {
                problems.push(SettingsProblem::new(format!("/exclusionList/{index}"), error.to_string()));
            }
        }
        problems
    }
}
