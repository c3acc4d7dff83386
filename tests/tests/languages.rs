//! `policy new` and `policy build` in other languages than Rust, as a new author uses them: what is new passes its unit
//! tests, builds, is a policy that wants nothing, and passes its own cases; what it throws is told.

use std::{env, fs, path::Path, process::Command, time::Duration};

use plimsoll_support::{Plimsoll, Requirement, require, run_for};
use serde_json::Value;

/// How long building or unit tests may take, with compiling all that they need.
const PATIENCE: Duration = Duration::from_secs(600);

/// A language and what is written in it here.
struct Language {
    name: &'static str,
    /// The command that runs the project's unit tests.
    unit_tests: &'static [&'static str],
    /// The file of the rule, and a line of it after which the lines go that fail for the branches `crash` and `clock`.
    rule: &'static str,
    before: &'static str,
    crash: &'static str,
}

const JAVASCRIPT: Language = Language {
    name: "javascript",
    unit_tests: &["npm", "test"],
    rule: "policy.js",
    before: "  const rule = \"branch\";\n",
    crash: "  if (branch === \"crash\") throw new RangeError(\"it is broken\");\n  if (branch === \"clock\") Date.now();\n",
};

const PYTHON: Language = Language {
    name: "python",
    unit_tests: &["python3", "-m", "unittest"],
    rule: "policy.py",
    before: "    rule = \"branch\"\n",
    crash: "    if settings.branch == \"crash\":\n        raise ValueError(\"it is broken\")\n    if settings.branch == \"clock\":\n        print(\"hello\", __import__(\"time\").time())\n",
};

const GO: Language = Language {
    name: "go",
    unit_tests: &["go", "test", "."],
    rule: "policy.go",
    before: "\tconst rule = \"branch\"\n",
    crash: "\tif settings.Branch == \"crash\" {\n\t\tpanic(\"it is broken\")\n\t}\n",
};

/// The command in a folder, with the tools of whoever runs the tests, and their settings, mirrors and caches.
fn author(folder: &Path) -> Plimsoll {
    let own = |name: &str| !name.starts_with("PLIMSOLL_") && !name.starts_with("GITHUB_");
    env::vars()
        .filter(|(name, _)| own(name))
        .fold(Plimsoll::in_folder(folder), |plimsoll, (name, value)| plimsoll.environment(&name, value))
}

/// Makes a project whose rule breaks down for some branches.
fn new(plimsoll: &Plimsoll, folder: &Path, language: &Language, kind: &str) {
    let _ = plimsoll.run(&["policy", "new", kind, "--lang", language.name, "--kind", kind]).code(0);
    let rule = folder.join(kind).join(language.rule);
    let text = fs::read_to_string(&rule).expect("the rule is there");
    let broken = text.replacen(language.before, &format!("{}{}", language.before, language.crash), 1);
    assert_ne!(text, broken, "the rule has the line");
    fs::write(rule, broken).expect("the rule can be changed");
}

/// Builds a project, and runs everything that its README names.
fn build_and_test(plimsoll: &Plimsoll, folder: &Path, language: &Language, kind: &str) {
    let answers = if kind == "both" { "tagging, promotion" } else { kind };
    // A busy machine takes minutes to compile a language's runtime.
    let built = run_for(&mut plimsoll.command(&["policy", "build", kind]), PATIENCE).success().text();
    assert!(built.contains(&format!("answers  {answers}\n")), "{built}");
    assert!(!built.contains("wants"), "it imports more than it uses: {built}");
    unit_tests(&folder.join(kind), language);
    let tested = plimsoll.run(&["policy", "test", "--cases", kind, "--coverage", "100"]).code(0);
    assert!(tested.stdout.contains("0 failed"), "{}", tested.stdout);
    let _ = plimsoll.run(&["policy", "fuzz", "--cases", kind, "--runs", "100", "--seed", "1"]).code(0);
}

fn unit_tests(project: &Path, language: &Language) {
    let [program, arguments @ ..] = language.unit_tests else { panic!("a command has a program") };
    let _ = run_for(Command::new(program).args(arguments).current_dir(project), PATIENCE).success();
}

/// What a policy of the kind `both` answers about `main` when that is not its branch.
fn eval(plimsoll: &Plimsoll, folder: &Path, branch: &str) -> Value {
    let request = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/own-policy/friday.json");
    let settings = folder.join("settings.json");
    fs::write(&settings, format!("{{\"branch\": \"{branch}\"}}")).expect("there is room for a file");
    let settings = settings.to_str().expect("temporary folders have plain names");
    let arguments = ["policy", "eval", "both/both.wasm", "--request", request, "--settings", settings];
    plimsoll.run(&[&arguments[..], &["--format", "json"]].concat()).json()
}

/// Two processes answer alike, with the same fuel; and what a rule throws is the reason why there is no answer.
fn answers_alike_and_tells_what_it_throws(plimsoll: &Plimsoll, folder: &Path, language: &Language) {
    let [first, second] = [eval(plimsoll, folder, "dev"), eval(plimsoll, folder, "dev")];
    assert_eq!(first["verdict"], "deny", "{first}");
    for part in ["verdict", "findings", "fuel"] {
        assert_eq!(first[part], second[part], "{first}");
    }
    let crashed = eval(plimsoll, folder, "crash").to_string();
    assert!(crashed.contains("it is broken"), "{crashed}");
    assert!(crashed.contains(&format!("{}:", language.rule)), "without its line: {crashed}");
}

/// A rule that looks at a clock is told that there is none.
fn has_no_clock(plimsoll: &Plimsoll, folder: &Path) {
    let clock = eval(plimsoll, folder, "clock").to_string();
    assert!(clock.contains("a policy has no clock"), "{clock}");
}

#[test]
fn javascript_builds_and_passes_its_own_cases() {
    require!(Requirement::Node);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    for kind in ["both", "promotion"] {
        new(&plimsoll, folder.path(), &JAVASCRIPT, kind);
        build_and_test(&plimsoll, folder.path(), &JAVASCRIPT, kind);
    }
    new(&plimsoll, folder.path(), &JAVASCRIPT, "tagging");
    unit_tests(&folder.path().join("tagging"), &JAVASCRIPT);
    answers_alike_and_tells_what_it_throws(&plimsoll, folder.path(), &JAVASCRIPT);
    has_no_clock(&plimsoll, folder.path());
}

/// Python's component takes the host long to compile, so it is built once; the other kinds are tested as modules.
#[test]
fn python_builds_and_passes_its_own_cases() {
    require!(Requirement::Python);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    new(&plimsoll, folder.path(), &PYTHON, "both");
    // What an author keeps where a build of Python might look is left alone.
    let own = ["bindings/mine.py", ".venv/requirements.txt", ".venv/lib/mine.py"];
    for file in own.map(|file| folder.path().join("both").join(file)) {
        fs::create_dir_all(file.parent().expect("it is in a folder")).expect("there is room for a folder");
        fs::write(file, "# mine\n").expect("there is room for a file");
    }
    build_and_test(&plimsoll, folder.path(), &PYTHON, "both");
    for file in own {
        let text = fs::read_to_string(folder.path().join("both").join(file));
        assert_eq!(text.ok().as_deref(), Some("# mine\n"), "{file}");
    }
    answers_alike_and_tells_what_it_throws(&plimsoll, folder.path(), &PYTHON);
    has_no_clock(&plimsoll, folder.path());
    for kind in ["tagging", "promotion"] {
        new(&plimsoll, folder.path(), &PYTHON, kind);
        let project = folder.path().join(kind);
        let mut bindings = Command::new(folder.path().join("both/build/venv/bin/componentize-py"));
        bindings.args(["--wit-path=wit", "bindings", "build/bindings"]).current_dir(&project);
        let _ = run_for(&mut bindings, PATIENCE).success();
        unit_tests(&project, &PYTHON);
    }
}

#[test]
fn go_builds_and_passes_its_own_cases() {
    require!(Requirement::GoForPolicies);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    for kind in ["both", "promotion"] {
        new(&plimsoll, folder.path(), &GO, kind);
        build_and_test(&plimsoll, folder.path(), &GO, kind);
    }
    new(&plimsoll, folder.path(), &GO, "tagging");
    unit_tests(&folder.path().join("tagging"), &GO);
    answers_alike_and_tells_what_it_throws(&plimsoll, folder.path(), &GO);
}

/// Everything that the contract can say arrives in Go, and everything that Go can say arrives at the host.
#[test]
fn the_sdk_of_go_speaks_all_of_the_contract() {
    require!(Requirement::GoForPolicies);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = author(folder.path());
    let _ = plimsoll.run(&["policy", "new", "echo", "--lang", "go", "--kind", "both"]).code(0);
    let project = folder.path().join("echo");
    for (name, text) in [
        ("policy.go", include_str!("languages/echo.go.in")),
        ("cases.toml", include_str!("languages/echo.toml")),
    ] {
        fs::write(project.join(name), text).expect("the project can be changed");
    }
    fs::remove_file(project.join("policy_test.go")).expect("the test is there");
    let world = project.join("wit/world.wit");
    let text = fs::read_to_string(&world).expect("the world is there");
    fs::write(&world, text.replace("// import", "import")).expect("the world can be changed");
    let built = plimsoll.run(&["policy", "build", "echo"]).code(0);
    assert!(built.stdout.contains("grants = [\"log\", \"registry\", \"history\"]"), "{}", built.stdout);
    let tested = plimsoll.run(&["policy", "test", "--cases", "echo"]).code(0);
    assert!(tested.stdout.contains("0 failed"), "{}", tested.stdout);

    let request = include_str!("languages/request.json");
    fs::write(folder.path().join("request.json"), request).expect("there is room for a file");
    let told = plimsoll
        .run(&["policy", "eval", "echo/echo.wasm", "--request", "request.json", "--format", "json"])
        .json()
        .to_string();
    let mut leaves = Vec::new();
    let sent = serde_json::from_str(request).expect("the request is JSON");
    collect_leaves(&sent, &mut leaves);
    assert!(leaves.len() > 60, "{leaves:?}");
    for leaf in leaves {
        assert!(told.contains(&leaf), "`{leaf}` does not arrive: {told}");
    }
}

/// The texts and numbers of a request. Those that stand for a case of the contract have words of their own in Go.
fn collect_leaves(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let told = |name: &str| !matches!(name, "settings" | "weekday" | "state" | "outcome");
            fields.iter().filter(|(name, _)| told(name)).for_each(|(_, value)| collect_leaves(value, leaves));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_leaves(item, leaves)),
        Value::String(text) => leaves.push(text.clone()),
        Value::Number(number) => leaves.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

#[test]
fn what_is_missing_is_told_with_how_to_get_it() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path()).environment("PATH", "/nonexistent");
    for (language, program, hint) in [
        ("javascript", "npm", "install Node.js"),
        ("python", "python3", "install Python"),
        ("go", "go", "install Go 1.24"),
    ] {
        let _ = plimsoll.run(&["policy", "new", language, "--lang", language]).code(0);
        let missing = plimsoll.run(&["policy", "build", language]).code(2);
        let expected = format!("there is no `{program}` here");
        assert!(missing.stderr.contains(&expected), "{}", missing.stderr);
        assert!(missing.stderr.contains(hint), "{}", missing.stderr);
    }
}

/// What a registry is called on the machine of whoever made a lock file is nobody else's business.
#[test]
fn lock_files_name_no_registry() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let plimsoll = Plimsoll::in_folder(folder.path());
    for (language, lock) in [("javascript", "package-lock.json"), ("python", "requirements.txt")] {
        let _ = plimsoll.run(&["policy", "new", language, "--lang", language]).code(0);
        let text = fs::read_to_string(folder.path().join(language).join(lock)).expect("it is locked");
        assert!(text.contains("sha512-") || text.contains("sha256:"), "{lock} has no digests");
        assert!(!text.contains("http") && !text.contains("resolved"), "{lock} names a registry");
    }
}
