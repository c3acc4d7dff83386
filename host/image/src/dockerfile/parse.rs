//! From logical lines to instructions.

use super::{
    Dockerfile, copying, instruction as ast,
    instruction::{Argument, Command, Instruction, Kind, OnBuild, Word},
    lines::{self, LogicalLine},
    problem::{Position, Problem},
    values,
    words::{Flag, Rest},
};

/// Every instruction of the Dockerfile language.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The first place of a file.
const TOP: Position = Position { line: 1, column: 1 };

/// Reads a Dockerfile.
///
/// # Errors
/// Everything that is wrong with it, in no particular order.
pub(super) fn parse(text: &str) -> Result<Dockerfile, Vec<Problem>> {
    let mut problems = Vec::new();
    let lines = lines::split(text, &mut problems);
    let mut instructions: Vec<Instruction> = Vec::new();
    let mut outside_stage = None;
    for line in &lines.list {
        match parse_line(line, lines.escape) {
            Ok(instruction) => {
                let begun = instructions.iter().any(|earlier| matches!(earlier.kind, Kind::From(_)));
                if !begun && !matches!(instruction.kind, Kind::From(_) | Kind::Arg(_)) {
                    outside_stage.get_or_insert((instruction.at, instruction.kind.keyword()));
                }
                instructions.push(instruction);
            }
            Err(found) => problems.extend(found),
        }
    }
    if let Some((at, keyword)) = outside_stage {
        problems.push(Problem::new(at, format!("{keyword} before the first FROM: only ARG may stand there")));
    } else if problems.is_empty() && !instructions.iter().any(|each| matches!(each.kind, Kind::From(_))) {
        problems.push(Problem::new(TOP, "the Dockerfile has no FROM, so there is nothing to build"));
    }
    if problems.is_empty() { Ok(Dockerfile { instructions, escape: lines.escape }) } else { Err(problems) }
}

/// Reads the instruction that a base image brings (OCI image specification 1.1, conversion to Docker's `OnBuild`). Every
/// place in it is that of the FROM which names the image.
///
/// # Errors
/// It is not exactly one instruction, or a wrong one.
pub(super) fn parse_trigger(text: &str, at: Position) -> Result<Instruction, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut lines = lines::split(text, &mut problems);
    problems.iter_mut().for_each(|problem| problem.at = at);
    match &mut lines.list[..] {
        [line] if problems.is_empty() => {
            line.pin(at);
            trigger(Rest::new(line, lines.escape))
        }
        _ if problems.is_empty() => Err(vec![Problem::new(at, "it is not one instruction")]),
        _ => Err(problems),
    }
}

fn parse_line(line: &LogicalLine, escape: char) -> Result<Instruction, Vec<Problem>> {
    parse_instruction(Rest::new(line, escape))
}

fn parse_instruction(whole: Rest<'_>) -> Result<Instruction, Vec<Problem>> {
    let (keyword, rest) = whole.first();
    let name = keyword.text.to_ascii_uppercase();
    if !KEYWORDS.contains(&name.as_str()) {
        return Err(vec![keyword.problem(unknown_instruction(keyword.text, &name))]);
    }
    if rest.text.is_empty() && name != "CMD" {
        return Err(vec![keyword.problem(format!("{name} needs at least one argument"))]);
    }
    let kind = match name.as_str() {
        "FROM" => from(rest),
        "ARG" => arguments(rest),
        "ENV" => pairs(rest, &name).map(Kind::Env),
        "LABEL" => pairs(rest, &name).map(Kind::Label),
        "COPY" | "ADD" => {
            return copying::copy(rest, name == "ADD")
                .map(|copy| instruction(whole, Kind::Copy(Box::new(copy))));
        }
        "ONBUILD" => return on_build(rest).map(|trigger| instruction(whole, Kind::OnBuild(trigger))),
        "WORKDIR" => rest.word().map(Kind::Workdir),
        "USER" => rest.word().map(Kind::User),
        "STOPSIGNAL" => rest.word().map(Kind::StopSignal),
        "EXPOSE" => {
            rest.plain_words().into_iter().map(Rest::word).collect::<Result<_, _>>().map(Kind::Expose)
        }
        "VOLUME" => match list(rest) {
            Ok(paths) if paths.is_empty() => Err(rest.problem("VOLUME needs a path")),
            paths => paths.map(Kind::Volume),
        },
        "CMD" => Ok(Kind::Cmd(command(rest))),
        "ENTRYPOINT" => Ok(Kind::Entrypoint(command(rest))),
        "SHELL" => shell(rest),
        "HEALTHCHECK" => values::healthcheck(rest).map(Kind::Healthcheck),
        "MAINTAINER" => Ok(Kind::Maintainer(rest.text.to_owned())),
        // What is left of the keywords is RUN.
        _ => Ok(Kind::Run),
    };
    kind.map(|kind| instruction(whole, kind)).map_err(|problem| vec![problem])
}

fn instruction(whole: Rest<'_>, kind: Kind) -> Instruction {
    let text = whole.text.split_whitespace().collect::<Vec<_>>().join(" ");
    Instruction { at: whole.line.position(whole.offset), text, kind }
}

fn unknown_instruction(written: &str, name: &str) -> String {
    let nearest = KEYWORDS
        .iter()
        .map(|keyword| (distance(name, keyword), keyword))
        .min()
        .filter(|(distance, keyword)| *distance <= 2 && *distance < keyword.len() - 1);
    let shown: String = written.chars().take(40).collect();
    match nearest {
        Some((_, keyword)) => format!("`{shown}` is no instruction: did you mean `{keyword}`?"),
        None => format!("`{shown}` is no instruction of a Dockerfile"),
    }
}

/// How many letters must be changed, added, dropped or swapped with their neighbour to turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().take(20).collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in 0..=left.len() {
        for j in 0..=right.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
                let swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
                let shorter = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(replaced);
                if swapped { shorter.min(rows[i - 2][j - 2] + 1) } else { shorter }
            };
        }
    }
    rows[left.len()][right.len()]
}

fn from(rest: Rest<'_>) -> Result<Kind, Problem> {
    let (flags, rest) = rest.flags();
    let mut platform = None;
    for flag in flags {
        if flag.name != "platform" {
            return Err(unknown_flag(&flag, "FROM", &["platform"]));
        }
        set_once(&mut platform, &flag)?;
    }
    let words = rest.plain_words();
    let (image, name) = match words[..] {
        [image] => (image, None),
        [image, keyword, name] if keyword.text.eq_ignore_ascii_case("AS") => (image, Some(name)),
        _ => return Err(rest.problem("FROM is written `FROM image` or `FROM image AS name`")),
    };
    let name = name.map(stage_name).transpose()?;
    Ok(Kind::From(ast::From { platform, image: image.word()?, name }))
}

fn stage_name(name: Rest<'_>) -> Result<String, Problem> {
    let lower = name.text.to_ascii_lowercase();
    let fine = lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if fine {
        Ok(lower)
    } else {
        let rule = "expected a letter, then letters, digits, `-`, `_` or `.`";
        Err(name.problem(format!("`{}` cannot be the name of a stage: {rule}", name.text)))
    }
}

fn arguments(rest: Rest<'_>) -> Result<Kind, Problem> {
    let declare = |word: Rest<'_>| {
        let (name, default) = match word.text.find('=') {
            Some(equals) => (word.part(0, equals), Some(word.part(equals + 1, word.text.len()))),
            None => (word, None),
        };
        if name.text.is_empty() {
            return Err(word.problem(format!("the name is missing before `=` in `ARG {}`", word.text)));
        }
        Ok(Argument { name: name.word()?, default: default.map(Rest::word).transpose()? })
    };
    rest.quoted_words().into_iter().map(declare).collect::<Result<_, _>>().map(Kind::Arg)
}

/// Names and values: `a=b c="d e"`, or in the old form `a the whole rest`.
fn pairs(rest: Rest<'_>, keyword: &str) -> Result<Vec<(Word, Word)>, Problem> {
    let words = rest.quoted_words();
    if !words.first().is_some_and(|word| word.text.contains('=')) {
        let (name, value) = rest.first();
        if value.text.is_empty() {
            return Err(
                name.problem(format!("{keyword} needs a value: write `{keyword} {}=value`", name.text))
            );
        }
        return Ok(vec![(name.word()?, value.word()?)]);
    }
    let pair = |word: Rest<'_>| {
        let Some(equals) = word.text.find('=') else {
            return Err(word.problem(format!(
                "`{}` has no `=`: write `{keyword} name=value`, with quotes around a value that holds blanks",
                word.text
            )));
        };
        if equals == 0 {
            return Err(word.problem(format!("the name is missing before `=` in `{keyword} {}`", word.text)));
        }
        Ok((word.part(0, equals).word()?, word.part(equals + 1, word.text.len()).word()?))
    };
    words.into_iter().map(pair).collect()
}

/// Words in JSON form or plain.
pub(super) fn list(rest: Rest<'_>) -> Result<Vec<Word>, Problem> {
    match rest.json_list() {
        Some(texts) => texts.iter().map(|text| rest.word_of(text)).collect(),
        None => rest.plain_words().into_iter().map(Rest::word).collect(),
    }
}

/// A command in exec form when it is a JSON list of strings, else in shell form.
pub(super) fn command(rest: Rest<'_>) -> Command {
    rest.json_list().map_or_else(|| Command::Shell(rest.text.to_owned()), Command::Exec)
}

fn shell(rest: Rest<'_>) -> Result<Kind, Problem> {
    match rest.json_list() {
        Some(words) if !words.is_empty() => Ok(Kind::Shell(words)),
        _ => Err(rest.problem("SHELL is written as a JSON list, such as `SHELL [\"/bin/bash\", \"-c\"]`")),
    }
}

fn on_build(rest: Rest<'_>) -> Result<OnBuild, Vec<Problem>> {
    let instruction = Box::new(trigger(rest)?);
    let mut text = rest.text.to_owned();
    for document in &rest.line.here_documents {
        text.push_str(&format!("\n{}{}", document.content, document.name));
    }
    Ok(OnBuild { text, instruction })
}

/// An instruction that may stand behind ONBUILD.
fn trigger(rest: Rest<'_>) -> Result<Instruction, Vec<Problem>> {
    let (keyword, _) = rest.first();
    let name = keyword.text.to_ascii_uppercase();
    if matches!(name.as_str(), "ONBUILD" | "FROM" | "MAINTAINER") {
        return Err(vec![keyword.problem(format!("{name} is not allowed in ONBUILD"))]);
    }
    parse_instruction(rest)
}

pub(super) fn unknown_flag(flag: &Flag<'_>, keyword: &str, known: &[&str]) -> Problem {
    let known: Vec<String> = known.iter().map(|name| format!("`--{name}`")).collect();
    flag.whole.problem(format!("{keyword} has no flag `--{}`: it takes {}", flag.name, known.join(", ")))
}

pub(super) fn flag_value(flag: &Flag<'_>) -> Result<Word, Problem> {
    match flag.value {
        Some(value) if !value.text.is_empty() => value.word(),
        _ => Err(flag.whole.problem(format!("the flag `--{0}` needs a value: `--{0}=...`", flag.name))),
    }
}

pub(super) fn set_once(slot: &mut Option<Word>, flag: &Flag<'_>) -> Result<(), Problem> {
    if slot.is_some() {
        return Err(twice(flag));
    }
    *slot = Some(flag_value(flag)?);
    Ok(())
}

pub(super) fn twice(flag: &Flag<'_>) -> Problem {
    flag.whole.problem(format!("the flag `--{}` is given twice", flag.name))
}
