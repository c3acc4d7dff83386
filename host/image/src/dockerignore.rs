//! `.dockerignore`: which files of the context do not exist for the build (Docker's documentation, "Build context",
//! ".dockerignore files").

use crate::glob::{Glob, InvalidPattern};

/// The rules of a `.dockerignore`. The last one that matches a path, or a folder above it, decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    glob: Glob,
    /// Whether it began with `!`.
    includes: bool,
}

/// What the rules say about one path; needed for the paths below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// For each rule whether it matches the path or a folder above it.
    matched: Vec<bool>,
    /// Whether the path is left out.
    pub excluded: bool,
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct InvalidRule {
    /// The line, from one.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

impl Ignore {
    /// Reads a `.dockerignore`.
    ///
    /// # Errors
    /// A pattern is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let pattern = line.trim();
            if line.starts_with('#') || pattern.is_empty() {
                continue;
            }
            let invalid = |problem| InvalidRule { line: index + 1, problem };
            let rule = Rule::parse(pattern).map_err(|error| invalid(error.to_string()))?;
            rules
                .push(rule.ok_or_else(|| invalid("a `!` alone includes nothing: add a pattern".to_owned()))?);
        }
        Ok(Self { rules })
    }

    /// Rules from patterns, as `COPY --exclude` has them.
    pub(crate) fn from_patterns<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidPattern> {
        let rules: Result<Vec<_>, _> = patterns.into_iter().map(Rule::parse).collect();
        Ok(Self { rules: rules?.into_iter().flatten().collect() })
    }

    /// Rules that leave nothing but what a pattern matches, less what further patterns leave out.
    pub(crate) fn only<'a>(
        pattern: &str,
        exclude: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidPattern> {
        let everything = Rule { glob: Glob::parse_deep("**")?, includes: false };
        let wanted = Rule { glob: Glob::parse_deep(&clean(pattern))?, includes: true };
        let rest = Self::from_patterns(exclude)?;
        Ok(Self { rules: [vec![everything, wanted], rest.rules].concat() })
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What the rules say about a path, given what they say about the folder that it is in. Paths are relative to the
    /// root, with `/` between their parts.
    #[must_use]
    pub fn check(&self, path: &str, parent: &Verdict) -> Verdict {
        let mut verdict = Verdict { matched: Vec::with_capacity(self.rules.len()), excluded: false };
        for (index, rule) in self.rules.iter().enumerate() {
            let matched = parent.matched.get(index) == Some(&true) || rule.glob.matches(path);
            verdict.matched.push(matched);
            if matched {
                verdict.excluded = !rule.includes;
            }
        }
        verdict
    }

    /// Whether something below a folder may be included though the folder is not.
    #[must_use]
    pub fn may_include_below(&self, folder: &str) -> bool {
        let beginning = format!("{folder}/");
        self.rules.iter().any(|rule| rule.includes && rule.glob.could_match_beyond(&beginning))
    }
}

impl Rule {
    /// `None` for a `!` alone.
    fn parse(pattern: &str) -> Result<Option<Self>, InvalidPattern> {
        let (includes, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, pattern),
        };
        let cleaned = clean(pattern);
        // `!/` names nothing either, once its slash is gone.
        if pattern.is_empty() || (includes && pattern.starts_with('/') && cleaned == ".") {
            return Ok(None);
        }
        Ok(Some(Self { glob: Glob::parse_deep(&cleaned)?, includes }))
    }
}

/// The pattern without `.`, `..`, double slashes, and slashes at its ends, as Go's `filepath.Clean` leaves it.
fn clean(pattern: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if pattern.starts_with('/') => {}
            _ => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a path is left out, folder by folder from the top as a walk does it.
    fn excluded(rules: &str, path: &str) -> bool {
        let ignore = Ignore::parse(rules).unwrap();
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.fold(Verdict::default(), |parent, end| ignore.check(&path[..end], &parent)).excluded
    }

    #[test]
    fn the_last_match_decides() {
        for (rules, path, expected) in [
            ("a", "a", true),
            ("a", "b/a", false),
            ("a", "a/b/c", true),
            ("/a/", "a/b", true),
            ("./a/../b", "b", true),
            ("*/a", "b/a", true),
            ("*/a", "b/c/a", false),
            ("*.md\n!README.md", "README.md", false),
            ("*.md\n!README.md\nREADME*", "README.md", true),
            ("*\n!src", "src/a/b", false),
            ("*\n!src\nsrc/a", "src/a/b", true),
            ("docs\n!docs/keep.md", "docs/keep.md", false),
            ("docs\n!docs/keep.md", "docs/other.md", true),
            ("**/node_modules", "node_modules/x", true),
            ("**/node_modules", "a/b/node_modules/x", true),
            ("a/**", "a", false),
            ("a/**", "a/b/c", true),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z", true),
            ("**", "any/thing", true),
            ("**/*.go", "a/b/c.go", true),
            ("a?", "ab", true),
            ("a?", "a/", false),
            ("# a\n#b", "# a", false),
            (" # a", "# a", true),
            ("\u{feff}a", "a", true),
            ("a.b", "axb", false),
            ("  a  \r\n", "a", true),
            ("! a\n*\n! a", "a", false),
            (".", "a", false),
        ] {
            assert_eq!(excluded(rules, path), expected, "{rules:?} {path}");
        }
    }

    #[test]
    fn wrong_rules_name_their_line() {
        for rules in ["a\n!", "a\n[", "a\nb\\"] {
            assert_eq!(Ignore::parse(rules).unwrap_err().line, 2, "{rules:?}");
        }
    }

    #[test]
    fn only_folders_that_may_hold_something_are_entered() {
        let ignore = Ignore::parse("*\n!src/keep\n!**/*.md").unwrap();
        assert!(ignore.may_include_below("src"));
        assert!(ignore.may_include_below("other"));
        let ignore = Ignore::parse("*\n!src/keep").unwrap();
        assert!(ignore.may_include_below("src"));
        assert!(!ignore.may_include_below("other"));
    }
}
