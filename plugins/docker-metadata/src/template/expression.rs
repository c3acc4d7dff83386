//! From tokens to an expression.

use super::lexer::Token;

/// How deeply blocks, and calls in calls, may be nested: a policy has little stack.
pub(super) const DEEPEST: usize = 12;

/// An expression: a name with what is handed to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) target: Argument,
    pub(super) arguments: Vec<Argument>,
    pub(super) named: Vec<(String, Argument)>,
}

/// What stands in an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument {
    Path(Path),
    Text(String),
    Number(f64),
    Boolean(bool),
    Undefined,
    Null,
    Call(Box<Call>),
}

/// The way to a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Path {
    /// How many `..` it begins with.
    pub(super) up: usize,
    pub(super) names: Vec<String>,
    /// Whether it begins with `.` or `this`.
    pub(super) scoped: bool,
    /// Whether `@` stands before it.
    pub(super) data: bool,
}

/// The tokens of an expression that are left.
pub(super) struct Expression<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl<'t> Expression<'t> {
    /// An expression inside of so many blocks.
    pub(super) const fn new(tokens: &'t [Token], depth: usize) -> Self {
        Self { tokens, depth }
    }

    /// The call that all tokens make.
    pub(super) fn whole(mut self) -> Option<Call> {
        let call = self.call()?;
        self.tokens.is_empty().then_some(call)
    }

    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn call(&mut self) -> Option<Call> {
        self.depth += 1;
        if self.depth > DEEPEST || self.tokens.first() == Some(&Token::Open) {
            return None;
        }
        let target = self.argument()?;
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        while !matches!(self.tokens.first(), None | Some(Token::Close)) {
            if let [Token::Name(name), Token::Equals, rest @ ..] = self.tokens {
                self.tokens = rest;
                named.push((name.clone(), self.argument()?));
            } else if named.is_empty() {
                arguments.push(self.argument()?);
            } else {
                return None;
            }
        }
        self.depth -= 1;
        Some(Call { target, arguments, named })
    }

    fn argument(&mut self) -> Option<Argument> {
        if matches!(self.tokens.first()?, Token::Name(_) | Token::Data) {
            return self.path().map(Argument::Path);
        }
        Some(match self.next()? {
            Token::Text(text) => Argument::Text(text.clone()),
            Token::Number(number) => Argument::Number(*number),
            Token::Boolean(value) => Argument::Boolean(*value),
            Token::Undefined => Argument::Undefined,
            Token::Null => Argument::Null,
            Token::Open => {
                let call = self.call()?;
                if self.next()? != &Token::Close {
                    return None;
                }
                Argument::Call(Box::new(call))
            }
            _ => return None,
        })
    }

    fn path(&mut self) -> Option<Path> {
        let mut path = Path::default();
        if self.tokens.first() == Some(&Token::Data) {
            path.data = true;
            self.next();
        }
        let mut first = true;
        loop {
            let Token::Name(name) = self.next()? else { return None };
            match name.as_str() {
                "." | ".." | "this" if !path.names.is_empty() => return None,
                ".." => path.up += 1,
                "." | "this" => path.scoped |= first,
                name => path.names.push(name.to_owned()),
            }
            first = false;
            if self.tokens.first() != Some(&Token::Separator) {
                return Some(path);
            }
            self.next();
        }
    }
}
