//! Which tags are looked at, and what of them is compared.

use std::collections::BTreeMap;

use plimsoll_sdk::go::{NotARegexp, Regexp};

use crate::settings::{FilterTags, Settings};

/// A tag, and what of it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) compared: String,
    pub(crate) tag: String,
}

/// The tags as Flux keeps them: without those that are left out, the last one in the alphabet first.
pub(crate) fn scanned(settings: &Settings, tags: &[String]) -> Result<Vec<String>, NotARegexp> {
    let list: Vec<Regexp> =
        settings.exclusion_list.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    // What an ImageRepository leaves out when its list says nothing: `^.*\.sig$`, cosign's signatures.
    let left_out = |tag: &&String| match list.as_slice() {
        [] => tag.ends_with(".sig"),
        list => list.iter().any(|regexp| regexp.is_match(tag)),
    };
    let mut scanned: Vec<String> = tags.iter().filter(|tag| !left_out(tag)).cloned().collect();
    scanned.sort_unstable_by(|one, other| other.cmp(one));
    scanned.dedup();
    Ok(scanned)
}

/// The tags that are looked at. Of two tags with the same extract the later one counts, as in Flux.
pub(crate) fn apply(filter: Option<&FilterTags>, tags: Vec<String>) -> Result<Vec<Candidate>, NotARegexp> {
    let Some(filter) = filter else {
        return Ok(tags.into_iter().map(|tag| Candidate { compared: tag.clone(), tag }).collect());
    };
    let pattern: Regexp = filter.pattern.parse()?;
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut places = BTreeMap::new();
    for tag in tags {
        let compared = if filter.extract.is_empty() {
            pattern.is_match(&tag).then(|| tag.clone())
        } else {
            pattern.expand(&tag, &filter.extract)
        };
        let Some(compared) = compared else { continue };
        let place = *places.entry(compared.clone()).or_insert(candidates.len());
        match candidates.get_mut(place) {
            Some(earlier) => earlier.tag = tag,
            None => candidates.push(Candidate { compared, tag }),
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
        let tags = ["main-eee-20", "main-def-3", "main-abc-20", "dev-abc-99"].map(str::to_owned);
        let found = apply(Some(&filter), tags.to_vec()).unwrap();
        let found: Vec<_> = found.iter().map(|found| (found.compared.as_str(), found.tag.as_str())).collect();
        assert_eq!(found, [("20", "main-abc-20"), ("3", "main-def-3")]);
    }

    #[test]
    fn signatures_are_left_out_unless_the_list_says_otherwise() {
        let tags = ["1.0.0", "2.0.0", "sha256-ab.sig", "dev-1"].map(str::to_owned);
        let mut settings = Settings::default();
        assert_eq!(scanned(&settings, &tags).unwrap(), ["dev-1", "2.0.0", "1.0.0"]);
        settings.exclusion_list = vec!["^dev-".to_owned(), "^2".to_owned()];
        assert_eq!(scanned(&settings, &tags).unwrap(), ["sha256-ab.sig", "1.0.0"]);
    }
}
