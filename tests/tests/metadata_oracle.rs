//! The stock policy `docker-metadata` against the packages that docker/metadata-action is built on, and PyPI's `packaging`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use plimsoll_policy_docker_metadata::{
    csv, expressions, javascript,
    matching::Pattern,
    moment,
    pep440::Pep440,
    semver::Semver,
    template::{self, Scope, TemplateError, Value as TemplateValue},
    zone,
};
use plimsoll_support::{Requirement, require, run_for};
use serde_json::{Value, json};

/// How long installing and asking the oracle may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// 2024-03-05T12:34:56Z.
const NOON: i64 = 1_709_642_096;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/metadata")
}

fn shell(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
    command
}

/// A folder with the oracle and its packages, installed once.
fn oracle() -> &'static Path {
    static ORACLE: OnceLock<PathBuf> = OnceLock::new();
    ORACLE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle-metadata");
        fs::create_dir_all(&folder).expect("the target folder is writable");
        for file in
            ["package.json", "package-lock.json", ".npmrc", "oracle.mjs", "pep440.py", "requirements.txt"]
        {
            fs::copy(sources().join(file), folder.join(file)).expect("the oracle is there");
        }
        let _ = run_for(&mut shell(&folder, "npm ci --loglevel=error"), PATIENCE).success();
        folder
    })
}

fn ask_program(folder: &Path, program: &str, questions: &[Value]) -> Vec<Value> {
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    let file = tempfile::NamedTempFile::new().expect("there is room for a file");
    fs::write(file.path(), lines.join("\n") + "\n").expect("the file takes the questions");
    let script = format!("{program} < '{}'", file.path().display());
    let answered = run_for(&mut shell(folder, &script), PATIENCE).success();
    let answers: Vec<Value> = answered
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("the oracle writes JSON"))
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// Holds our answers against the oracle's: `ours` gives none where the oracle must refuse.
fn compare(questions: &[Value], least: usize, ours: impl Fn(&Value) -> Option<Value>) {
    let mut differences = Vec::new();
    let mut answered = 0;
    for (question, answer) in questions.iter().zip(ask_program(oracle(), "node oracle.mjs", questions)) {
        let expected = answer.get("ok").filter(|value| !value.is_null());
        answered += usize::from(expected.is_some());
        let ours = ours(question);
        if ours.as_ref() != expected {
            differences.push(format!("{question}\n  oracle {answer}\n  ours   {ours:?}"));
        }
    }
    assert!(answered >= least, "the questions say something: {answered} of {} have answers", questions.len());
    let shown = differences.iter().take(25).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {} differ\n{shown}", differences.len(), questions.len());
}

/// Numbers that look random and are the same every time (the generator MINSTD).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        usize::try_from(self.0).expect("it is below 2^31") % limit
    }

    /// Up to `most` of the parts, one after the other.
    fn text(&mut self, parts: &[&str], most: usize) -> String {
        (0..=self.below(most)).map(|_| parts[self.below(parts.len())]).collect()
    }
}

/// Texts made of parts, no two the same.
fn texts(parts: &[&str], most: usize, count: usize) -> Vec<String> {
    let mut dice = Dice(20_261_125);
    (0..count).map(|_| dice.text(parts, most)).collect::<BTreeSet<_>>().into_iter().collect()
}

fn questions(kind: &str, texts: Vec<String>) -> Vec<Value> {
    texts.into_iter().map(|text| json!({ "kind": kind, "text": text })).collect()
}

fn text_of<'q>(question: &'q Value, name: &str) -> &'q str {
    question[name].as_str().expect("it was put there")
}

#[test]
fn entries_are_read_as_csv_parse_reads_them() {
    require!(Requirement::Node);
    let parts = ["a", "type=raw", ",", "\"", "\"\"", " ", "=", "\n", "\r\n", "\r", "#", "é"];
    compare(&questions("csv", texts(&parts, 7, 6_000)), 500, |question| {
        csv::fields(text_of(question, "text")).ok().map(Value::from)
    });
}

#[test]
fn numbers_and_white_space_are_those_of_javascript() {
    require!(Requirement::Node);
    let parts = [
        "0", "1", "12", ".", "e", "E", "+", "-", "x", "0x", "0b", "0o", "f", "Infinity", "inf", " ", "_", "n",
    ];
    let mut all = texts(&parts, 4, 4_000);
    all.extend(
        ["1e21", "1e-7", "123456789012345680000", "0.000001", "NaN", "\u{feff}7\u{a0}"].map(str::to_owned),
    );
    compare(&questions("number", all), 1_000, |question| {
        let number = javascript::number(text_of(question, "text"));
        Some(Value::from(if number.is_nan() { "NaN".to_owned() } else { javascript::number_text(number) }))
    });
    let spaces = ["a", " ", "\t", "\u{a0}", "\u{feff}", "\u{85}", "\u{2003}", "\u{2028}", "\n", "\u{200b}"];
    compare(&questions("trim", texts(&spaces, 5, 1_000)), 500, |question| {
        Some(Value::from(javascript::trim(text_of(question, "text"))))
    });
}

#[test]
fn lists_are_sorted_as_javascript_sorts_them() {
    require!(Requirement::Node);
    let numbers = ["1", "2", "200", "900", "x", "", "-1", "1e3", "200"];
    let mut dice = Dice(7);
    let lists: Vec<Value> = (0..1_000)
        .map(|_| {
            let list: Vec<_> = (0..=dice.below(12)).map(|_| numbers[dice.below(numbers.len())]).collect();
            json!({ "kind": "sort", "list": list })
        })
        .collect();
    compare(&lists, 1_000, |question| {
        let list = question["list"].as_array().expect("it is a list");
        let number = |text: &Value| javascript::number(text.as_str().unwrap_or_default());
        let mut places: Vec<(f64, usize)> = list.iter().map(number).zip(0..).collect();
        javascript::sort(&mut places, |a, b| b.0.partial_cmp(&a.0).unwrap_or(std::cmp::Ordering::Equal));
        Some(places.into_iter().map(|(_, place)| place).collect())
    });
    let characters: Vec<String> = (' '..='~').map(String::from).collect();
    let parts: Vec<&str> = characters.iter().map(String::as_str).collect();
    let names = texts(&parts, 4, 3_000);
    let lists: Vec<Value> = names.chunks(20).map(|list| json!({ "kind": "collate", "list": list })).collect();
    compare(&lists, 100, |question| {
        let mut list: Vec<String> =
            serde_json::from_value(question["list"].clone()).expect("it is a list of texts");
        list.sort_by(|a, b| javascript::locale_compare(a, b));
        Some(list.into())
    });
}

#[test]
fn semantic_versions_are_those_of_the_package_semver() {
    require!(Requirement::Node);
    let parts = [
        "1.2.3",
        "v",
        "=",
        "1",
        "0",
        "01",
        ".",
        "-",
        "+",
        "rc",
        "alpha.1",
        "a",
        " ",
        "_",
        "9007199254740991",
        "9007199254740992",
        "10.20.30-",
    ];
    let mut all = texts(&parts, 6, 8_000);
    let versions = texts(
        &["1.2.3", "v1.0.0", "-", "-rc.1", "+", "+b.01", ".0", ".", "x", "-0", "-01", "-a.b"],
        3,
        3_000,
    );
    all.extend(versions);
    all.extend([250, 251].map(|length| format!("1.2.3-{}", "a".repeat(length))));
    compare(&questions("semver", all), 150, |question| {
        let version = Semver::read(text_of(question, "text"))?;
        let [major, minor, patch] = version.numbers;
        let build = version.build.join(".");
        Some(json!([
            version.raw,
            major,
            minor,
            patch,
            version.version(),
            build,
            !version.prerelease.is_empty()
        ]))
    });
}

/// Texts that are versions of Python packages, or nearly.
fn python_versions() -> Vec<String> {
    let parts = [
        "1", "1.0", "01", "2024", ".", "-", "_", "a", "alpha", "b", "beta", "c", "rc", "RC", "pre",
        "preview", "post", "rev", "r", "dev", "+", "!", "local", "v", "2",
    ];
    texts(&parts, 6, 12_000)
}

#[test]
fn python_versions_are_those_of_the_package_pep440() {
    require!(Requirement::Node);
    let mut all = python_versions();
    all.extend(texts(
        &["1.0", "+", "1e3", "0x1f", "Infinity", "UP", "_", ".", "12345678901234567890", " "],
        5,
        1_000,
    ));
    compare(&questions("pep440", all), 400, |question| {
        let version = Pep440::read(text_of(question, "text"))?;
        let number = |place| javascript::number_text(version.number(place));
        Some(json!([
            version.normal(),
            !version.is_unfinal(),
            version.is_prerelease(),
            number(0),
            number(1),
            number(2)
        ]))
    });
}

/// Asks PyPI's `packaging`, installed once.
fn ask_packaging(questions: &[Value]) -> Vec<Value> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let folder = oracle();
    INSTALLED.get_or_init(|| {
        let install = "test -d python || python3 -m pip install --quiet --disable-pip-version-check \
                       --root-user-action=ignore --target python --requirement requirements.txt";
        let _ = run_for(&mut shell(folder, install), PATIENCE).success();
    });
    ask_program(folder, "PYTHONPATH=python python3 pep440.py", questions)
}

#[test]
fn python_versions_are_those_of_packaging() {
    require!(Requirement::Node, Requirement::Python);
    // The package for JavaScript writes local versions its own way.
    let versions: Vec<Value> =
        python_versions().into_iter().filter(|text| !text.contains('+')).map(Value::from).collect();
    let answers = ask_packaging(&versions);
    let mut valid = 0;
    for (text, expected) in versions.iter().zip(answers) {
        let ours = Pep440::read(text.as_str().unwrap_or_default());
        valid += usize::from(ours.is_some());
        let ours = ours.map_or(Value::Null, |version| json!([version.normal(), version.is_prerelease()]));
        assert_eq!(ours, expected, "{text}");
    }
    assert!(valid > 300, "{valid} are versions");
}

#[test]
fn python_versions_are_in_the_order_of_packaging() {
    require!(Requirement::Node, Requirement::Python);
    // Much alike, so that the last parts decide too.
    let parts = [
        "a1", "a2", "b1", "rc1", "rc10", ".post1", ".post9", ".post10", ".dev1", ".dev2", ".0", ".1", "+a",
        "+1", "+10", ".b",
    ];
    let alike = texts(&parts, 3, 4_000).into_iter().map(|text| format!("1{text}"));
    let mut all: Vec<String> = python_versions().into_iter().chain(alike).collect();
    all.extend(["1", "1.0", "1.0.0", "1!0.5", "1!1", "0!1"].map(str::to_owned));
    let versions: Vec<(String, Pep440)> =
        all.into_iter().filter_map(|text| Pep440::read(&text).map(|version| (text, version))).collect();
    let mut dice = Dice(440);
    let pairs: Vec<[&(String, Pep440); 2]> =
        (0..20_000).map(|_| [(); 2].map(|()| &versions[dice.below(versions.len())])).collect();
    let questions: Vec<Value> = pairs.iter().map(|pair| json!(pair.map(|(text, _)| text))).collect();
    let mut equal = 0;
    for ([(text, version), (other_text, other)], expected) in pairs.iter().zip(ask_packaging(&questions)) {
        let ours = version.compare(other);
        equal += usize::from(ours.is_eq());
        assert_eq!(json!(ours as i8), expected, "{text} and {other_text}");
    }
    assert!(equal > 50, "{equal} of {} pairs are equal, of {} versions", pairs.len(), versions.len());
}

/// Words of formats, and what may stand between them, one a line.
const WORDS: &str = r#"M
Mo
MM
MMM
MMMM
D
Do
DD
DDD
DDDo
DDDD
d
do
dd
ddd
dddd
e
E
w
wo
ww
W
Wo
WW
YY
YYYY
YYYYY
YYYYYY
Y
y
yo
N
NNNN
gg
gggg
GG
GGGG
Q
Qo
A
a
H
HH
h
hh
k
kk
m
mm
s
ss
S
SSS
SSSSSSSSSS
z
zz
Z
ZZ
X
x
L
LT
LTS
LL
LLL
LLLL
l
ll
lll
llll
[
]
[at]
\
-
 
T
é
o
g
G
|
hmm
Hmmss"#;

#[test]
fn times_are_written_as_moment_writes_them() {
    require!(Requirement::Node);
    let words: Vec<&str> = WORDS.split('\n').collect();
    let zones =
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "america_st/johns", "No/Where", "gmt"];
    let mut dice = Dice(99);
    let mut all: Vec<Value> = texts(&words, 7, 5_000)
        .into_iter()
        .map(|format| {
            let unix = 946_684_800 + i64::try_from(dice.below(800_000_000)).expect("it is small");
            json!({ "kind": "date", "unix": unix, "format": format, "zone": zones[dice.below(zones.len())] })
        })
        .collect();
    // Every week of twenty-eight years: all kinds of years there are.
    let weeks = "w ww gg gggg W WW GG GGGG DDDD e E dddd";
    all.extend((0..1_461).map(|week| {
        json!({ "kind": "date", "unix": 946_684_800 + week * 604_800 - 90_000, "format": weeks, "zone": "UTC" })
    }));
    compare(&all, 5_000, told);
}

/// A time as we write it.
fn told(question: &Value) -> Option<Value> {
    let local = zone::local(question["unix"].as_i64()?, text_of(question, "zone"))?;
    Some(moment::format(&local, text_of(question, "format")).into())
}

#[test]
fn every_zone_has_the_clock_that_moment_timezone_gives_it() {
    require!(Requirement::Node);
    let names = ask_program(oracle(), "node oracle.mjs", &[json!({ "kind": "zones" })]);
    let mut names = names[0]["ok"].as_array().expect("it is a list").clone();
    // The two databases do not agree on what the time of this zone is called.
    names.retain(|name| name != "MET");
    assert!(names.len() > 500, "{} zones", names.len());
    let mut all = Vec::new();
    for name in &names {
        // From 2000 to 2025, on different days of the year.
        all.extend((0..26).map(|year| {
            let unix = 946_684_800 + year * 31_556_952 + year * 1_209_600 % 31_000_000;
            json!({ "kind": "date", "unix": unix, "format": "YYYY-MM-DD HH:mm Z z", "zone": name })
        }));
    }
    compare(&all, 10_000, told);
}

/// Regular expressions, good and bad ones, one a line.
const PATTERNS: &str = r#"v(.*)
\d+
/\d+/g
/V(\d)/i
(?<=v)\d
(?<!v)\d
(a)|(b)
(\d)\.\1
^(\w+)-(.+)$
/^b/m
/a.b/s
a.b
/x*/g
/\d/y
/\d/gy
[
/a/gg
/a/z
(?<n>\d)\k<n>
\p{L}
/\p{L}+/u
/[\p{L}--[a-c]]+/v
(?:
\u0041
[^]
(?=(\d+))v?

//
/a
v(\d+\.\d+)(\.\d+)?
{
a{2}
/a/dgim
\bfoo\b
[\w.-]+
(z)?"#;

#[test]
fn patterns_match_as_in_javascript() {
    require!(Requirement::Node);
    let patterns: Vec<&str> = PATTERNS.split('\n').collect();
    let subjects = [
        "v1.2.3",
        "1.1",
        "ab",
        "foo-bar-1",
        "a\nb",
        "AAaa",
        "",
        "xx1xx",
        "éa",
        "app/v12.7-rc.1",
        "{",
        "zz22",
        "2024.01.01",
    ];
    let all: Vec<Value> = patterns
        .iter()
        .flat_map(|pattern| subjects.map(|text| json!({ "kind": "match", "pattern": pattern, "text": text })))
        .collect();
    compare(&all, 130, |question| {
        let found = Pattern::read(text_of(question, "pattern")).ok()?.matches(text_of(question, "text"))?;
        Some(json!(found))
    });
}

/// What the templates of the questions may ask for.
struct Asked;

impl Scope for Asked {
    fn property(&self, name: &str) -> TemplateValue {
        let known = ["branch", "tag", "sha", "is_default_branch", "date", "commit_date"];
        if known.contains(&name) {
            TemplateValue::Function(name.to_owned())
        } else {
            TemplateValue::Undefined
        }
    }

    fn call(
        &self,
        name: &str,
        arguments: &[TemplateValue],
        named: &[(String, TemplateValue)],
    ) -> Result<TemplateValue, TemplateError> {
        let text = match name {
            "branch" => "a=b&'c'",
            "tag" => "",
            "sha" => "0123456",
            "is_default_branch" => "false",
            _ => return expressions::tell(NOON, name, arguments, named),
        };
        Ok(TemplateValue::Text(text.to_owned()))
    }
}

/// Parts of templates, one a line.
const PARTS: &str = r#"v
-
 
=
&
{
}
}}
\
{{
{{branch}}
{{ tag }}
{{sha}}
{{{branch}}}
{{&branch}}
{{~sha~}}
{{! note }}
{{!-- }} --}}
{{nothing}}
{{this.branch}}
{{./tag}}
{{../tag}}
{{@root.sha}}
{{'sha'}}
{{[sha]}}
{{sha 'x'}}
{{missing 'x'}}
{{date 'YYYY' tz='Asia/Tokyo'}}
{{date "HH:mm"}}
{{date YYYY}}
{{date}}
{{date 'x' foo='y'}}
{{date 'YYYY' tz=''}}
{{date (sha)}}
{{date '[=]'}}
{{commit_date 'x\'y'}}
{{#if branch}}
{{#if nothing}}
{{else}}
{{/if}}
{{else if sha}}
{{#unless tag}}
{{/unless}}
{{^tag}}
{{/tag}}
{{#sha}}
{{/sha}}
{{#each sha}}
{{/each}}
{{#with sha}}
{{this}}
{{.}}
{{/with}}
{{true}}
{{1}}
{{branch.length}}
{{log 'x'}}
{{if}}
{{> p}}
{{else
{{#if tag sha}}
{{a b=1 c}}
{{is_default_branch}}
{{lookup nothing 'x'}}
{{date true}}
{{date 0}}
{{date null}}
{{constructor}}
{{undefined}}"#;

#[test]
fn templates_are_filled_in_as_handlebars_fills_them_in() {
    require!(Requirement::Node);
    let parts: Vec<&str> = PARTS.split('\n').collect();
    let mut templates = texts(&parts, 3, 9_000);
    templates.extend(texts(
        &["{{#if sha}}", "{{#if nothing}}", "x", "{{else}}", "{{else if sha}}", "{{/if}}"],
        6,
        3_000,
    ));
    let global = templates.into_iter().map(|template| {
        json!({ "kind": "template", "scope": "global", "template": template, "unix": NOON,
                "branch": "a=b&'c'", "tag": "", "sha": "0123456" })
    });
    compare(&global.collect::<Vec<_>>(), 1_500, |question| {
        template::render(text_of(question, "template"), &Asked).ok().map(|rendered| rendered.text.into())
    });
}

#[test]
fn patterns_of_versions_are_filled_in_as_handlebars_fills_them_in() {
    require!(Requirement::Node);
    let parts = [
        "v",
        ".",
        "{{major}}",
        "{{minor}}",
        "{{patch}}",
        "{{version}}",
        "{{raw}}",
        "{{ raw }}",
        "{{prerelease}}",
        "{{build}}",
        "{{build.[0]}}",
        "{{loose}}",
        "{{includePrerelease}}",
        "{{options}}",
        "{{this}}",
        "{{#if prerelease}}",
        "{{else}}",
        "{{/if}}",
        "{{#each prerelease}}",
        "{{/each}}",
        "{{date 'YYYY'}}",
        "{{branch}}",
        "{{inc}}",
        "{{#if major}}",
        "{{#unless minor}}",
        "{{/unless}}",
        "{{major 'x'}}",
    ];
    let versions = ["v1.0.3", "0.10.0-rc.1+b.7", "1.2.3+a.b"];
    let all: Vec<Value> = texts(&parts, 3, 4_000)
        .into_iter()
        .flat_map(|template| {
            versions.map(|version| {
                json!({ "kind": "template", "scope": "semver", "template": template, "version": version })
            })
        })
        .collect();
    compare(&all, 1_500, |question| {
        let version = Semver::read(text_of(question, "version"))?;
        template::render(text_of(question, "template"), &version).ok().map(|rendered| rendered.text.into())
    });
}
