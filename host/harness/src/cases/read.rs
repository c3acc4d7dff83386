//! Reading a case file: everything that is wrong with it is told at once, each with its line.

use std::{fs, path::Path};

use super::{
    error::{ProblemsInFile, SuiteError},
    expand::{Problems, Suite, expand},
    file::SuiteFile,
};

impl Suite {
    /// Reads a case file, TOML or YAML by its name.
    ///
    /// # Errors
    /// It cannot be read, is not in the form of a suite, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, SuiteError> {
        let text = fs::read_to_string(path)
            .map_err(|source| SuiteError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a case file; its path says which language it is in.
    ///
    /// # Errors
    /// The text is not in the form of a suite, or contradicts itself.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SuiteError> {
        let file = parse_form(path, text)?;
        let mut problems = Problems::new();
        let mut suite = expand(path.to_owned(), file, &mut problems);
        if !problems.is_empty() {
            let located = |(near, problem): (Option<String>, String)| {
                (near.and_then(|near| line_of(text, &near)), problem)
            };
            let problems = problems.into_iter().map(located).collect();
            return Err(ProblemsInFile { path: path.to_owned(), problems }.into());
        }
        for case in &mut suite.cases {
            case.line = line_of(text, &case.name).or_else(|| {
                let (table, row) = case.name.split_once(": ")?;
                line_of(text, row).or_else(|| line_of(text, table))
            });
        }
        Ok(suite)
    }
}

fn parse_form(path: &Path, text: &str) -> Result<SuiteFile, SuiteError> {
    let form = |message: String| SuiteError::Form { path: path.to_owned(), message };
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::from_str(text).map_err(|error| form(error.to_string())),
        Some("yaml" | "yml") => serde_saphyr::from_str_with_options(text, crate::settings_file::yaml())
            .map_err(|error| form(error.to_string())),
        _ => Err(SuiteError::OtherFormat { path: path.to_owned() }),
    }
}

/// The line, from 1, on which a name stands: as a value or as the name of a table.
pub(super) fn line_of(text: &str, name: &str) -> Option<usize> {
    let quoted = format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let single = format!("'{name}'");
    let number = |found: &dyn Fn(&str) -> bool| text.lines().position(found).map(|index| index + 1);
    number(&|line| line.contains(&quoted) || line.contains(&single))
        .or_else(|| number(&|line| line.trim_end().ends_with(name) && line.contains(": ")))
        .or_else(|| number(&|line| line.contains(&format!(".{name}"))))
        .or_else(|| number(&|line| line.trim_start().starts_with(&format!("{name}:"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        Suite::parse("cases.toml".as_ref(), text).expect_err("something is wrong with it").to_string()
    }

    #[test]
    fn everything_that_contradicts_itself_is_told_at_once() {
        let text = r#"
grants = ["regitsry"]
[fixtures.spare]
[[cases]]
name = "same"
expect = { verdict = "allow" }
[[cases]]
name = "same"
fixtures = ["gone"]
[[tables]]
name = "rows"
columns = ["request.environment", "expect.verdict"]
rows = [["production"]]
[[invariants]]
name = "nothing"
then = []
"#;
        let told = problems(text);
        for expected in [
            "cases.toml:2: there is no capability `regitsry`",
            "cases.toml:3: no case lists the fixture `spare`",
            "cases.toml:5: 2 cases are called `same`",
            "the case `same` expects nothing",
            "the fixture `gone`, which there is not",
            "cases.toml:11: `rows: production` has 1 values for 2 columns",
            "the invariant `nothing` has an empty `then`",
        ] {
            assert!(told.contains(expected), "{expected}\n--- is not in\n{told}");
        }
    }

    #[test]
    fn a_suite_without_cases_is_none() {
        assert!(problems("").contains("there is no case"));
        assert!(problems("cases = []\n").contains("there is no case"));
    }

    #[test]
    fn unknown_fields_are_shown_where_they_stand() {
        let told = problems("[[cases]]\nname = \"a\"\nexpects = { verdict = \"allow\" }\n");
        assert!(told.contains("line 3") && told.contains("expects"), "{told}");
        let told = problems("[[cases]]\nname = \"a\"\nexpect = { verdict = \"alow\" }\n");
        assert!(told.contains("line 3") && told.contains("alow"), "{told}");
        let yaml = Suite::parse("cases.yaml".as_ref(), "cases:\n  - name: a\n    expects: {}\n");
        let told = yaml.expect_err("a field is unknown").to_string();
        assert!(told.contains("expects"), "{told}");
    }

    #[test]
    fn toml_and_yaml_say_the_same() {
        let toml = r#"
[settings]
pattern = "v*"
[fixtures.released]
request = { image = { tags = ["v1.2.3"] } }
[[cases]]
name = "a"
fixtures = ["released"]
request = { environment = "production" }
expect = { verdict = "allow" }
"#;
        let yaml = "
settings: { pattern: v* }
fixtures:
  released:
    request: { image: { tags: [v1.2.3] } }
cases:
  - name: a
    fixtures: [released]
    request: { environment: production }
    expect: { verdict: allow }
";
        let toml = Suite::parse("c.toml".as_ref(), toml).expect("it is a suite").cases;
        let yaml = Suite::parse("c.yaml".as_ref(), yaml).expect("it is a suite").cases;
        assert_eq!(toml[0].request, yaml[0].request);
        assert_eq!((&toml[0].settings, &toml[0].expect), (&yaml[0].settings, &yaml[0].expect));
        assert_eq!(toml[0].line, Some(7));
        assert_eq!(yaml[0].line, Some(7));
    }

    #[test]
    fn rows_become_cases() {
        let text = r#"
[[tables]]
name = "tags"
request = { environment = "production" }
columns = ["request.image.tags", "settings.pre-releases", "expect.verdict"]
rows = [
  [["v1.2.3"], false, "allow"],
  { name = "candidate", values = [["v1.2.3-rc.1"], true, "deny"] },
]
"#;
        let cases = Suite::parse("c.toml".as_ref(), text).expect("it is a suite").cases;
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, [r#"tags: ["v1.2.3"], false, allow"#, "tags: candidate"]);
        assert_eq!(cases[1].settings["pre-releases"], true);
        assert_eq!(cases[1].request["image"]["tags"][0], "v1.2.3-rc.1");
        assert_eq!(cases[1].request["environment"], "production");
        assert_eq!(cases[1].line, Some(8));
    }
}
