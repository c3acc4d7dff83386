//! What templates may ask for: the global expressions, dates, and the parts of versions.

use crate::{
    error::MetadataError,
    event::Event,
    moment,
    pep440::Pep440,
    semver::Semver,
    template::{self, Rendered, Scope, TemplateError, Value},
    zone,
};

/// Fills in a template.
///
/// # Errors
/// The template cannot be filled in.
pub fn fill(template: &str, scope: &dyn Scope) -> Result<Rendered, MetadataError> {
    template::render(template, scope)
        .map_err(|source| MetadataError::Template { template: template.to_owned(), source })
}

/// The expressions that every attribute and label may use.
#[derive(Debug, Clone, Copy)]
pub struct Global<'e>(pub &'e Event);

impl Scope for Global<'_> {
    fn property(&self, name: &str) -> Value {
        let known = [
            "branch",
            "tag",
            "sha",
            "base_ref",
            "is_default_branch",
            "is_not_default_branch",
            "date",
            "commit_date",
        ];
        if known.contains(&name) { Value::Function(name.to_owned()) } else { Value::Undefined }
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        named: &[(String, Value)],
    ) -> Result<Value, TemplateError> {
        let event = self.0;
        Ok(Value::Text(match name {
            "branch" => event.branch().unwrap_or_default().to_owned(),
            "tag" => event.tag().unwrap_or_default().to_owned(),
            "sha" => {
                let sha = event.short_sha().map_err(|_| TemplateError::Arguments {
                    name: name.to_owned(),
                    what: "a length that is no number: see `DOCKER_METADATA_SHORT_SHA_LENGTH`",
                })?;
                sha.to_owned()
            }
            "base_ref" => event.base_ref().to_owned(),
            "is_default_branch" => event.is_default_branch().to_string(),
            "is_not_default_branch" => (!event.is_default_branch()).to_string(),
            _ => return Dates(event).call(name, arguments, named),
        }))
    }
}

/// The dates alone, which the patterns of a timetable may use.
#[derive(Debug, Clone, Copy)]
pub struct Dates<'e>(pub &'e Event);

impl Scope for Dates<'_> {
    fn property(&self, name: &str) -> Value {
        if ["date", "commit_date"].contains(&name) {
            Value::Function(name.to_owned())
        } else {
            Value::Undefined
        }
    }

    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        named: &[(String, Value)],
    ) -> Result<Value, TemplateError> {
        let unix = if name == "date" { self.0.now } else { self.0.commit_date };
        tell(unix, name, arguments, named)
    }
}

/// A time, told in a format and perhaps in a time zone, `tz`.
///
/// # Errors
/// There is not one format, or something other than a time zone.
pub fn tell(
    unix: i64,
    name: &str,
    arguments: &[Value],
    named: &[(String, Value)],
) -> Result<Value, TemplateError> {
    let refuse = |what| TemplateError::Arguments { name: name.to_owned(), what };
    let [format] = arguments else {
        return Err(refuse("other than one format"));
    };
    let format = match format {
        Value::Text(format) => format.as_str(),
        // What is not there, such as an unquoted word, stands for the format at rest.
        Value::Undefined | Value::Null | Value::Boolean(false) => "",
        Value::Number(number) if *number == 0.0 => "",
        _ => return Err(refuse("a format that is no text")),
    };
    let mut zone = "UTC";
    for (key, value) in named {
        match (key.as_str(), value) {
            ("tz", Value::Text(name)) if !name.is_empty() => zone = name,
            ("tz", _) => return Err(refuse("a time zone that is no name")),
            _ => return Err(refuse("something other than `tz`")),
        }
    }
    let local = zone::local(unix, zone).ok_or_else(|| refuse("a time that no calendar has"))?;
    Ok(Value::Text(moment::format(&local, format)))
}

impl Scope for Semver {
    fn property(&self, name: &str) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "numbers of versions are at most 2^53")]
        let number = |place: usize| Value::Number(self.numbers[place] as f64);
        let list = |parts: &[String]| Value::List(parts.iter().cloned().map(Value::Text).collect());
        match name {
            "raw" => Value::Text(self.raw.clone()),
            "version" => Value::Text(self.version()),
            "major" => number(0),
            "minor" => number(1),
            "patch" => number(2),
            "prerelease" => list(&self.prerelease),
            "build" => list(&self.build),
            "loose" => Value::Boolean(true),
            "includePrerelease" => Value::Boolean(false),
            "options" => Value::Object("[object Object]".to_owned()),
            _ => Value::Undefined,
        }
    }

    fn call(&self, name: &str, _: &[Value], _: &[(String, Value)]) -> Result<Value, TemplateError> {
        Err(TemplateError::MissingHelper { name: name.to_owned() })
    }

    fn text(&self) -> String {
        self.version()
    }
}

/// A version of a Python package, with the text that it was read from.
#[derive(Debug)]
pub struct PythonVersion<'v> {
    /// The text.
    pub raw: &'v str,
    /// The version.
    pub version: &'v Pep440,
}

impl Scope for PythonVersion<'_> {
    fn property(&self, name: &str) -> Value {
        let known = ["raw", "version", "major", "minor", "patch"];
        if known.contains(&name) { Value::Function(name.to_owned()) } else { Value::Undefined }
    }

    fn call(&self, name: &str, _: &[Value], _: &[(String, Value)]) -> Result<Value, TemplateError> {
        Ok(match name {
            "raw" => Value::Text(self.raw.to_owned()),
            "version" => Value::Text(self.version.normal()),
            "major" => Value::Number(self.version.number(0)),
            "minor" => Value::Number(self.version.number(1)),
            _ => Value::Number(self.version.number(2)),
        })
    }
}
