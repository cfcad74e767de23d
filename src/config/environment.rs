//! The environment as layers, one a variable, so that an error names the variable at fault.
//!
//! A variable is text and the built-in value of its key says how to read it: a token of digits
//! stays text. `ORDER_SERVICE__SECTION__KEY` outranks the well-known name for the same key, being
//! the one that can only be meant for this service.

use std::net::SocketAddr;

use figment::value::{Dict, Value};

use super::{Error, layer::Layer, listen};

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

/// How a variable says an address.
type Reads = fn(&str) -> Result<SocketAddr, String>;

/// Where .NET services are told what to listen on, highest first, and how each is written. Lowest in
/// rank: what is said to this service by any other name counts first.
const LISTEN: [(&str, Reads); 5] = [
    ("Kestrel__Endpoints__Http__Url", listen::from_urls),
    ("ASPNETCORE_URLS", listen::from_urls),
    ("DOTNET_URLS", listen::from_urls),
    ("ASPNETCORE_HTTP_PORTS", listen::from_ports),
    ("DOTNET_HTTP_PORTS", listen::from_ports),
];

/// Where .NET services are told that they run at a developer's, highest first.
const ENVIRONMENT: [&str; 2] = ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

/// Where the platform's web client is served from at a developer's.
pub const WEB_CLIENT: &str = "http://localhost:3000";

/// What holds at a developer's, unless the file or anything above it says otherwise.
pub(super) fn development(environment: &[(String, String)]) -> Option<Layer> {
    let (name, text) = ENVIRONMENT.iter().find_map(|name| set(environment, name))?;
    let origins = vec![Value::from(WEB_CLIENT)];
    text.trim()
        .eq_ignore_ascii_case("Development")
        .then(|| Layer::single(name, "http.cors_origins", Value::from(origins)))
}

/// The address by the names that .NET services share, for where nothing else in the environment or
/// on the command line says one.
pub(super) fn listen(environment: &[(String, String)]) -> Result<Option<Layer>, Error> {
    let key = "http.listen";
    let says_own = |(name, _): &(String, String)| {
        own(name).is_some_and(|path| path.eq_ignore_ascii_case("HTTP__LISTEN"))
    };
    let found = LISTEN.iter().find_map(|(name, read)| Some((set(environment, name)?, read)));
    let Some(((name, text), read)) = found.filter(|_| !environment.iter().any(says_own)) else {
        return Ok(None);
    };
    let address = read(text).map_err(|problem| Error::new(problem).at(key).written_in(name))?;
    Ok(Some(Layer::single(name, key, Value::from(address.to_string()))))
}

/// A variable as it is named and set; the last one, where the same name is there in two cases.
fn set<'a>(environment: &'a [(String, String)], known: &str) -> Option<(&'a str, &'a str)> {
    let is_it = |(name, text): &&(String, String)| {
        name.eq_ignore_ascii_case(known) && !text.trim().is_empty()
    };
    environment.iter().rev().find(is_it).map(|(name, text)| (name.as_str(), text.as_str()))
}

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
        Value::Array(..) => list(trimmed),
        Value::String(..) | Value::Char(..) | Value::Empty(..) | Value::Dict(..) => None,
    };
    typed.unwrap_or_else(|| Value::from(text))
}

/// A list: an array as TOML and JSON write it, or plain values with commas between them. `None` where
/// it begins as an array and is none.
fn list(text: &str) -> Option<Value> {
    if text.starts_with('[') {
        let mut array: Dict = toml::from_str(&format!("list = {text}")).ok()?;
        return array.remove("list");
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(Value::from(items.map(Value::from).collect::<Vec<_>>()))
}
