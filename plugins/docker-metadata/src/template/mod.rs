//! Templates in the language of Handlebars, as far as a template in an attribute goes: everything but partials, decorators,
//! raw blocks and block parameters.

mod expression;
mod lexer;
mod parse;
mod render;
mod value;

pub use parse::{TemplateError, is_raw_statement, leading_text};
pub use render::{Rendered, render};
pub use value::{Scope, Value};

#[cfg(test)]
mod tests;
