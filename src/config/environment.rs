//! The environment as layers, one a variable, so that an error names the variable at fault.
//!
//! A variable is text and the built-in value of its key says how to read it: a token of digits
//! stays text. `ORDER_SERVICE__SECTION__KEY` outranks the well-known name for the same key, being
//! the one that can only be meant for this service.

use figment::value::{Dict, Value};

use super::{Error, layer::Layer};

const PREFIX: &str = "ORDER_SERVICE__";

/// Names that other programs share, lowest first. Read without regard to case, as .NET does; an
/// empty one counts as unset, since that is what compose files make of a variable nobody gave.
const WELL_KNOWN: [(&str, &str); 5] = [
    ("ConnectionStrings__DefaultConnection", "database.url"),
    ("DATABASE_URL", "database.url"),
    ("ServiceUrls__UserService", "services.user.url"),
    ("ServiceUrls__ProductService", "services.product.url"),
    ("ServiceUrls__PaymentService", "services.payment.url"),
];

/// The layers of `environment`, lowest first. `defaults` is the list of the keys that exist.
pub(super) fn layers(
    environment: &[(String, String)],
    defaults: &Dict,
) -> Result<Vec<Layer>, Error> {
    let mut layers = Vec::new();
    for (known, key) in WELL_KNOWN {
        for (name, text) in environment {
            if name.eq_ignore_ascii_case(known) && !text.trim().is_empty() {
                layers.push(Layer::single(name, key, Value::from(text.as_str())));
            }
        }
    }
    let defaults = Value::from(defaults.clone());
    for (name, text) in environment {
        if let Some(path) = own(name) {
            let key = path.to_ascii_lowercase().replace("__", ".");
            let value = match defaults.find_ref(&key) {
                Some(Value::Dict(..)) => {
                    return Err(Error::new("is a section, not a key").at(&key).written_in(name));
                }
                Some(like) => read(text, like),
                None => return Err(Error::new(format!("unknown key `{key}`")).written_in(name)),
            };
            layers.push(Layer::single(name, &key, value));
        }
    }
    Ok(layers)
}

/// What follows our prefix in `name`.
fn own(name: &str) -> Option<&str> {
    let (prefix, path) = name.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(path)
}

/// Reads `text` as the type of `like`; what does not fit stays text, which the schema then refuses.
fn read(text: &str, like: &Value) -> Value {
    let trimmed = text.trim();
    let typed = match like {
        Value::Bool(..) => trimmed.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        Value::Num(..) => (trimmed.parse::<u64>().map(Value::from))
            .or_else(|_| trimmed.parse::<f64>().map(Value::from))
            .ok(),
        Value::Array(..) => Some(Value::from(
            trimmed
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(Value::from)
                .collect::<Vec<_>>(),
        )),
        Value::String(..) | Value::Char(..) | Value::Empty(..) | Value::Dict(..) => None,
    };
    typed.unwrap_or_else(|| Value::from(text))
}
