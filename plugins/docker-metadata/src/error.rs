//! Why there is no answer.

use thiserror::Error;

use crate::{csv::CsvError, matching::PatternError, template::TemplateError};

/// What is wrong with the settings, or with what they ask for at this event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// An entry is no list of comma separated values.
    #[error("`{entry}`: {source}")]
    Csv {
        /// The entry.
        entry: String,
        /// What is wrong with it.
        source: CsvError,
    },
    /// An entry says what is not known, or not what it must.
    #[error("`{entry}`: {problem}")]
    Entry {
        /// The entry.
        entry: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A template cannot be filled in.
    #[error("`{template}`: {source}")]
    Template {
        /// The template.
        template: String,
        /// Why not.
        source: TemplateError,
    },
    /// A regular expression cannot be used.
    #[error("`{entry}`: {source}")]
    Pattern {
        /// The entry.
        entry: String,
        /// Why not.
        source: PatternError,
    },
    /// A rule is neither on nor off.
    #[error("`{entry}`: `enable` comes to `{value}`, and must come to `true` or `false`")]
    Enable {
        /// The entry.
        entry: String,
        /// What it came to.
        value: String,
    },
    /// `match` has no group, or one that took no part in the match.
    #[error(
        "`{entry}`: `{pattern}` matches `{value}` without a first group; put parentheses around the version"
    )]
    MatchWithoutGroup {
        /// The entry.
        entry: String,
        /// The pattern.
        pattern: String,
        /// What it matches.
        value: String,
    },
    /// The length of short commit ids is no number.
    #[error("`DOCKER_METADATA_SHORT_SHA_LENGTH` is `{value}`, and must be a number")]
    ShortShaLength {
        /// What it was set to.
        value: String,
    },
    /// No image can have what comes out.
    #[error("`{entry}`: {problem}; change the entry, as no image can have that")]
    Unacceptable {
        /// The entry.
        entry: String,
        /// What it would come to.
        problem: String,
    },
    /// `strict` refuses what comes out.
    #[error("`{entry}`: {problem}; `strict = true` does not accept it")]
    Strict {
        /// The entry.
        entry: String,
        /// What it would come to.
        problem: String,
    },
}
