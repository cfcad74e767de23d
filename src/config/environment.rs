//! The environment as layers, one for each variable, so that an error names the variable at fault.
//!
//! A variable is text; the type of the key's built-in value decides how it is read, so that a token of
//! digits stays text. `ORDER_SERVICE__SECTION__KEY` overrides a well-known name for the same key, since
//! it can only be meant for this service.

use std::net::SocketAddr;

use figment::value::{Dict, Value};

use super::{Error, layer::Layer, listen};

const PREFIX: &str = "ORDER_SERVICE__";

/// Names that other programs use, too; later ones override earlier ones. Case doesn't matter, as in .NET.
/// An empty variable counts as unset, since a compose file passes an unset variable on as an empty one.
const WELL_KNOWN: [(&str, &str); 8] = [
    ("ConnectionStrings__DefaultConnection", "database.url"),
    ("DATABASE_URL", "database.url"),
    ("ServiceUrls__UserService", "services.user.url"),
    ("ServiceUrls__ProductService", "services.product.url"),
    ("ServiceUrls__PaymentService", "services.payment.url"),
    // The platform sets these for all of its services. They alone don't turn authentication on.
    ("Jwt__Key", "users.jwt.key"),
    ("Jwt__Issuer", "users.jwt.issuer"),
    ("Jwt__Audience", "users.jwt.audience"),
];

/// Reads an address from a variable's text.
type Reads = fn(&str) -> Result<SocketAddr, String>;

/// The variables that tell .NET services where to listen, and how each is read. The first one that is set
/// counts. All names of our own for the address override these.
const LISTEN: [(&str, Reads); 5] = [
    ("Kestrel__Endpoints__Http__Url", listen::from_urls),
    ("ASPNETCORE_URLS", listen::from_urls),
    ("DOTNET_URLS", listen::from_urls),
    ("ASPNETCORE_HTTP_PORTS", listen::from_ports),
    ("DOTNET_HTTP_PORTS", listen::from_ports),
];

/// The variables that tell .NET services that they run on a developer's machine. The first one that is
/// set counts.
const ENVIRONMENT: [&str; 2] = ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

/// The origin of the platform's web client on a developer's machine.
pub const WEB_CLIENT: &str = "http://localhost:3000";

/// The values that differ on a developer's machine. The file and all layers above it override them.
pub(super) fn development(environment: &[(String, String)]) -> Option<Layer> {
    let (name, text) = ENVIRONMENT.iter().find_map(|name| set(environment, name))?;
    let origins = vec![Value::from(WEB_CLIENT)];
    text.trim()
        .eq_ignore_ascii_case("Development")
        .then(|| Layer::single(name, "http.cors_origins", Value::from(origins)))
}

/// The address from the variables of .NET services; `None` if the environment has our own name for it.
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

/// A variable's name and text as they are set. If the name occurs in several spellings, the last one counts.
fn set<'a>(environment: &'a [(String, String)], known: &str) -> Option<(&'a str, &'a str)> {
    let is_it = |(name, text): &&(String, String)| {
        name.eq_ignore_ascii_case(known) && !text.trim().is_empty()
    };
    environment.iter().rev().find(is_it).map(|(name, text)| (name.as_str(), text.as_str()))
}

/// The layers of `environment`, each overriding those before it. `defaults` is the list of all keys.
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

/// The part of `name` after our prefix.
fn own(name: &str) -> Option<&str> {
    let (prefix, path) = name.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(path)
}

/// Reads `text` as the type of `like`. Text that doesn't fit stays text, which the schema then refuses.
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

/// A list: an array as in JSON and TOML, or plain values separated by commas. `None` if it begins like an
/// array and isn't one.
fn list(text: &str) -> Option<Value> {
    if text.starts_with('[') {
        if let Ok(array) = serde_json::from_str(text) {
            return Some(array);
        }
        let mut array: Dict = toml::from_str(&format!("list = {text}")).ok()?;
        return array.remove("list");
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(Value::from(items.map(Value::from).collect::<Vec<_>>()))
}
