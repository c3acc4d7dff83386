//! What a template works with.

use super::TemplateError;
use crate::javascript::number_text;

/// A value of JavaScript, as far as templates meet them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Undefined,
    /// The empty object.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A function of the scope, by its name.
    Function(String),
    /// An object that only its text is known of.
    Object(String),
}

impl Value {
    /// The value as text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Undefined | Self::Null => String::new(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => number_text(*value),
            Self::Text(text) | Self::Object(text) => text.clone(),
            Self::List(values) => values.iter().map(Self::text).collect::<Vec<_>>().join(","),
            Self::Function(name) => format!("function {name}"),
        }
    }

    /// Whether a condition takes it for no.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Undefined | Self::Null | Self::Boolean(false) => true,
            Self::Text(text) => text.is_empty(),
            Self::Number(number) => *number == 0.0 || number.is_nan(),
            Self::List(values) => values.is_empty(),
            Self::Boolean(true) | Self::Function(_) | Self::Object(_) => false,
        }
    }

    /// A property of the value.
    pub(super) fn property(&self, name: &str) -> Self {
        let length =
            |count: usize| u32::try_from(count).map_or(Self::Undefined, |count| Self::Number(count.into()));
        match self {
            Self::List(values) if name == "length" => length(values.len()),
            Self::Text(text) if name == "length" => length(text.encode_utf16().count()),
            // A function has its name, and the number of what it takes.
            Self::Function(function) if name == "name" => Self::Text(function.clone()),
            Self::Function(function) if name == "length" => {
                length(if function.ends_with("date") { 2 } else { 0 })
            }
            Self::List(values) => name
                .parse()
                .ok()
                .and_then(|place: usize| values.get(place))
                .cloned()
                .unwrap_or(Self::Undefined),
            _ => Self::Undefined,
        }
    }
}

/// The object that a template is filled in from.
pub trait Scope {
    /// A property: a value, or a function.
    fn property(&self, name: &str) -> Value;

    /// Calls a function.
    ///
    /// # Errors
    /// The function refuses these arguments.
    fn call(
        &self,
        name: &str,
        arguments: &[Value],
        named: &[(String, Value)],
    ) -> Result<Value, TemplateError>;

    /// The object as text.
    fn text(&self) -> String {
        "[object Object]".to_owned()
    }
}
