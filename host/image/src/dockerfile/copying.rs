//! The words of COPY and ADD.

use super::{
    instruction::{Copy, Source, Word},
    lines,
    parse::{flag_value, list, set_once, twice, unknown_flag},
    problem::Problem,
    remote::Remote,
    template::Template,
    words::{Flag, Rest},
};

/// The flags of COPY and of ADD.
const OF_COPY: [&str; 6] = ["chmod", "chown", "exclude", "from", "link", "parents"];
const OF_ADD: [&str; 7] = ["checksum", "chmod", "chown", "exclude", "keep-git-dir", "link", "unpack"];

/// Reads COPY or ADD after its keyword.
pub(super) fn copy(rest: Rest<'_>, is_add: bool) -> Result<Copy, Vec<Problem>> {
    let keyword = if is_add { "ADD" } else { "COPY" };
    let (flags, rest) = rest.flags();
    let mut problems = Vec::new();
    let (sources, destination) = match paths(rest, keyword) {
        Ok(paths) => paths,
        // The flags are read all the same, so that all mistakes are told at once.
        Err(problem) => {
            problems.push(problem);
            (Vec::new(), rest.word_of("").map_err(|problem| vec![problem])?)
        }
    };
    let mut copy = Copy::new(is_add, sources, destination);
    let mut seen = Vec::new();
    for flag in &flags {
        read_flag(&mut copy, flag, keyword, &mut seen).unwrap_or_else(|problem| problems.push(problem));
    }
    problems.extend(take_here_documents(&mut copy, rest));
    problems.extend(check(&copy));
    if problems.is_empty() { Ok(copy) } else { Err(problems) }
}

impl Copy {
    fn new(is_add: bool, sources: Vec<Source>, destination: Word) -> Self {
        Self {
            is_add,
            from: None,
            owner: None,
            mode: None,
            exclude: Vec::new(),
            link: false,
            parents: false,
            unpack: None,
            keep_git_folder: false,
            checksum: None,
            sources,
            destination,
        }
    }
}

fn read_flag<'a>(
    copy: &mut Copy,
    flag: &Flag<'a>,
    keyword: &str,
    seen: &mut Vec<&'a str>,
) -> Result<(), Problem> {
    let known: &[&str] = if copy.is_add { &OF_ADD } else { &OF_COPY };
    if !known.contains(&flag.name) {
        return Err(unknown_flag(flag, keyword, known));
    }
    if flag.name == "exclude" {
        copy.exclude.push(flag_value(flag)?);
        return Ok(());
    }
    if seen.contains(&flag.name) {
        return Err(twice(flag));
    }
    seen.push(flag.name);
    match flag.name {
        "from" => set_once(&mut copy.from, flag),
        "chown" => set_once(&mut copy.owner, flag),
        "chmod" => set_once(&mut copy.mode, flag),
        "checksum" => set_once(&mut copy.checksum, flag),
        switch => {
            let on = is_on(flag)?;
            match switch {
                "link" => copy.link = on,
                "parents" => copy.parents = on,
                "unpack" => copy.unpack = Some(on),
                _ => copy.keep_git_folder = on,
            }
            Ok(())
        }
    }
}

/// The value of a flag that is on or off.
fn is_on(flag: &Flag<'_>) -> Result<bool, Problem> {
    match flag.value.map(|value| value.text) {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => {
            let message =
                format!("`--{0}={other}` is neither on nor off: write `--{0}` or `--{0}=false`", flag.name);
            Err(flag.whole.problem(message))
        }
    }
}

fn paths(rest: Rest<'_>, keyword: &str) -> Result<(Vec<Source>, Word), Problem> {
    let mut words = list(rest)?;
    let destination = words.pop();
    match destination {
        Some(destination) if !words.is_empty() => {
            Ok((words.into_iter().map(Source::Path).collect(), destination))
        }
        _ => Err(rest.problem(format!("{keyword} needs a source and a destination"))),
    }
}

/// Puts the texts that stand in the Dockerfile in the places of their marks.
fn take_here_documents(copy: &mut Copy, rest: Rest<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut documents = rest.line.here_documents.iter();
    for source in &mut copy.sources {
        if let Source::Path(word) = source
            && lines::is_here_document(&word.text)
            && let Some(document) = documents.next()
        {
            match Template::parse_text(&document.content, rest.escape) {
                Ok(template) => *source = Source::Inline(document.clone(), template),
                Err(message) => problems.push(Problem::new(word.at, message)),
            }
        }
    }
    problems
}

/// What does not go together.
fn check(copy: &Copy) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(checksum) = copy.checksum.as_ref().filter(|_| copy.sources.len() > 1) {
        let message = "`--checksum` is about one source: give each source an ADD of its own";
        problems.push(Problem::new(checksum.at, message));
    }
    let remote = copy.sources.iter().filter_map(|source| match source {
        Source::Path(word) => Remote::parse(&word.text).map(|remote| (word, remote)),
        Source::Inline(..) => None,
    });
    problems.extend(remote.filter_map(|(word, remote)| not_fetched(copy.is_add, word, &remote)));
    problems
}

/// Why a source that is elsewhere is not fetched.
fn not_fetched(is_add: bool, word: &Word, remote: &Remote) -> Option<Problem> {
    if !is_add {
        let message = format!("COPY fetches nothing, and `{}` is elsewhere: use ADD", word.text);
        return Some(Problem::new(word.at, message));
    }
    // In a variable, `?` may be a modifier; what it becomes is looked at later.
    let refusal = remote.refusal().filter(|_| !word.text.contains('$'))?;
    Some(Problem::new(word.at, refusal))
}
