//! Where the configuration comes from, and which source overrides which.
//!
//! [`Sources`] is plain data, so that a test can pass an environment of its own instead of changing the
//! one that all tests of the process share.

use std::{
    env, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    value::{Dict, Value},
};

use super::{Config, Error, environment, layer::Layer, rules};

/// The built-in values, which are also the list of all keys.
const DEFAULTS: &str = include_str!("defaults.toml");
/// The name of that layer in errors.
const BUILT_IN: &str = "the built-in defaults";
/// The file that is read from the working directory, if it exists.
const FILE: &str = "order-service.toml";

/// The values from the command line; `None` leaves the layers below in force.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`, for `http.listen`.
    pub listen: Option<SocketAddr>,
    /// `--database-url`, for `database.url`.
    pub database_url: Option<String>,
    /// A command's own default for `http.listen`; any other source overrides it.
    pub default_listen: Option<SocketAddr>,
}

/// Which file is read.
#[derive(Debug, Clone)]
pub enum File {
    /// One that was asked for; it is an error if it doesn't exist.
    Given(PathBuf),
    /// One that is read if it exists.
    IfPresent(PathBuf),
}

/// Every layer above the built-in defaults.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The file.
    pub file: File,
    /// The environment, as pairs of name and value.
    pub environment: Vec<(String, String)>,
    /// The command line.
    pub flags: Overrides,
}

impl Config {
    /// Reads the layers of this process: `file`, or `order-service.toml` in the working directory if it
    /// exists, then the environment, then `flags`.
    ///
    /// # Errors
    /// The first key at fault, in one line.
    pub fn load(file: Option<&Path>, flags: Overrides) -> Result<Self, Error> {
        let file = match file {
            Some(path) => File::Given(path.to_owned()),
            None => File::IfPresent(PathBuf::from(FILE)),
        };
        // A value that isn't UTF-8 is invalid for every key. Decoding it lossily keeps the rest of the
        // environment readable and leaves it to the rules below to refuse the value.
        let environment = env::vars_os()
            .map(|(name, value)| {
                (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            })
            .collect();
        Self::from_sources(&Sources { file, environment, flags })
    }

    /// Reads the given layers. Of this process's surroundings it reads nothing but the file.
    ///
    /// # Errors
    /// The first key at fault, in one line.
    pub fn from_sources(sources: &Sources) -> Result<Self, Error> {
        let defaults = toml(DEFAULTS, BUILT_IN)?;
        let environment = environment::layers(&sources.environment, &defaults)?;
        let mut layers = Figment::from(Layer::new(BUILT_IN, defaults));
        if let Some(address) = sources.flags.default_listen {
            let address = Value::from(address.to_string());
            layers = layers.merge(Layer::single(BUILT_IN, "http.listen", address));
        }
        if let Some(development) = environment::development(&sources.environment) {
            layers = layers.merge(development);
        }
        if let Some(file) = read(&sources.file)? {
            layers = layers.merge(file);
        }
        // If the command line gives an address, these variables are not even read.
        let listen = match sources.flags.listen {
            Some(_) => None,
            None => environment::listen(&sources.environment)?,
        };
        for layer in listen.into_iter().chain(environment).chain(sources.flags.layers()) {
            layers = layers.merge(layer);
        }
        let mut config = layers.extract::<Self>()?;
        let is_set =
            |key: &str| layers.find_metadata(key).is_some_and(|layer| layer.name != BUILT_IN);
        let services = &mut config.services;
        services.product.is_idempotent_set = is_set("services.product.idempotent");
        services.payment.is_idempotent_set = is_set("services.payment.idempotent");
        rules::check(&config).map_err(|error| {
            let origin = error.key().and_then(|key| layers.find_metadata(key));
            match origin.map(|metadata| metadata.name.to_string()) {
                Some(origin) => error.written_in(origin),
                None => error,
            }
        })?;
        Ok(config)
    }

    /// The built-in values alone.
    ///
    /// # Panics
    /// Never: a test reads them.
    #[must_use]
    pub fn defaults() -> Self {
        let sources = Sources {
            file: File::IfPresent(PathBuf::new()),
            environment: Vec::new(),
            flags: Overrides::default(),
        };
        Self::from_sources(&sources).expect("the built-in defaults keep their own rules")
    }
}

impl Overrides {
    fn layers(&self) -> impl Iterator<Item = Layer> {
        let listen = self.listen.map(|address| ("--listen", "http.listen", address.to_string()));
        let url = self.database_url.clone().map(|url| ("--database-url", "database.url", url));
        [listen, url]
            .into_iter()
            .flatten()
            .map(|(flag, key, text)| Layer::single(flag, key, Value::from(text)))
    }
}

fn read(file: &File) -> Result<Option<Layer>, Error> {
    let (File::Given(path) | File::IfPresent(path)) = file;
    let origin = path.display().to_string();
    match (fs::read_to_string(path), file) {
        (Ok(text), _) => Ok(Some(Layer::new(&origin, toml(&text, &origin)?))),
        (Err(error), File::IfPresent(_)) if is_absent(path, &error) => Ok(None),
        (Err(error), _) => Err(Error::new(format!("cannot be read: {error}")).at(origin)),
    }
}

/// Whether there is no such file, as far as this process may look: in a container, another user may have
/// been put into a working directory that is not theirs. One that is there must be readable.
fn is_absent(path: &Path, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound => true,
        io::ErrorKind::PermissionDenied => fs::symlink_metadata(path).is_err(),
        _ => false,
    }
}

/// Reads TOML. The parser's own error is not used: it quotes the line, which may hold a token.
fn toml(text: &str, origin: &str) -> Result<Dict, Error> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let problem = error.message().replace('\n', " ");
        Error::new(format!("line {line} is not TOML: {problem}")).written_in(origin)
    })
}
