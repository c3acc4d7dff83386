//! What holds for all tags: the entries of `flavor`.

use crate::{
    derive::sanitised,
    entries::{self, problem},
    error::MetadataError,
};

/// What the newest image is tagged with.
pub const LATEST: &str = "latest";

/// Whether there is a tag `latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Latest {
    /// The rule that gives the version decides.
    #[default]
    Auto,
    /// Wherever there is a tag.
    Always,
    /// Never of itself.
    Never,
}

/// What holds for all tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flavor {
    /// Whether there is a tag `latest`.
    pub latest: Latest,
    /// What stands before tags.
    pub prefix: String,
    /// Whether it stands before `latest` too.
    pub prefix_latest: bool,
    /// What stands behind tags.
    pub suffix: String,
    /// Whether it stands behind `latest` too.
    pub suffix_latest: bool,
}

impl Flavor {
    /// Reads a list; later entries win.
    ///
    /// # Errors
    /// Everything that is wrong with the list: the place of an entry, and what.
    pub fn read(list: &[String]) -> Result<Self, Vec<(usize, MetadataError)>> {
        let mut flavor = Self::default();
        let problems: Vec<_> =
            entries::of(list).filter_map(|(place, entry)| Some((place, flavor.add(entry).err()?))).collect();
        if problems.is_empty() { Ok(flavor) } else { Err(problems) }
    }

    /// The tag that points to the newest image: with the affixes that reach it, as they are written.
    #[must_use]
    pub fn latest_tag(&self) -> String {
        let prefix = if self.prefix_latest { self.prefix.as_str() } else { "" };
        let suffix = if self.suffix_latest { self.suffix.as_str() } else { "" };
        sanitised(&format!("{prefix}{LATEST}{suffix}"))
    }

    fn add(&mut self, entry: &str) -> Result<(), MetadataError> {
        // What `onlatest` is about: the affix before it.
        let mut affix = None;
        for pair in entries::pairs_between(entry)? {
            let Some(key) = pair.key else {
                return Err(problem(entry, format!("`{}` has no `=`", pair.value)));
            };
            match key.as_str() {
                "latest" => {
                    self.latest = match pair.value.as_str() {
                        "auto" => Latest::Auto,
                        "true" => Latest::Always,
                        "false" => Latest::Never,
                        _ => return Err(problem(entry, "`latest` must be `auto`, `true` or `false`")),
                    }
                }
                "prefix" => {
                    self.prefix = pair.value;
                    affix = Some(true);
                }
                "suffix" => {
                    self.suffix = pair.value;
                    affix = Some(false);
                }
                "onlatest" => {
                    let on = match pair.value.as_str() {
                        "true" => true,
                        "false" => false,
                        _ => return Err(problem(entry, "`onlatest` must be `true` or `false`")),
                    };
                    match affix {
                        Some(true) => self.prefix_latest = on,
                        Some(false) => self.suffix_latest = on,
                        None => {}
                    }
                }
                other => return Err(problem(entry, format!("there is no `{other}`"))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[&str]) -> Result<Flavor, Vec<(usize, MetadataError)>> {
        Flavor::read(&list.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn affixes_reach_latest_where_asked() {
        let flavor = read(&["latest=true,prefix=a=b,onlatest=true", "suffix=-x", "onlatest=true"]).unwrap();
        let expected = Flavor {
            latest: Latest::Always,
            prefix: "a".to_owned(),
            prefix_latest: true,
            suffix: "-x".to_owned(),
            suffix_latest: false,
        };
        assert_eq!(flavor, expected);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for entry in ["latest", "latest=yes", "prefix=a,onlatest=1", "colour=red", "latest=true,"] {
            assert!(read(&[entry]).is_err(), "{entry}");
        }
    }
}
