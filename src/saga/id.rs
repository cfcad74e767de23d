//! The identity of a saga.

use derive_more::{Display, From};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A saga's own id. The order that it is about has an id of its own; a kind may choose to give both
/// the same value.
#[derive(
    Clone, Copy, Debug, Display, From, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SagaId(pub Uuid);
