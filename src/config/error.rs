//! Errors of the configuration: one line that names the key, the problem and the source.

use std::fmt;

use figment::error::{Actual, Kind};

/// The first error found. Displays as one line, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    key: Option<String>,
    problem: String,
    origin: Option<String>,
}

impl Error {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { key: None, problem: problem.into(), origin: None }
    }

    pub(super) fn at(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    pub(super) fn written_in(self, origin: impl Into<String>) -> Self {
        Self { origin: Some(origin.into()), ..self }
    }

    /// The key at fault as a dotted path, if it is known.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        if let Some(key) = &self.key {
            write!(f, "`{key}` ")?;
        }
        f.write_str(&self.problem)?;
        match &self.origin {
            Some(origin) => write!(f, " (in {origin})"),
            None => Ok(()),
        }
    }
}

impl From<figment::Error> for Error {
    fn from(error: figment::Error) -> Self {
        let path = error.path.join(".");
        let origin = error.metadata.as_ref().map(|metadata| metadata.name.to_string());
        let plain = match &error.kind {
            Kind::UnknownField(name, known) => {
                let full = below(&path, name);
                Self::new(format!("unknown key `{full}`; known here: {}", known.join(", ")))
            }
            Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
                Self::new(mismatch(&path, actual, expected)).at(path)
            }
            Kind::Message(text) => Self::new(text.clone()).at(path),
            Kind::MissingField(name) => Self::new("is missing").at(below(&path, name)),
            other => Self::new(other.to_string()).at(path),
        };
        Self { origin, ..plain }
    }
}

/// The dotted path of the key `name` in the section `path`. `path` may already end with the key.
fn below(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        full if full.ends_with(name) => full.to_owned(),
        section => format!("{section}.{name}"),
    }
}

fn mismatch(key: &str, actual: &Actual, expected: &str) -> String {
    let wanted = match expected {
        "u32" | "u64" | "usize" => "a whole number, zero or more",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" => "text in quotes",
        other if other.starts_with("struct") => "a section",
        other => other,
    };
    // Under these keys a value may be a secret, even a misplaced one.
    let is_secret = ["operator", "users", "database.url", "broker.url", "intake.url", "mail.url"]
        .iter()
        .any(|secret| key.starts_with(secret))
        || ["database", "broker", "intake", "mail"].contains(&key);
    let found = match actual {
        _ if is_secret => return format!("must be {wanted}"),
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Str(value) => format!("`{value}`"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        other => other.to_string(),
    };
    format!("must be {wanted}, not {found}")
}
