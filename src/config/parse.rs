//! Reads single values, with errors that say what to write instead.
//!
//! These functions run inside serde and don't know the key. Their messages continue a sentence that
//! begins with the key.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use strum::VariantNames;
use url::Url;

use super::amqp_url::AmqpUrl;
use super::database_url::DatabaseUrl;
use super::public_key::PublicKey;
use super::secret::{SharedKey, Token, TokenDigest};

/// The longest name of an operator, in characters.
const MAX_NAME: usize = 100;

/// A duration such as `30s`, `2m` or `100ms`. A number without a unit is refused.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    struct WithUnit;

    impl Visitor<'_> for WithUnit {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration such as \"30s\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            match text.parse::<f64>() {
                Ok(number) if number != 0.0 => Err(unitless(number)),
                _ => humantime::parse_duration(text).map_err(|_| {
                    E::custom(format!("must be a duration such as 30s, not `{text}`"))
                }),
            }
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Duration, E> {
            Err(unitless(number))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Duration, E> {
            Err(unitless(number))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Duration, E> {
            Err(unitless(number))
        }
    }

    from.deserialize_any(WithUnit)
}

fn unitless<E: Error>(number: impl fmt::Display) -> E {
    E::custom(format!(
        "must be a duration with its unit, not {number}: write \"{number}s\" for seconds"
    ))
}

/// Such a duration, or a word for none.
#[derive(Deserialize)]
#[serde(untagged)]
enum DurationOr<Word> {
    Word(Word),
    Duration(#[serde(deserialize_with = "duration")] Duration),
}

/// Such a duration, or `off`.
pub(super) fn duration_or_off<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Off {
        Off,
    }

    match DurationOr::deserialize(from) {
        Ok(DurationOr::Word(Off::Off)) => Ok(None),
        Ok(DurationOr::Duration(every)) => Ok(Some(every)),
        Err(_neither) => Err(D::Error::custom("must be a duration such as \"6h\", or \"off\"")),
    }
}

/// Such a duration, or `forever`.
pub(super) fn duration_or_forever<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Forever {
        Forever,
    }

    match DurationOr::deserialize(from) {
        Ok(DurationOr::Word(Forever::Forever)) => Ok(None),
        Ok(DurationOr::Duration(keep)) => Ok(Some(keep)),
        Err(_neither) => {
            Err(D::Error::custom("must be a duration such as \"90d\", or \"forever\""))
        }
    }
}

/// A path; empty is none.
pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()).map(PathBuf::from))
}

/// A list of such durations.
pub(super) fn durations<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Duration>, D::Error> {
    #[derive(Deserialize)]
    struct WithUnit(#[serde(deserialize_with = "duration")] Duration);

    let durations = Vec::<WithUnit>::deserialize(from)?;
    Ok(durations.into_iter().map(|WithUnit(duration)| duration).collect())
}

/// A list of networks; an address is a network of one.
pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let network = |text: &String| {
        let address = || text.trim().parse::<IpAddr>().ok().map(IpNet::from);
        text.trim().parse().ok().or_else(address).ok_or_else(|| {
            D::Error::custom(format!("must list networks such as 10.0.0.0/8, not `{text}`"))
        })
    };
    texts.iter().map(network).collect()
}

/// An IP address and a port.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    text.trim().parse().map_err(|_| {
        D::Error::custom(format!(
            "must be an IP address and a port such as 0.0.0.0:5004, not `{text}`"
        ))
    })
}

/// A list of origins. An origin with a path, or with the scheme's default port, is refused: it would never
/// match what a browser sends.
pub(super) fn origins<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let origins = Vec::<String>::deserialize(from)?;
    for text in &origins {
        let origin = match Url::parse(text) {
            Ok(url) if is_web(&url) => url.origin().ascii_serialization(),
            _ => {
                return Err(D::Error::custom(format!(
                    "must list origins such as https://shop.example, not `{text}`"
                )));
            }
        };
        if origin != *text {
            return Err(D::Error::custom(format!(
                "must list origins as a browser writes them: write `{origin}` instead of `{text}`"
            )));
        }
    }
    Ok(origins)
}

/// The base URL of a neighbour, with a path that ends in `/`.
pub(super) fn service_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let mut url = match Url::parse(text.trim()) {
        Ok(url) if is_web(&url) => url,
        // Text that isn't a URL may still hold a password, so it is not repeated.
        _ => return Err(D::Error::custom("must be a URL such as http://localhost:5005")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(D::Error::custom("must not hold a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(D::Error::custom("must not have a query or a fragment"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// The token that operators share, `None` when empty.
pub(super) fn token<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Token>, D::Error> {
    Token::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// The name of an operator.
pub(super) fn operator_name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?.trim().to_owned();
    let is_long = name.chars().count() > MAX_NAME;
    if name.is_empty() || is_long || name.chars().any(char::is_control) {
        return Err(D::Error::custom(format!("must be a name of 1 to {MAX_NAME} characters")));
    }
    Ok(name)
}

/// One of the words of an enum. The error doesn't repeat any other text: it may be a misplaced token.
pub(super) fn word<'de, D: Deserializer<'de>, T: FromStr + VariantNames>(
    from: D,
) -> Result<T, D::Error> {
    let word = String::deserialize(from)?.trim().parse();
    let words = || T::VARIANTS.join(", ");
    word.map_err(|_unknown| D::Error::custom(format!("must be one of {}", words())))
}

/// The SHA-256 of an operator's token.
pub(super) fn token_digest<'de, D: Deserializer<'de>>(from: D) -> Result<TokenDigest, D::Error> {
    TokenDigest::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// A shared key, `None` when empty.
pub(super) fn shared_key<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SharedKey>, D::Error> {
    Ok(SharedKey::new(String::deserialize(from)?))
}

/// A public key, `None` when empty.
pub(super) fn public_key<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<PublicKey>, D::Error> {
    PublicKey::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// The URL of a document, `None` when empty.
pub(super) fn document_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    match Url::parse(text.trim()) {
        Ok(url) if is_web(&url) && url.username().is_empty() && url.password().is_none() => {
            Ok(Some(url))
        }
        // It may hold a password, so it is not repeated.
        Ok(_) | Err(_) => Err(D::Error::custom(
            "must be a URL such as https://issuer.example/jwks.json, without user name and password",
        )),
    }
}

/// The address of a RabbitMQ server, `None` when empty.
pub(super) fn amqp_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AmqpUrl>, D::Error> {
    AmqpUrl::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// The database's URL.
pub(super) fn database_url<'de, D: Deserializer<'de>>(from: D) -> Result<DatabaseUrl, D::Error> {
    DatabaseUrl::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}
