//! What is wrong with a request's body, and where in it.

use std::fmt;

use serde::de;

use super::problem::Problem;

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// The rule that a value breaks, such as `is required`. Its path is not known yet.
    Rule(String),
    /// What the client is told: path and rule, such as `items[0].productId is required`.
    Told(String),
}

impl Invalid {
    /// The same error, with this path before the rule. An error that already has a path comes from deeper
    /// inside the body, and keeps that path.
    pub(super) fn at(self, path: Path<'_>) -> Self {
        match self {
            Self::Rule(rule) => Self::Told(format!("{path} {rule}")),
            Self::Told(_) => self,
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Rule(text) | Self::Told(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for Invalid {}

impl de::Error for Invalid {
    fn custom<T: fmt::Display>(rule: T) -> Self {
        Self::Rule(rule.to_string())
    }
}

impl From<Invalid> for Problem {
    fn from(error: Invalid) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// Where in the body a value is, such as `items[0].quantity`.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    /// The body itself.
    Body,
    /// A property of the object at a path.
    Property(&'a Path<'a>, &'static str),
    /// An item of the array at a path, from 0.
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("the body"),
            Self::Property(Self::Body, name) => f.write_str(name),
            Self::Property(object, name) => write!(f, "{object}.{name}"),
            Self::Item(array, at) => write!(f, "{array}[{at}]"),
        }
    }
}
