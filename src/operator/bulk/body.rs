//! The bodies of requests about bulk runs.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::FilterObject;
use super::size::{Rate, Waves};
use crate::bulk::MOST;
use crate::operator::reason::ReasonText;
use crate::saga::{Intervention, SagaId};
use crate::web::Field;

/// A run to be: `filter` or `ids`, one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewBulkRun)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewRunBody {
    /// `retry` or `compensate`.
    #[schema(value_type = String, pattern = "^(retry|compensate)$")]
    pub(super) action: Field<Action>,
    /// What the list of sagas is asked for, by the same names: all sagas that match it now.
    #[schema(value_type = Option<FilterObject>, inline)]
    pub(super) filter: Field<Option<FilterObject>>,
    /// These sagas, in this order, at most 100,000.
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub(super) ids: Field<Option<Ids>>,
    #[schema(value_type = ReasonText, inline)]
    pub(super) reason: Field<ReasonText>,
    /// The sizes of the first waves: whole numbers of sagas, or fractions of the set; unless said 1, 5 and 0.1.
    #[schema(value_type = Option<Waves>, inline)]
    pub(super) canary: Field<Option<Waves>>,
    /// How many sagas are acted on in a second, at most; unless said 10.
    #[schema(value_type = Option<f64>, minimum = 0.01, maximum = 1000)]
    pub(super) per_second: Field<Option<Rate>>,
}

/// What is done to each saga.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action(pub(super) Intervention);

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)?.as_str() {
            Some("retry") => Ok(Self(Intervention::Retry)),
            Some("compensate") => Ok(Self(Intervention::Compensate)),
            _other => Err(D::Error::custom("must be retry or compensate")),
        }
    }
}

/// The ids of sagas, at least one.
#[derive(Clone, Debug)]
pub(super) struct Ids(pub(super) Vec<SagaId>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Value::Array(ids) = Value::deserialize(from)? else {
            return Err(D::Error::custom("must be an array of UUIDs"));
        };
        if ids.is_empty() || ids.len() > MOST {
            return Err(D::Error::custom(format!("must have 1 to {MOST} ids")));
        }
        let id = |id: &Value| id.as_str().and_then(|text| text.parse::<Uuid>().ok()).map(SagaId);
        let ids = ids.iter().map(id).collect::<Option<Vec<_>>>();
        ids.map(Self).ok_or_else(|| D::Error::custom("must be an array of UUIDs"))
    }
}

/// The body of a move.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BulkMove)]
pub(super) struct MoveBody {
    /// Why, in the logs of the sagas that are acted on from now on; unless said, what the run was prepared for.
    #[schema(value_type = Option<ReasonText>, inline)]
    pub(super) reason: Field<Option<ReasonText>>,
}
