//! One layer of the configuration: values from one source, whose name appears in errors.

use figment::{
    Metadata, Profile, Provider,
    value::{Dict, Map, Value},
};

/// Values and their source.
pub(super) struct Layer {
    origin: String,
    values: Dict,
}

impl Layer {
    /// Many values from one source.
    pub(super) fn new(origin: impl Into<String>, values: Dict) -> Self {
        Self { origin: origin.into(), values }
    }

    /// One value; `key` is its dotted path.
    pub(super) fn single(origin: impl Into<String>, key: &str, value: Value) -> Self {
        let values = figment::util::nest(key, value).into_dict().unwrap_or_default();
        Self::new(origin, values)
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}
