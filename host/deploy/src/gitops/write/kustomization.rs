//! Kustomizations: the entries of `images`.
//!
//! An entry is of the image that it makes: `newName` where it has one, else `name`
//! (kubectl.docs.kubernetes.io/references/kustomize/kustomization/images).

use std::path::Path;

use plimsoll_core::reference::RepositoryName;

use super::{
    Change, Edited, Splice,
    edit::{self, add_after, before_on_line, end_of_line, line_end, remove, says, scalar, set, splice},
    familiar,
};
use crate::{error::DeployError, gitops::error::GitOpsError, yaml::Node};

/// What kustomize calls its file.
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

type Pairs = Vec<(Node, Node)>;

/// Writes the digest into the entries of the repository; adds one where there is none.
pub(super) fn write(file: &Path, text: &str, change: &Change) -> Result<Edited, GitOpsError> {
    let refused = |line, problem| DeployError::NotReplaceable { file: file.to_owned(), line, problem };
    let mut meant = edit::parse(file, text)?;
    let [Node::Mapping(root)] = meant.as_mut_slice() else {
        return Err(refused(1, "the file is not one document with keys and values").into());
    };
    let images = root.iter().position(|(key, _)| key.text() == Some("images"));
    let (mut ways, mut before) = (Ways::none(), Vec::new());
    if let Some(Node::Sequence(entries)) = images.map(|index| &mut root[index].1) {
        for entry in entries {
            let Node::Mapping(pairs) = entry else { continue };
            if image(pairs).as_ref() == Some(&change.repository) {
                before.push(written(pairs));
                let line = scalar(&pairs[0].0).map_or(1, |key| key.line);
                let more = put(text, pairs, &change.digest)
                    .ok_or_else(|| refused(line, "the entry is written in a way that is not edited"))?;
                ways = ways.and(&more);
            }
        }
    }
    if before.is_empty() {
        let line = images.and_then(|index| scalar(&root[index].0)).map_or(1, |key| key.line);
        ways = add(text, root, images, change).ok_or_else(|| {
            refused(line, "an entry cannot be added to `images` as it is written: add it by hand")
        })?;
    }
    let proved =
        ways.0.into_iter().find_map(|splices| splice(text, splices).filter(|text| says(text, &meant)));
    let text = proved.ok_or_else(|| refused(1, "`images` is written in a way that is not edited"))?;
    Ok(Edited { text, before })
}

/// Ways to change the text, best first.
struct Ways(Vec<Vec<Splice>>);

impl Ways {
    fn none() -> Self {
        Self(vec![Vec::new()])
    }

    fn one(splices: Vec<Splice>) -> Self {
        Self(vec![splices])
    }

    /// Each way of these followed by each way of those. Entries are written alike, so few are kept.
    fn and(&self, more: &Self) -> Self {
        let pairs =
            self.0.iter().flat_map(|one| more.0.iter().map(|other| [one.clone(), other.clone()].concat()));
        Self(pairs.take(16).collect())
    }
}

fn find(pairs: &Pairs, key: &str) -> Option<usize> {
    pairs.iter().position(|(name, _)| name.text() == Some(key))
}

fn text_of<'a>(pairs: &'a Pairs, key: &str) -> Option<&'a str> {
    find(pairs, key).and_then(|index| pairs[index].1.text()).filter(|text| !matches!(*text, "" | "~"))
}

/// The repository that an entry makes.
fn image(pairs: &Pairs) -> Option<RepositoryName> {
    text_of(pairs, "newName").or_else(|| text_of(pairs, "name"))?.parse().ok()
}

/// The image as an entry has it.
fn written(pairs: &Pairs) -> String {
    let name = text_of(pairs, "newName").or_else(|| text_of(pairs, "name")).unwrap_or_default();
    match (text_of(pairs, "digest"), text_of(pairs, "newTag")) {
        (Some(digest), _) => format!("{name}@{digest}"),
        (None, Some(tag)) => format!("{name}:{tag}"),
        (None, None) => name.to_owned(),
    }
}

/// Writes the digest into an entry, and takes its tag out.
fn put(text: &str, pairs: &mut Pairs, digest: &str) -> Option<Ways> {
    match (find(pairs, "digest"), find(pairs, "newTag")) {
        (Some(at), tag) => {
            let mut splices = Vec::new();
            if let Some(tag) = tag {
                splices.push(remove(text, pairs, tag)?);
            }
            splices.extend(replace(text, &mut pairs[at].1, digest)?);
            if let Some(tag) = tag {
                pairs.remove(tag);
            }
            Some(Ways::one(splices))
        }
        // The tag's place becomes the digest's, with the comment beside it.
        (None, Some(tag)) => {
            let (key, value) = &mut pairs[tag];
            let Node::Scalar(key) = key else { return None };
            let mut splices = vec![set(text, key, "digest")];
            if splices[0].1.starts_with('"') && !text[splices[0].0.clone()].starts_with('"') {
                key.plain = true;
                splices[0].1 = "digest".to_owned();
            }
            splices.extend(replace(text, value, digest)?);
            Some(Ways::one(splices))
        }
        (None, None) => {
            let last = ["newName", "name"].iter().find_map(|key| find(pairs, key))?;
            let ways = add_after(text, &pairs[last], "digest", digest)?;
            let is_quoted = ways[1].1.ends_with('"');
            let [line, same] = ways.map(|splice| vec![splice]);
            // Only JSON quotes its keys, and it is written in one way.
            let ways = if is_quoted { vec![same] } else { vec![line, same] };
            pairs.insert(last + 1, (Node::scalar("digest", !is_quoted), Node::scalar(digest, !is_quoted)));
            Some(Ways(ways))
        }
    }
}

/// Nothing when it says so already.
fn replace(text: &str, value: &mut Node, new: &str) -> Option<Option<Splice>> {
    let Node::Scalar(scalar) = value else { return None };
    if scalar.block {
        return None;
    }
    Some((scalar.text != new).then(|| set(text, scalar, new)))
}

/// Adds an entry for the repository.
fn add(text: &str, root: &mut Pairs, images: Option<usize>, change: &Change) -> Option<Ways> {
    let (name, digest, newline) = (familiar(&change.repository), &change.digest, end_of_line(text));
    let pairs = [("name", name.as_str()), ("digest", digest)]
        .map(|(key, value)| (Node::scalar(key, true), Node::scalar(value, true)));
    let entry = Node::Mapping(pairs.into());
    let lines = |dash: &str| format!("{dash}- name: {name}{newline}{dash}  digest: {digest}{newline}");
    let gap = if text.ends_with('\n') || text.is_empty() { "" } else { newline };
    let Some(images) = images else {
        root.push((Node::scalar("images", true), Node::Sequence(vec![entry])));
        return Some(Ways::one(vec![(
            text.len()..text.len(),
            format!("{gap}images:{newline}{}", lines("")),
        )]));
    };
    let (key, value) = &mut root[images];
    let key = scalar(key)?;
    if name_is_taken(value, &name) {
        return None;
    }
    let splice = match value {
        Node::Sequence(entries) if entries.is_empty() => {
            let brackets = key.range.end + text[key.range.end..].find("[]")?;
            // What stands behind the brackets stays behind the key.
            let end = line_end(text, brackets);
            let rest = text[brackets + 2..end].trim_end();
            let colon = key.range.end + text[key.range.end..brackets].find(':')? + 1;
            (colon..end, format!("{rest}{newline}{}", lines("")))
        }
        Node::Sequence(entries) => {
            let first = first_scalar(entries.first()?)?;
            let dash =
                before_on_line(text, first).strip_suffix("- ").filter(|dash| dash.trim().is_empty())?;
            let end = line_end(text, last_byte(entries.last()?)?);
            let gap = if text[..end].ends_with('\n') { "" } else { newline };
            (end..end, format!("{gap}{}", lines(dash)))
        }
        Node::Scalar(nothing) if nothing.text.is_empty() || nothing.text == "~" || nothing.text == "null" => {
            let end = line_end(text, key.range.end);
            let gap = if text[..end].ends_with('\n') { "" } else { newline };
            let splices =
                vec![(nothing.range.clone(), String::new()), (end..end, format!("{gap}{}", lines("")))];
            *value = Node::Sequence(vec![entry]);
            return Some(Ways::one(splices));
        }
        _ => return None,
    };
    if let Node::Sequence(entries) = value {
        entries.push(entry);
    }
    Some(Ways::one(vec![splice]))
}

/// Whether an entry takes the name already, to make another image of it.
fn name_is_taken(images: &Node, name: &str) -> bool {
    let Node::Sequence(entries) = images else { return false };
    let wanted = name.parse::<RepositoryName>().ok();
    entries
        .iter()
        .any(|entry| entry.get("name").and_then(Node::text).and_then(|name| name.parse().ok()) == wanted)
}

fn first_scalar(node: &Node) -> Option<usize> {
    match node {
        Node::Scalar(scalar) => Some(scalar.range.start),
        Node::Sequence(items) => first_scalar(items.first()?),
        Node::Mapping(pairs) => first_scalar(&pairs.first()?.0),
    }
}

fn last_byte(node: &Node) -> Option<usize> {
    match node {
        Node::Scalar(scalar) => Some(scalar.range.end),
        Node::Sequence(items) => last_byte(items.last()?),
        Node::Mapping(pairs) => last_byte(&pairs.last()?.1),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::digest::Digest;
    use proptest::prelude::*;

    use super::*;
    use crate::gitops::write::TagBeside;

    fn change() -> Change {
        let digest = Digest::of(b"image").to_string();
        Change { repository: "ghcr.io/contoso/website".parse().unwrap(), digest, tag: TagBeside::Keep }
    }

    fn written_to(text: &str) -> Result<Edited, GitOpsError> {
        write(Path::new("kustomization.yaml"), text, &change())
    }

    #[test]
    fn entries_of_the_repository_get_the_digest() {
        let cases = [
            // A tag's place becomes the digest's.
            (
                "# Site\nimages:\n  - name: website # placeholder\n    newName: ghcr.io/contoso/website\n    newTag: v1 # set by Plimsoll\n  - {name: other, newTag: v1}\nresources: [a.yaml]\n",
                "# Site\nimages:\n  - name: website # placeholder\n    newName: ghcr.io/contoso/website\n    digest: D # set by Plimsoll\n  - {name: other, newTag: v1}\nresources: [a.yaml]\n",
            ),
            // An old digest is replaced, in its quotes; a tag beside it goes.
            (
                "images:\n- name: ghcr.io/contoso/website\n  newTag: v1\n  digest: 'sha256:0'\n",
                "images:\n- name: ghcr.io/contoso/website\n  digest: 'D'\n",
            ),
            (
                "images:\n- newTag: v1\n  name: ghcr.io/contoso/website\n  digest: x1\n",
                "images:\n- name: ghcr.io/contoso/website\n  digest: D\n",
            ),
            (
                "images: [{name: ghcr.io/contoso/website, digest: x1, newTag: v1}]",
                "images: [{name: ghcr.io/contoso/website, digest: D}]",
            ),
            // A digest that is missing comes behind the name.
            (
                "images:\n- name: ghcr.io/contoso/website",
                "images:\n- name: ghcr.io/contoso/website\n  digest: D\n",
            ),
            (
                "images:\r\n- name: ghcr.io/contoso/website\r\nz: 1\r\n",
                "images:\r\n- name: ghcr.io/contoso/website\r\n  digest: D\r\nz: 1\r\n",
            ),
            (
                "images: [{name: ghcr.io/contoso/website}]\n",
                "images: [{name: ghcr.io/contoso/website, digest: D}]\n",
            ),
            (
                "{\"images\": [{\"name\": \"ghcr.io/contoso/website\"}]}",
                "{\"images\": [{\"name\": \"ghcr.io/contoso/website\", \"digest\": \"D\"}]}",
            ),
        ];
        for (text, expected) in cases {
            let expected = expected.replace('D', &change().digest);
            assert_eq!(written_to(text).unwrap().text, expected, "{text}");
            let again = written_to(&expected).unwrap();
            assert_eq!(again.text, expected, "nothing is left to do: {text}");
        }
        let text = "images:\n- name: ghcr.io/contoso/website\n  newTag: v1\n";
        assert_eq!(written_to(text).unwrap().before, ["ghcr.io/contoso/website:v1"]);
    }

    #[test]
    fn a_missing_entry_is_added() {
        let entry = "- name: ghcr.io/contoso/website\n  digest: D\n";
        let indented = "  - name: ghcr.io/contoso/website\n    digest: D\n";
        let cases = [
            ("resources: [a]\n".to_owned(), format!("resources: [a]\nimages:\n{entry}")),
            ("resources: [a] # x".to_owned(), format!("resources: [a] # x\nimages:\n{entry}")),
            (
                "images: [] # none\nresources: [a]\n".to_owned(),
                format!("images: # none\n{entry}resources: [a]\n"),
            ),
            ("images:\nresources: [a]\n".to_owned(), format!("images:\n{entry}resources: [a]\n")),
            (
                "images:\n  - name: other\n    newTag: v1 # x\n\nresources: [a]\n".to_owned(),
                format!("images:\n  - name: other\n    newTag: v1 # x\n{indented}\nresources: [a]\n"),
            ),
        ];
        for (text, expected) in cases {
            let expected = expected.replace('D', &change().digest);
            let edited = written_to(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((edited.text, edited.before), (expected, vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_not_edited_is_refused_with_its_line() {
        for text in [
            "a: 1\nimages: [{name: other}]\n",
            "a: 1\nimages: {}\n",
            "a: 1\nimages:\n- {name: ghcr.io/contoso/website, newName: elsewhere/website}\n",
            "a: 1\nimages:\n- {name: ghcr.io/contoso/website, digest: [x]}\n",
        ] {
            let error = written_to(text).unwrap_err().to_string();
            assert!(error.starts_with("kustomization.yaml:"), "{text}: {error}");
        }
        assert!(written_to("- a\n").is_err());
        assert!(written_to("a: [\n").is_err());
        let anchored = "images:\n- &a {name: ghcr.io/contoso/website, newTag: v1}\nother: *a\n";
        assert!(written_to(anchored).is_err());
    }

    proptest! {
        /// Whatever surrounds an entry stays as it is, byte by byte.
        #[test]
        fn only_the_entry_changes(
            before in "(# ?[ a-z:'\"-]{0,20})?(\n[a-h]: [a-z0-9 \"']{0,6})?",
            indent in 0_usize..4,
            quote in prop::sample::select(vec!["", "'", "\""]),
            key in prop::sample::select(vec!["newTag", "digest"]),
            comment in "( #[a-z:'\"]{0,9})?",
            after in "(\n[j-z]: [a-z0-9 \"']{0,6})?",
        ) {
            let dash = " ".repeat(indent);
            let text = |key: &str, value: &str| format!(
                "{before}\nimages:\n{dash}- name: ghcr.io/contoso/website{comment}\n{dash}  {key}: {quote}{value}{quote}{comment}{after}\n"
            );
            // Quotes around it may make the whole a text of many lines, and then the entry is added.
            if let Ok(edited) = written_to(&text(key, "v1")) && !edited.before.is_empty() {
                prop_assert_eq!(edited.text, text("digest", &change().digest));
            }
        }

        #[test]
        fn any_text_is_edited_without_a_panic(text in "(images:)?[-a&*:<#|>'\"{}\\[\\], \r\n]{0,40}(name: ghcr.io/contoso/website)?[-a:,}\\] \n]{0,9}") {
            if let Ok(edited) = written_to(&text) {
                prop_assert!(edited.text.contains(&change().digest));
            }
        }
    }
}
