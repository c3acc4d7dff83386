//! Filling in a template.

use super::{
    TemplateError, Value,
    expression::{Argument, Call, Path},
    parse::{Part, parse},
    value::Scope,
};

/// What came of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The first value that escaping changed.
    pub escaped: Option<String>,
}

/// Fills in a template.
///
/// # Errors
/// The template cannot be read, or asks for what the scope does not give.
pub fn render(text: &str, scope: &dyn Scope) -> Result<Rendered, TemplateError> {
    let parts = parse(text)?;
    let mut filling = Filling { scope, output: Rendered { text: String::new(), escaped: None } };
    filling.parts(&parts, &[This::Scope])?;
    Ok(filling.output)
}

/// What `this` is.
#[derive(Debug, Clone, PartialEq)]
enum This {
    Scope,
    Value(Value),
}

/// The functions that templates have of themselves.
const BUILT_IN: [&str; 8] =
    ["helperMissing", "blockHelperMissing", "each", "if", "unless", "with", "log", "lookup"];

struct Filling<'s> {
    scope: &'s dyn Scope,
    output: Rendered,
}

impl Filling<'_> {
    fn parts(&mut self, parts: &[Part], these: &[This]) -> Result<(), TemplateError> {
        for part in parts {
            match part {
                Part::Text(text) => self.output.text += text,
                Part::Comment => {}
                Part::Output { expression, escaped } => {
                    let text = self.value(expression, these)?.text();
                    self.write(&text, *escaped);
                }
                Part::Block { expression, body, otherwise } => {
                    self.block(expression, body, otherwise, these)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str, escaped: bool) {
        if !escaped || !text.contains(['&', '<', '>', '"', '\'', '`', '=']) {
            self.output.text += text;
            return;
        }
        self.output.escaped.get_or_insert_with(|| text.to_owned());
        for character in text.chars() {
            match character {
                '&' => self.output.text += "&amp;",
                '<' => self.output.text += "&lt;",
                '>' => self.output.text += "&gt;",
                '"' => self.output.text += "&quot;",
                '\'' => self.output.text += "&#x27;",
                '`' => self.output.text += "&#x60;",
                '=' => self.output.text += "&#x3D;",
                other => self.output.text.push(other),
            }
        }
    }

    /// The value of an expression in braces.
    fn value(&self, call: &Call, these: &[This]) -> Result<Value, TemplateError> {
        let Some(name) = simple_name(&call.target) else {
            let Argument::Path(path) = &call.target else { return Ok(Value::Undefined) };
            let found = self.lookup(path, these);
            return match found {
                Value::Function(name) => self.call(&name, call, these),
                _ if has_arguments(call) => Err(missing(&path.names.join("."))),
                found => Ok(found),
            };
        };
        if BUILT_IN.contains(&name.as_str()) {
            return self.built_in(&name, call, these);
        }
        match self.property(&name, these) {
            Value::Function(name) => self.call(&name, call, these),
            _ if has_arguments(call) => Err(missing(&name)),
            found => Ok(found),
        }
    }

    fn call(&self, name: &str, call: &Call, these: &[This]) -> Result<Value, TemplateError> {
        let arguments = self.arguments(call, these)?;
        let named =
            |(name, argument): &(String, Argument)| Ok((name.clone(), self.argument(argument, these)?));
        let named = call.named.iter().map(named).collect::<Result<Vec<_>, TemplateError>>()?;
        self.scope.call(name, &arguments, &named)
    }

    fn arguments(&self, call: &Call, these: &[This]) -> Result<Vec<Value>, TemplateError> {
        call.arguments.iter().map(|argument| self.argument(argument, these)).collect()
    }

    fn argument(&self, argument: &Argument, these: &[This]) -> Result<Value, TemplateError> {
        Ok(match argument {
            Argument::Path(path) => self.lookup(path, these),
            Argument::Text(text) => Value::Text(text.clone()),
            Argument::Number(number) => Value::Number(*number),
            Argument::Boolean(value) => Value::Boolean(*value),
            Argument::Undefined => Value::Undefined,
            Argument::Null => Value::Null,
            Argument::Call(call) => self.nested(call, these)?,
        })
    }

    /// A call in parentheses: what it names must be a function.
    fn nested(&self, call: &Call, these: &[This]) -> Result<Value, TemplateError> {
        let name = match &call.target {
            Argument::Path(path) => path.names.join("."),
            _ => String::new(),
        };
        if simple_name(&call.target).is_some_and(|name| BUILT_IN.contains(&name.as_str())) {
            return self.built_in(&name, call, these);
        }
        let found = match &call.target {
            Argument::Path(path) => self.lookup(path, these),
            _ => Value::Undefined,
        };
        match found {
            Value::Function(name) => self.call(&name, call, these),
            // Without anything to hand over, one that is missing gives nothing.
            Value::Undefined | Value::Null if !has_arguments(call) => Ok(Value::Undefined),
            _ => Err(missing(&name)),
        }
    }

    fn built_in(&self, name: &str, call: &Call, these: &[This]) -> Result<Value, TemplateError> {
        let arguments = self.arguments(call, these)?;
        match (name, arguments.as_slice()) {
            ("log", _) | ("helperMissing", []) => Ok(Value::Undefined),
            ("helperMissing", _) => Err(missing(name)),
            ("lookup", [Value::Undefined | Value::Null, _]) => Ok(Value::Undefined),
            ("lookup", [value, key]) => Ok(value.property(&key.text())),
            _ => Err(TemplateError::Arguments { name: name.to_owned(), what: "no block" }),
        }
    }

    /// A property of what `this` is.
    fn property(&self, name: &str, these: &[This]) -> Value {
        match these.last() {
            Some(This::Value(value)) => value.property(name),
            Some(This::Scope) | None => self.scope.property(name),
        }
    }

    fn lookup(&self, path: &Path, these: &[This]) -> Value {
        if path.data && path.names.first().is_none_or(|name| name != "root") {
            return Value::Undefined;
        }
        let (these, names) = if path.data {
            (&these[..1], &path.names[1..])
        } else {
            match these.len().checked_sub(path.up).filter(|left| *left > 0) {
                Some(left) => (&these[..left], path.names.as_slice()),
                None => return Value::Undefined,
            }
        };
        let Some((first, rest)) = names.split_first() else {
            return match these.last() {
                Some(This::Value(value)) => value.clone(),
                Some(This::Scope) | None => Value::Object(self.scope.text()),
            };
        };
        rest.iter().fold(self.property(first, these), |value, name| value.property(name))
    }

    fn block(
        &mut self,
        call: &Call,
        body: &[Part],
        otherwise: &[Part],
        these: &[This],
    ) -> Result<(), TemplateError> {
        let name = simple_name(&call.target).unwrap_or_default();
        match name.as_str() {
            "if" | "unless" => {
                let [condition] = self.arguments(call, these)?.try_into().map_err(|_| one_argument(&name))?;
                let zero = call
                    .named
                    .iter()
                    .any(|(key, value)| key == "includeZero" && matches!(value, Argument::Boolean(true)))
                    && condition == Value::Number(0.0);
                let met = zero || !self.resolved(condition)?.is_empty();
                self.parts(if met == (name == "if") { body } else { otherwise }, these)
            }
            "with" => {
                let [value] = self.arguments(call, these)?.try_into().map_err(|_| one_argument(&name))?;
                let value = self.resolved(value)?;
                if value.is_empty() && value != Value::Number(0.0) {
                    return self.parts(otherwise, these);
                }
                self.inside(value, body, these)
            }
            "each" => {
                let [value] = self.arguments(call, these)?.try_into().map_err(|_| one_argument(&name))?;
                match self.resolved(value)? {
                    Value::List(values) if !values.is_empty() => self.each(values, body, these),
                    _ => self.parts(otherwise, these),
                }
            }
            _ => match self.value(call, these)? {
                Value::Boolean(true) => self.parts(body, these),
                Value::Boolean(false) | Value::Undefined | Value::Null => self.parts(otherwise, these),
                Value::List(values) if values.is_empty() => self.parts(otherwise, these),
                Value::List(values) => self.each(values, body, these),
                value => self.inside(value, body, these),
            },
        }
    }

    /// What a function gives, and any other value itself.
    fn resolved(&self, value: Value) -> Result<Value, TemplateError> {
        match value {
            Value::Function(name) => self.scope.call(&name, &[], &[]),
            value => Ok(value),
        }
    }

    fn each(&mut self, values: Vec<Value>, body: &[Part], these: &[This]) -> Result<(), TemplateError> {
        values.into_iter().try_for_each(|value| self.inside(value, body, these))
    }

    fn inside(&mut self, value: Value, body: &[Part], these: &[This]) -> Result<(), TemplateError> {
        let this = match value {
            Value::Object(_) => This::Scope,
            value => This::Value(value),
        };
        self.parts(body, &[these, &[this]].concat())
    }
}

/// The name of an expression that is a name alone; literals count as names.
fn simple_name(target: &Argument) -> Option<String> {
    match target {
        Argument::Path(path) => {
            let simple = path.names.len() == 1 && !path.scoped && path.up == 0 && !path.data;
            simple.then(|| path.names[0].clone())
        }
        Argument::Text(text) => Some(text.clone()),
        Argument::Number(number) => Some(crate::javascript::number_text(*number)),
        Argument::Boolean(value) => Some(value.to_string()),
        Argument::Undefined => Some("undefined".to_owned()),
        Argument::Null => Some("null".to_owned()),
        Argument::Call(_) => None,
    }
}

const fn has_arguments(call: &Call) -> bool {
    !call.arguments.is_empty() || !call.named.is_empty()
}

fn missing(name: &str) -> TemplateError {
    TemplateError::MissingHelper { name: name.to_owned() }
}

fn one_argument(name: &str) -> TemplateError {
    TemplateError::Arguments { name: name.to_owned(), what: "other than one argument" }
}
