//! How to call one neighbour, as configured.

use std::time::Duration;

use super::breaker::BreakerLimits;

/// The settings of one neighbour's endpoint.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Base URL of its API. If it has a path, requests go below that path.
    pub url: url::Url,
    /// The longest that one call may take.
    pub timeout: Duration,
    /// The most calls at once.
    pub concurrency: usize,
    /// When the breaker opens, and how many repeats are allowed.
    pub limits: BreakerLimits,
}
