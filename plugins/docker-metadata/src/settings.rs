//! The settings: the inputs of the action, under its names.

use plimsoll_sdk::{SettingsProblem, schemars::JsonSchema, serde::Deserialize};

use crate::{
    error::MetadataError,
    flavor::Flavor,
    images::{self, Image},
    rules::{self, Rule},
};

/// Settings of `docker-metadata`: the inputs of docker/metadata-action. All are optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub struct Settings {
    /// The images that get the tags, such as `ghcr.io/contoso/website` or `name=ghcr.io/contoso/website,enable=false`.
    pub images: OneOrMore,
    /// The rules, such as `type=semver,pattern={{version}}`. Absent or empty: timetable, branch, tag and pull request.
    pub tags: OneOrMore,
    /// What holds for all tags, such as `latest=false` or `suffix=-alpine,onlatest=true`.
    pub flavor: OneOrMore,
    /// Labels to add or to take the place of others, such as `com.contoso.team=web`.
    pub labels: OneOrMore,
    /// Annotations to add or to take the place of others.
    pub annotations: OneOrMore,
    /// What the action puts between tags. A plan has a list: it changes nothing.
    pub sep_tags: OneOrMore,
    /// What the action puts between labels. A plan has a list: it changes nothing.
    pub sep_labels: OneOrMore,
    /// What the action puts between annotations. A plan has a list: it changes nothing.
    pub sep_annotations: OneOrMore,
    /// The name of a target for Docker Bake. A plan has none: it changes nothing.
    pub bake_target: OneOrMore,
    /// Where the action takes the event from. Here the command's `--event` says so: it changes nothing.
    pub context: OneOrMore,
    /// Whether what loses or mangles a tag is an error.
    pub strict: bool,
}

/// A text, or a list of texts. Where entries are meant, every line of a text is one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", untagged, expecting = "expected a text or a list of texts")]
#[schemars(crate = "plimsoll_sdk::schemars")]
pub enum OneOrMore {
    /// A text.
    One(String),
    /// A list.
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl OneOrMore {
    /// The texts.
    #[must_use]
    pub const fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(list) => list.as_slice(),
        }
    }

    /// Problems with the pointers to the texts that have them.
    fn located(&self, name: &str, problems: Vec<(usize, MetadataError)>) -> Vec<(String, MetadataError)> {
        let pointer = |place: usize| match self {
            Self::One(_) => format!("/{name}"),
            Self::More(_) => format!("/{name}/{place}"),
        };
        problems.into_iter().map(|(place, error)| (pointer(place), error)).collect()
    }
}

/// The settings, read.
#[derive(Debug)]
pub struct Read {
    /// The images.
    pub images: Vec<Image>,
    /// The rules, in the order in which they are asked.
    pub rules: Vec<Rule>,
    /// What holds for all tags.
    pub flavor: Flavor,
}

impl Settings {
    /// Reads the lists.
    ///
    /// # Errors
    /// Everything that is wrong with them: where, and what.
    pub fn read(&self) -> Result<Read, Vec<(String, MetadataError)>> {
        let images = images::read(self.images.texts()).map_err(|found| self.images.located("images", found));
        let rules = rules::read(self.tags.texts()).map_err(|found| self.tags.located("tags", found));
        let flavor = Flavor::read(self.flavor.texts()).map_err(|found| self.flavor.located("flavor", found));
        match (images, rules, flavor) {
            (Ok(images), Ok(rules), Ok(flavor)) => Ok(Read { images, rules, flavor }),
            (images, rules, flavor) => {
                let problems = [images.err(), rules.err(), flavor.err()];
                Err(problems.into_iter().flatten().flatten().collect())
            }
        }
    }

    /// What is wrong with the lists.
    #[must_use]
    pub fn problems(&self) -> Vec<SettingsProblem> {
        let problems = self.read().err().unwrap_or_default();
        problems
            .into_iter()
            .map(|(pointer, error)| SettingsProblem::new(pointer, error.to_string()))
            .collect()
    }
}
