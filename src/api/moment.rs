//! A moment in a body.

use chrono::{DateTime, SubsecRound, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::web::within_years;

/// An RFC 3339 moment, in microseconds, which is what both databases keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct MomentText(pub(super) DateTime<Utc>);

impl<'de> Deserialize<'de> for MomentText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let moment = DateTime::parse_from_rfc3339(text.trim())
            .map_err(|_| D::Error::custom("must be a time as in RFC 3339"))?;
        Ok(Self(within_years(moment.to_utc()).trunc_subsecs(6)))
    }
}
