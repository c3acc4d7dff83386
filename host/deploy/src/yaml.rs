//! YAML documents as trees whose scalars know where they stand in the text.
//!
//! Aliases are replaced by what they stand for, so that a tree is what a reader of the document sees.

use std::{collections::HashMap, ops::Range};

use granit_parser::{Event, Parser, ScalarStyle, Span};

/// How many nodes a file may have once its aliases are replaced: far more than any manifest has, and few enough that a
/// file made to explode does not.
const MOST_NODES: usize = 1_000_000;

/// How deep nodes may lie in each other once aliases are replaced.
const MOST_LEVELS: usize = 300;

/// A node.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A text, number, truth value or null.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Pairs of key and value in the order of the text.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar with its place.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    /// What it says.
    pub(crate) text: String,
    /// Whether it is written plainly, and so may be a number, truth value or null.
    pub(crate) plain: bool,
    /// Whether it is written as a block of lines (`|` or `>`).
    pub(crate) block: bool,
    /// Its tag, such as `!!str`.
    pub(crate) tag: Option<String>,
    /// The bytes that it is written in, quotes included.
    pub(crate) range: Range<usize>,
    /// Its line, counted from 1.
    pub(crate) line: usize,
}

/// Two nodes are the same when they mean the same, wherever they stand.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar(one), Self::Scalar(other)) => {
                (&one.text, one.plain, &one.tag) == (&other.text, other.plain, &other.tag)
            }
            (Self::Sequence(one), Self::Sequence(other)) => one == other,
            (Self::Mapping(one), Self::Mapping(other)) => one == other,
            _ => false,
        }
    }
}

impl Node {
    /// The value of a key. A key that is not there itself may come from a merge key (`<<`, yaml.org/type/merge).
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Mapping(pairs) = self else { return None };
        let find =
            |key: &str| pairs.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value);
        find(key).or_else(|| match find("<<")? {
            Self::Sequence(merged) => merged.iter().find_map(|node| node.get(key)),
            merged => merged.get(key),
        })
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Mapping(pairs) = self else { return None };
        let find = |key: &str| pairs.iter().position(|(name, _)| name.text() == Some(key));
        if let Some(index) = find(key) {
            return Some(&mut pairs[index].1);
        }
        let merged = find("<<")?;
        match &mut pairs[merged].1 {
            Self::Sequence(merged) => merged.iter_mut().find_map(|node| node.get_mut(key)),
            merged => merged.get_mut(key),
        }
    }

    /// A scalar that stands nowhere yet.
    pub(crate) fn scalar(text: &str, plain: bool) -> Self {
        Self::Scalar(Scalar { text: text.to_owned(), plain, block: false, tag: None, range: 0..0, line: 0 })
    }

    /// The elements of a list; none of anything else.
    pub(crate) fn items_mut(&mut self) -> &mut [Self] {
        match self {
            Self::Sequence(items) => items,
            _ => &mut [],
        }
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }
}

/// A text that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotYaml {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong there.
    pub(crate) problem: String,
}

/// A list or mapping whose end is not read yet.
struct Open {
    items: Vec<Node>,
    mapping: bool,
    anchor: usize,
}

/// Builds the trees of a stream of documents.
#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    /// What anchors stand for, with the number of nodes and of levels in it.
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

/// Reads all documents of a text.
pub(crate) fn parse(text: &str) -> Result<Vec<Node>, NotYaml> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| NotYaml { line: error.marker().line(), problem: error.info() })?;
        builder
            .take(event, &span)
            .map_err(|problem| NotYaml { line: span.start.line(), problem: problem.to_owned() })?;
    }
    Ok(builder.documents)
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                    block: matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                    tag: tag.map(|tag| tag.original()),
                    range: span.byte_range().ok_or("the parser does not say where it stands")?,
                    line: span.start.line(),
                };
                self.place(Node::Scalar(scalar), anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(false, anchor),
            Event::MappingStart(_, anchor, _) => self.begin(true, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let node =
                    self.anchors.get(&anchor).ok_or("an alias stands inside what it stands for")?.clone();
                self.nodes += size(&node, MOST_LEVELS - self.open.len().min(MOST_LEVELS))?;
                self.place(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, mapping: bool, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() >= MOST_LEVELS {
            return Err(TOO_DEEP);
        }
        self.open.push(Open { items: Vec::new(), mapping, anchor });
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let open = self.open.pop().ok_or("an end without a beginning")?;
        let node = if open.mapping {
            let mut items = open.items.into_iter();
            let mut pairs = Vec::new();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Node::Mapping(pairs)
        } else {
            Node::Sequence(open.items)
        };
        self.place(node, open.anchor)
    }

    /// Puts a whole node where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), &'static str> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err("the aliases make the document too large");
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.documents.push(node),
        }
        Ok(())
    }
}

const TOO_DEEP: &str = "the document is nested too deeply";

/// How many nodes there are in a node, itself included, unless it is deeper than allowed.
fn size(node: &Node, levels: usize) -> Result<usize, &'static str> {
    let below = levels.checked_sub(1).ok_or(TOO_DEEP)?;
    match node {
        Node::Scalar(_) => Ok(1),
        Node::Sequence(items) => items.iter().try_fold(1, |sum, item| Ok(sum + size(item, below)?)),
        Node::Mapping(pairs) => {
            pairs.iter().try_fold(1, |sum, (key, value)| Ok(sum + size(key, below)? + size(value, below)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn aliases_stand_for_what_they_refer_to() {
        let documents = parse("a: &x [1, {b: 2}]\nc: *x\n---\n- one\n").unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0].get("a"), documents[0].get("c"));
        assert_ne!(documents[0], documents[1]);
    }

    #[test]
    fn merge_keys_are_looked_into() {
        let documents = parse("a: &x {image: web}\nb: {<<: *x, name: n}\nc: {<<: [{d: e}, *x]}").unwrap();
        for key in ["b", "c"] {
            let node = documents[0].get(key).unwrap();
            assert_eq!(node.get("image").and_then(Node::text), Some("web"));
        }
    }

    #[test]
    fn a_document_made_to_explode_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(parse(&text).unwrap_err().problem.contains("too large"));

        let mut deep = "a0: &a0 x\n".to_owned();
        for level in 1..10_000 {
            deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(parse(&deep).unwrap_err().problem.contains("too deep"));
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[-a&*:<#|>'\"{}\\[\\], \n]{0,60}") {
            drop(parse(&text));
        }
    }
}
