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
    pub images: Vec<String>,
    /// The rules, such as `type=semver,pattern={{version}}`. Absent or empty: timetable, branch, tag and pull request.
    pub tags: Vec<String>,
    /// What holds for all tags, such as `latest=false` or `suffix=-alpine,onlatest=true`.
    pub flavor: Vec<String>,
    /// Labels to add or to take the place of others, such as `com.contoso.team=web`.
    pub labels: Vec<String>,
    /// Annotations to add or to take the place of others.
    pub annotations: Vec<String>,
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

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(crate = "plimsoll_sdk::serde", untagged)]
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
        let at = |list: &'static str| {
            move |problems: Vec<(usize, MetadataError)>| {
                problems.into_iter().map(|(place, error)| (format!("/{list}/{place}"), error)).collect()
            }
        };
        let images: Result<_, Vec<_>> = images::read(&self.images).map_err(at("images"));
        let rules: Result<_, Vec<_>> = rules::read(&self.tags).map_err(at("tags"));
        let flavor: Result<_, Vec<_>> = Flavor::read(&self.flavor).map_err(at("flavor"));
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
