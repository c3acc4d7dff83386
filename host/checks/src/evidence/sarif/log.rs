//! The parts of a log file that count, and the level of a result.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::evidence::Level;

/// A log file (section 3.13).
#[derive(Deserialize)]
pub(super) struct Log {
    pub(super) version: String,
    pub(super) runs: Vec<Run>,
}

/// One run of a tool (section 3.14).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    #[serde(default)]
    pub(super) results: Option<Vec<Result>>,
    #[serde(default)]
    invocations: Option<Vec<Invocation>>,
    #[serde(default)]
    pub(super) external_property_file_references: Option<ExternalFiles>,
}

/// Section 3.15.
#[derive(Deserialize)]
pub(super) struct ExternalFiles {
    #[serde(default)]
    pub(super) results: Option<Vec<IgnoredAny>>,
}

/// Section 3.18.
#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) driver: Component,
    #[serde(default)]
    extensions: Option<Vec<Component>>,
}

/// Section 3.19.
#[derive(Deserialize)]
pub(super) struct Component {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    guid: Option<String>,
    #[serde(default)]
    rules: Option<Rules>,
}

/// The rules of a component in their order, and where each id is first.
#[derive(Default)]
struct Rules {
    list: Vec<Rule>,
    places: HashMap<String, usize>,
}

/// Section 3.49.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    id: String,
    #[serde(default)]
    guid: Option<String>,
    #[serde(default)]
    default_configuration: Option<Configuration>,
}

/// Section 3.50.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    level: Option<Level>,
}

/// Section 3.20.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    #[serde(default)]
    pub(super) execution_successful: Option<bool>,
    #[serde(default)]
    rule_configuration_overrides: Option<Vec<Override>>,
}

/// Section 3.51.
#[derive(Deserialize)]
struct Override {
    configuration: Configuration,
    descriptor: Reference,
}

/// What names a rule (section 3.52).
#[derive(Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    index: Option<i64>,
    #[serde(default)]
    guid: Option<String>,
    #[serde(default)]
    tool_component: Option<ComponentReference>,
}

/// What names a component (section 3.54).
#[derive(Default, Clone, Deserialize)]
struct ComponentReference {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    index: Option<i64>,
    #[serde(default)]
    guid: Option<String>,
}

/// Section 3.27.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Result {
    #[serde(default)]
    pub(super) kind: Option<Kind>,
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    rule_index: Option<i64>,
    #[serde(default)]
    rule: Option<Reference>,
    #[serde(default)]
    pub(super) baseline_state: Option<BaselineState>,
    #[serde(default)]
    pub(super) suppressions: Option<Vec<Suppression>>,
    #[serde(default)]
    provenance: Option<Provenance>,
}

/// Section 3.27.9.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Pass,
    Open,
    Informational,
    NotApplicable,
    Review,
    Fail,
}

/// Section 3.27.24.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum BaselineState {
    New,
    Unchanged,
    Updated,
    Absent,
}

/// Section 3.35.
#[derive(Deserialize)]
pub(super) struct Suppression {
    #[serde(default)]
    pub(super) status: Option<Status>,
}

/// Section 3.35.3.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Accepted,
    UnderReview,
    Rejected,
}

/// Section 3.48.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provenance {
    #[serde(default)]
    invocation_index: Option<i64>,
}

/// A rule's place: the extension, or the driver when absent, and the place among its rules.
type Place = (Option<usize>, usize);

impl Run {
    pub(super) fn invocations(&self) -> impl Iterator<Item = &Invocation> {
        self.invocations.iter().flatten()
    }

    /// The level of a result of the kind `fail` (section 3.27.10): its own, else what the invocation that found it set for its
    /// rule, else the rule's, else `warning`.
    pub(super) fn level(&self, result: &Result) -> Level {
        if let Some(level) = result.level {
            return level;
        }
        let Some(place) = self.place(&result.reference()) else { return Level::Warning };
        self.overridden(result, place).or_else(|| self.rule(place)?.level()).unwrap_or(Level::Warning)
    }

    fn overridden(&self, result: &Result, place: Place) -> Option<Level> {
        let index = usize::try_from(result.provenance.as_ref()?.invocation_index?).ok()?;
        let overrides = self.invocations.as_ref()?.get(index)?.rule_configuration_overrides.as_ref()?;
        let about_it = overrides.iter().find(|change| self.place(&change.descriptor) == Some(place))?;
        about_it.configuration.level
    }

    fn rule(&self, (extension, index): Place) -> Option<&Rule> {
        self.component(extension)?.rules.as_ref()?.list.get(index)
    }

    fn component(&self, extension: Option<usize>) -> Option<&Component> {
        match extension {
            None => Some(&self.tool.driver),
            Some(index) => self.tool.extensions.as_ref()?.get(index),
        }
    }

    /// Where the rule is that a reference means (section 3.52.3), if it is in the log at all.
    fn place(&self, reference: &Reference) -> Option<Place> {
        let extension = match &reference.tool_component {
            Some(component) => self.extension(component)?,
            None => None,
        };
        let rules = self.component(extension)?.rules.as_ref()?;
        let index = match reference.index.and_then(|index| usize::try_from(index).ok()) {
            Some(index) => (index < rules.list.len()).then_some(index),
            None => rules.find(reference),
        };
        Some((extension, index?))
    }

    fn extension(&self, component: &ComponentReference) -> Option<Option<usize>> {
        if let Some(index) = component.index.and_then(|index| usize::try_from(index).ok()) {
            return Some(Some(index));
        }
        let same = |other: &Component| match (&component.guid, &component.name) {
            (Some(guid), _) => other.guid.as_ref() == Some(guid),
            (None, Some(name)) => other.name == *name,
            (None, None) => false,
        };
        if component.guid.is_none() && component.name.is_none() || same(&self.tool.driver) {
            return Some(None);
        }
        self.tool.extensions.iter().flatten().position(same).map(Some)
    }
}

impl Result {
    /// What names its rule: `rule`, with `ruleId` and `ruleIndex` where that one has none (sections 3.27.5 to 3.27.7).
    fn reference(&self) -> Reference {
        let mut reference = self.rule.clone().unwrap_or_default();
        reference.id = reference.id.or_else(|| self.rule_id.clone());
        reference.index = reference.index.or(self.rule_index);
        reference
    }
}

impl Rules {
    /// A rule by its unique identifier or its id. Section 3.52.4: an id may go on with components of its own below a rule's.
    fn find(&self, reference: &Reference) -> Option<usize> {
        if let Some(guid) = &reference.guid
            && let Some(index) = self.list.iter().position(|rule| rule.guid.as_ref() == Some(guid))
        {
            return Some(index);
        }
        let mut id = reference.id.as_deref()?;
        loop {
            if let Some(index) = self.places.get(id) {
                return Some(*index);
            }
            (id, _) = id.rsplit_once('/')?;
        }
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        let list = Vec::<Rule>::deserialize(deserializer)?;
        let mut places = HashMap::new();
        for (index, rule) in list.iter().enumerate() {
            places.entry(rule.id.clone()).or_insert(index);
        }
        Ok(Self { list, places })
    }
}

impl Rule {
    fn level(&self) -> Option<Level> {
        self.default_configuration.as_ref()?.level
    }
}
