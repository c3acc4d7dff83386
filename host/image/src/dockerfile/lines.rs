//! From the text of a Dockerfile to logical lines: parser directives, comments, continuation, here-documents
//! (Dockerfile reference, "Format", "Parser directives", "Here-Documents").

use super::problem::{Position, Problem};

/// The lines of a Dockerfile, ready for the instructions to be read.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The character that escapes and that continues lines.
    pub(super) escape: char,
    /// The logical lines.
    pub(super) list: Vec<LogicalLine>,
}

/// One instruction with its continuation lines joined and its comments dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LogicalLine {
    /// The joined text.
    pub(super) text: String,
    /// Where each piece of the text comes from: its first byte in `text` and its place in the file.
    pieces: Vec<(usize, Position)>,
    /// The place of all of it, when it is in another file than the one that people look at.
    pinned: Option<Position>,
    /// The here-documents that follow it.
    pub(super) here_documents: Vec<HereDocument>,
}

/// A text that stands in the Dockerfile itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HereDocument {
    /// The word that ends it, which is also the name of the file it becomes.
    pub name: String,
    /// Whether variables are expanded in it: yes unless the word is quoted.
    pub expand: bool,
    /// The text.
    pub content: String,
}

impl LogicalLine {
    /// Makes this the place of everything in it.
    pub(super) fn pin(&mut self, at: Position) {
        self.pinned = Some(at);
    }

    /// The place in the file of a byte of the text.
    pub(super) fn position(&self, offset: usize) -> Position {
        if let Some(at) = self.pinned {
            return at;
        }
        let index = self.pieces.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        let (start, at) = self.pieces[index];
        let skipped = self.text.get(start..offset).map_or(0, |text| text.chars().count());
        Position { line: at.line, column: at.column + skipped }
    }
}

/// Splits a Dockerfile into logical lines. What is wrong goes to `problems`; the rest is still read.
pub(super) fn split(text: &str, problems: &mut Vec<Problem>) -> Lines {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut physical = Physical { lines: text.split('\n').collect(), next: 0 };
    let escape = directives(&mut physical, problems);
    let mut list = Vec::new();
    while let Some(mut line) = logical_line(&mut physical, escape) {
        take_here_documents(&mut line, &mut physical, problems);
        list.push(line);
    }
    Lines { escape, list }
}

/// The lines as they stand in the file.
struct Physical<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Physical<'a> {
    /// The next line without its end, and its number from one.
    fn take(&mut self) -> Option<(usize, &'a str)> {
        let line = self.take_raw()?;
        Some((self.next, line.trim_end_matches('\r')))
    }

    /// The next line with all that is before its `\n`.
    fn take_raw(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.next)?;
        self.next += 1;
        Some(line)
    }
}

/// Reads `# escape=`, `# syntax=` and `# check=`, which count only at the very top of the file.
fn directives(physical: &mut Physical<'_>, problems: &mut Vec<Problem>) -> char {
    let mut escape = '\\';
    let mut seen = Vec::new();
    while let Some(line) = physical.lines.get(physical.next) {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|rest| rest.split_once('=')) else {
            break;
        };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        let at = Position { line: physical.next + 1, column: 1 };
        if seen.contains(&name) {
            problems.push(Problem::new(at, format!("the parser directive `{name}` is given twice")));
        }
        match name.as_str() {
            "escape" if matches!(value, "\\" | "`") => escape = if value == "`" { '`' } else { '\\' },
            "escape" => problems.push(Problem::new(
                at,
                format!("`{value}` cannot be the escape character: expected `\\` or a backquote"),
            )),
            "syntax" if is_standard_frontend(value) => {}
            "syntax" => problems.push(Problem::new(
                at,
                format!("the frontend `{value}` is not supported: only docker/dockerfile:1 and its versions are understood; remove the line, or build with `builder = \"docker\"`"),
            )),
            "check" => {}
            _ => break,
        }
        seen.push(name);
        physical.next += 1;
    }
    escape
}

/// Whether this names the usual Dockerfile language, version 1 of any kind.
fn is_standard_frontend(value: &str) -> bool {
    let name = value.strip_prefix("docker.io/").unwrap_or(value);
    let name = name.split('@').next().unwrap_or(name);
    match name.strip_prefix("docker/dockerfile") {
        Some("" | ":latest" | ":labs") => true,
        Some(rest) => rest
            .strip_prefix(":1")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('-')),
        None => false,
    }
}

fn logical_line(physical: &mut Physical<'_>, escape: char) -> Option<LogicalLine> {
    let mut line = LogicalLine::default();
    while let Some((number, whole)) = physical.take() {
        let first = line.pieces.is_empty();
        let trimmed = whole.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let piece = if first { trimmed } else { whole };
        let column = whole[..whole.len() - piece.len()].chars().count() + 1;
        let (piece, continues) = without_continuation(piece, escape);
        line.pieces.push((line.text.len(), Position { line: number, column }));
        line.text.push_str(piece);
        if !continues {
            break;
        }
    }
    let unfinished_blank = line.text.trim().is_empty();
    if line.pieces.is_empty() || (unfinished_blank && physical.next >= physical.lines.len()) {
        return None;
    }
    Some(line)
}

/// The line without the escape character at its end, and whether there was one that continues the line: an escape
/// character that is itself escaped does not.
fn without_continuation(piece: &str, escape: char) -> (&str, bool) {
    match piece.trim_end_matches([' ', '\t']).strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest, true),
        _ => (piece, false),
    }
}

fn take_here_documents(line: &mut LogicalLine, physical: &mut Physical<'_>, problems: &mut Vec<Problem>) {
    let mut words = line.text.split_whitespace();
    let mut keyword = words.next().unwrap_or_default();
    if keyword.eq_ignore_ascii_case("ONBUILD") {
        keyword = words.next().unwrap_or_default();
    }
    if !["ADD", "COPY", "RUN"].iter().any(|takes| keyword.eq_ignore_ascii_case(takes)) {
        return;
    }
    for mark in line.text.split_whitespace().filter_map(here_document_mark).collect::<Vec<_>>() {
        let mut content = String::new();
        let mut ended = false;
        while let Some(whole) = physical.take_raw() {
            let text = if mark.strip_tabs { whole.trim_start_matches('\t') } else { whole };
            if text.trim_end_matches('\r') == mark.name {
                ended = true;
                break;
            }
            content.push_str(text);
            content.push('\n');
        }
        if !ended {
            let message = format!("the here-document `{0}` has no end: a line `{0}` is missing", mark.name);
            problems.push(Problem::new(line.position(0), message));
        }
        line.here_documents.push(HereDocument { name: mark.name, expand: mark.expand, content });
    }
}

/// The beginning of a here-document: `<<WORD`, `<<-WORD`, the word perhaps in quotes.
struct Mark {
    name: String,
    expand: bool,
    strip_tabs: bool,
}

fn here_document_mark(word: &str) -> Option<Mark> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (strip_tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    if rest.contains('<') {
        return None;
    }
    let quoted = |quote: char| rest.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let name = quoted('"').or_else(|| quoted('\'')).unwrap_or(rest);
    let plain = !name.is_empty() && !name.contains(['"', '\'', '\\']);
    plain.then(|| Mark { name: name.to_owned(), expand: name.len() == rest.len(), strip_tabs })
}

/// Whether a source of COPY or ADD stands for a here-document.
pub(super) fn is_here_document(word: &str) -> bool {
    here_document_mark(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(dockerfile: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let lines = split(dockerfile, &mut problems);
        assert_eq!(problems, []);
        lines.list.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_joined() {
        let cases: [(&str, &[&str]); 9] = [
            ("\u{feff}FROM a\r\nCMD b\r\n", &["FROM a", "CMD b"]),
            ("  # comment\n\t FROM a", &["FROM a"]),
            ("ENV a=1 \\\n  b=2", &["ENV a=1   b=2"]),
            ("ENV a=1 \\  \n# comment\n\n  b=2", &["ENV a=1   b=2"]),
            ("ENV a=1 \\", &["ENV a=1 "]),
            ("# escape=`\nENV a=b\\c `\n d=e", &["ENV a=b\\c  d=e"]),
            ("FROM a\n# escape=`\nENV a=b \\\n c=d", &["FROM a", "ENV a=b  c=d"]),
            ("# comment\n# escape=`\nENV a=b \\\n c=d", &["ENV a=b  c=d"]),
            ("ENV a=b\\\\\nUSER c", &["ENV a=b\\\\", "USER c"]),
        ];
        for (dockerfile, expected) in cases {
            assert_eq!(texts(dockerfile), expected, "{dockerfile:?}");
        }
    }

    #[test]
    fn places_survive_continuation() {
        let lines = split("FROM a\n\nENV a=1 \\\n# comment\n  b=2\n", &mut Vec::new());
        let env = &lines.list[1];
        assert_eq!(env.position(0), Position { line: 3, column: 1 });
        let offset = env.text.find("b=2").expect("the word is there");
        assert_eq!(env.position(offset), Position { line: 5, column: 3 });
    }

    #[test]
    fn here_documents_are_taken() {
        let lines = split("COPY <<A <<-\"B\" /x/\n1 $x\nA\n\t2\n\tB\nUSER c", &mut Vec::new());
        assert_eq!(
            lines.list[0].here_documents,
            [
                HereDocument { name: "A".to_owned(), expand: true, content: "1 $x\n".to_owned() },
                HereDocument { name: "B".to_owned(), expand: false, content: "2\n".to_owned() },
            ]
        );
        assert_eq!(lines.list[1].text, "USER c");
    }

    #[test]
    fn here_documents_keep_their_line_ends() {
        let lines = split("copy <<E /x\r\na\r\nE\r\nOnBuild Add <<F /y\nb\nF", &mut Vec::new());
        let contents = lines.list.iter().map(|line| line.here_documents[0].content.as_str());
        assert_eq!(contents.collect::<Vec<_>>(), ["a\r\n", "b\n"]);
    }

    #[test]
    fn wrong_tops_are_told() {
        for (dockerfile, says) in [
            ("# escape=`\n# escape=\\\nFROM a", "twice"),
            ("# escape=x\nFROM a", "escape character"),
            ("# syntax=example.com/own\nFROM a", "not supported"),
            ("COPY <<END /a\nb", "no end"),
        ] {
            let mut problems = Vec::new();
            split(dockerfile, &mut problems);
            assert!(problems[0].message.contains(says), "{problems:?}");
        }
        for fine in ["docker/dockerfile:1", "docker/dockerfile:1.7-labs", "docker.io/docker/dockerfile:1.4"] {
            assert_eq!(texts(&format!("# syntax={fine}\nFROM a")), ["FROM a"]);
        }
    }
}
