//! Which tags are looked at, and what of them is compared.

use regex_lite::Regex;

use crate::settings::FilterTags;

/// A tag, and what of it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) compared: String,
    pub(crate) tag: String,
}

/// Reads a regular expression.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
}

/// The tags that are looked at. Of two tags with the same extract the later one counts, as in Flux.
pub(crate) fn apply(filter: Option<&FilterTags>, tags: &[String]) -> Result<Vec<Candidate>, String> {
    let whole = |tag: &String| Candidate { compared: tag.clone(), tag: tag.clone() };
    let Some(filter) = filter.filter(|filter| !filter.pattern.is_empty()) else {
        return Ok(tags.iter().map(whole).collect());
    };
    let expression = compile(&filter.pattern)?;
    let mut candidates: Vec<Candidate> = Vec::new();
    for tag in tags {
        let Some(captures) = expression.captures(tag) else { continue };
        let mut candidate = whole(tag);
        if !filter.extract.is_empty() {
            candidate.compared.clear();
            captures.expand(&filter.extract, &mut candidate.compared);
        }
        match candidates.iter_mut().find(|earlier| earlier.compared == candidate.compared) {
            Some(earlier) => *earlier = candidate,
            None => candidates.push(candidate),
        }
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extract_is_compared_and_the_tag_selected() {
        let filter =
            FilterTags { pattern: "^main-[a-f0-9]+-(?P<ts>[0-9]+)$".to_owned(), extract: "$ts".to_owned() };
        let tags = ["main-abc-20", "main-def-3", "dev-abc-99", "main-eee-20"].map(str::to_owned);
        let found = apply(Some(&filter), &tags).unwrap();
        let found: Vec<_> = found.iter().map(|found| (found.compared.as_str(), found.tag.as_str())).collect();
        assert_eq!(found, [("20", "main-eee-20"), ("3", "main-def-3")]);
    }
}
