//! Files of values: one image by its dotted path.

use std::path::Path;

use plimsoll_core::{digest::Digest, reference::RepositoryName};

use super::{
    Change, Edited, Splice, TagBeside,
    edit::{self, says, set, splice},
};
use crate::{
    error::DeployError,
    gitops::error::GitOpsError,
    render::repository_of,
    yaml::{Node, Scalar},
};

/// Writes the digest to the value at a dotted path.
pub(super) fn write(file: &Path, text: &str, way: &str, change: &Change) -> Result<Edited, GitOpsError> {
    let value_error = |problem| GitOpsError::Value { file: file.to_owned(), value: way.to_owned(), problem };
    let other = |found: &str| GitOpsError::OtherRepository {
        file: file.to_owned(),
        found: found.to_owned(),
        expected: change.repository.clone(),
    };
    let mut meant = edit::parse(file, text)?;
    let document = meant.first_mut().ok_or_else(|| value_error("the file is empty"))?;
    let node = keys(way).iter().try_fold(document, |node, key| below(node, key));
    let wrong = |wrong| match wrong {
        Wrong::Shape(problem) => value_error(problem),
        Wrong::Repository(found) => other(&found),
    };
    let (splices, before) = match node.ok_or_else(|| value_error("there is nothing"))? {
        Node::Scalar(scalar) => text_value(text, scalar, change).map_err(wrong)?,
        map @ Node::Mapping(_) => map_value(text, map, change).map_err(wrong)?,
        Node::Sequence(_) => return Err(value_error("it is a list")),
    };
    let refused = |problem| DeployError::NotReplaceable { file: file.to_owned(), line: 1, problem };
    let text = splice(text, splices).filter(|text| says(text, &meant));
    let text = text.ok_or_else(|| refused("it is written in a way that is not edited, or an anchor carries it to other places, which would change too"))?;
    Ok(Edited { text, before: vec![before] })
}

enum Wrong {
    Shape(&'static str),
    Repository(String),
}

/// The keys of a dotted path; `\.` is a dot in a key, as Helm reads it.
fn keys(way: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut characters = way.chars().peekable();
    while let Some(c) = characters.next() {
        let escaped = c == '\\' && characters.peek() == Some(&'.');
        if c == '.' {
            keys.push(String::new());
        } else if let Some(key) = keys.last_mut() {
            key.push(if escaped { characters.next().unwrap_or(c) } else { c });
        }
    }
    keys
}

fn below<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    if matches!(node, Node::Sequence(_)) {
        return node.items_mut().get_mut(key.parse::<usize>().ok()?);
    }
    node.get_mut(key)
}

/// A text: an image of the repository, or a digest alone.
fn text_value(text: &str, scalar: &mut Scalar, change: &Change) -> Result<(Vec<Splice>, String), Wrong> {
    let before = scalar.text.clone();
    if scalar.block {
        return Err(Wrong::Shape("it is written as a block of lines"));
    }
    let new = if before.parse::<Digest>().is_ok() {
        change.digest.clone()
    } else {
        let written = repository_of(&before);
        if written.is_empty() {
            return Err(Wrong::Shape(
                "it is empty: write the repository there, or any digest, so that it is known what belongs there",
            ));
        }
        if !is(written, &change.repository) {
            return Err(Wrong::Repository(before));
        }
        format!("{written}@{}", change.digest)
    };
    let splices = if new == before { Vec::new() } else { vec![set(text, scalar, &new)] };
    Ok((splices, before))
}

/// A map: its `digest`, and its `tag`. `repository`, with `registry` before it where there is one, says of what.
fn map_value(text: &str, map: &mut Node, change: &Change) -> Result<(Vec<Splice>, String), Wrong> {
    let filled = |key: &str| {
        map.get(key).and_then(Node::text).filter(|text| !text.is_empty() && *text != "null" && *text != "~")
    };
    let (registry, repository) = (filled("registry"), filled("repository"));
    let name = match (registry, repository) {
        (_, None) => return Err(Wrong::Shape("the map has no `repository`")),
        (Some(registry), Some(path)) => format!("{registry}/{path}"),
        (None, Some(repository)) => repository.to_owned(),
    };
    if !is(&name, &change.repository) {
        return Err(Wrong::Repository(name));
    }
    let before = match (filled("digest"), filled("tag")) {
        (Some(digest), _) => format!("{name}@{digest}"),
        (None, Some(tag)) => format!("{name}:{tag}"),
        (None, None) => name,
    };
    let mut splices = Vec::new();
    // A chart that reads no such key would go on with the tag.
    let Some(Node::Scalar(digest)) = map.get_mut("digest") else {
        return Err(Wrong::Shape("the map has no `digest`; add an empty one if the chart reads it"));
    };
    replace(text, digest, &change.digest, &mut splices)?;
    if let (TagBeside::Set(tag), Some(Node::Scalar(scalar))) = (&change.tag, map.get_mut("tag")) {
        replace(text, scalar, tag, &mut splices)?;
    }
    Ok((splices, before))
}

fn replace(text: &str, scalar: &mut Scalar, new: &str, splices: &mut Vec<Splice>) -> Result<(), Wrong> {
    if scalar.block {
        return Err(Wrong::Shape("it is written as a block of lines"));
    }
    if scalar.text != new || new.is_empty() && scalar.plain {
        splices.push(set(text, scalar, new));
    }
    Ok(())
}

fn is(written: &str, repository: &RepositoryName) -> bool {
    written.parse::<RepositoryName>().as_ref() == Ok(repository)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change(tag: &str) -> Change {
        let digest = Digest::of(b"image").to_string();
        let tag = TagBeside::Set(tag.to_owned());
        Change { repository: "ghcr.io/contoso/website".parse().unwrap(), digest, tag }
    }

    fn written(text: &str, way: &str) -> Result<Edited, GitOpsError> {
        write(Path::new("values.yaml"), text, way, &change("1.10"))
    }

    #[test]
    fn the_value_gets_the_digest_as_it_is_written_there() {
        let old = Digest::of(b"old").to_string();
        let cases = [
            ("image: ghcr.io/contoso/website:v1 # x\n", "image", "image: ghcr.io/contoso/website@D # x\n"),
            (
                "a: {image: 'ghcr.io/contoso/website@OLD'}",
                "a.image",
                "a: {image: 'ghcr.io/contoso/website@D'}",
            ),
            ("a:\n  digest: OLD\n", "a.digest", "a:\n  digest: D\n"),
            ("a:\n- b\n- c.d: OLD\n", r"a.1.c\.d", "a:\n- b\n- c.d: D\n"),
            (
                "web:\n  # ours\n  image:\n    repository: ghcr.io/contoso/website\n    tag: v1 # version\n    digest: # none\n    pull: Always\n",
                "web.image",
                "web:\n  # ours\n  image:\n    repository: ghcr.io/contoso/website\n    tag: \"1.10\" # version\n    digest: D # none\n    pull: Always\n",
            ),
            (
                "i: {registry: ghcr.io, repository: contoso/website, tag: '', digest: \"\"}\n",
                "i",
                "i: {registry: ghcr.io, repository: contoso/website, tag: '1.10', digest: \"D\"}\n",
            ),
        ];
        for (text, way, expected) in cases {
            let (text, digest) = (text.replace("OLD", &old), change("").digest);
            let expected = expected.replace('D', &digest);
            let edited = written(&text, way).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(edited.text, expected);
            assert_eq!(written(&expected, way).unwrap().text, expected, "nothing is left to do");
        }
    }

    #[test]
    fn without_a_version_the_tag_is_emptied() {
        let text = "i:\n  repository: ghcr.io/contoso/website\n  tag: v1\n  digest: ''\n";
        let edited = write(Path::new("v"), text, "i", &change("")).unwrap();
        assert!(edited.text.contains("  tag: \"\"\n"), "{}", edited.text);
        assert_eq!(edited.before, ["ghcr.io/contoso/website:v1"]);
        assert_eq!(write(Path::new("v"), &edited.text, "i", &change("")).unwrap().text, edited.text);
    }

    #[test]
    fn what_is_no_place_for_the_digest_is_refused() {
        for (text, problem) in [
            ("", "empty"),
            ("a: 1\n", "there is nothing"),
            ("image: [a]\n", "a list"),
            ("image: ''\n", "it is empty"),
            ("image: nginx:1\n", "no image of ghcr.io/contoso/website"),
            ("image: {tag: v1}\n", "no `repository`"),
            ("image: {repository: ghcr.io/contoso/website, tag: v1}\n", "no `digest`"),
            ("image: {repository: nginx, digest: ''}\n", "no image of"),
            ("image: |\n  ghcr.io/contoso/website:v1\n", "block"),
            ("image: &i ghcr.io/contoso/website:v1\nother: *i\n", "anchor"),
        ] {
            let error = written(text, "image").unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    proptest! {
        /// Whatever surrounds the value stays as it is, byte by byte.
        #[test]
        fn only_the_value_changes(
            before in "(# ?[ a-z:'\"-]{0,20})?(\n[a-h]: [a-z0-9 \"']{0,6})?",
            quote in prop::sample::select(vec!["", "'", "\""]),
            comment in "( #[a-z:'\"]{0,9})?",
            after in "(\n[j-z]: [a-z0-9 \"']{0,6})?",
        ) {
            let text = |value: &str| format!("{before}\nimage: {quote}ghcr.io/contoso/website{value}{quote}{comment}{after}\n");
            if let Ok(edited) = written(&text(":v1"), "image") {
                prop_assert_eq!(edited.text, text(&format!("@{}", change("").digest)));
            }
        }

        #[test]
        fn any_text_is_edited_without_a_panic(text in "(image:)?[-a&*:<#|>'\"{}\\[\\], \r\n]{0,40}(repository: ghcr.io/contoso/website)?[-a:,}\\] \n]{0,9}") {
            drop(written(&text, "image"));
        }
    }
}
