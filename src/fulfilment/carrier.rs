//! What a carrier reports.

use chrono::{DateTime, SecondsFormat, Utc};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

/// Where a shipment is. Of two that are reported for the same moment, the later in this list wins.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumIter, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum CarrierStatus {
    /// A word that is none of the others; its description has it.
    Other,
    /// The parcel has a label, and nobody has it yet.
    LabelCreated,
    /// The carrier has it.
    PickedUp,
    /// On its way.
    InTransit,
    /// Later than it was to be.
    Delayed,
    /// With whoever brings it.
    OutForDelivery,
    /// Nobody was there.
    AttemptFailed,
    /// Waits to be fetched.
    ReadyForPickup,
    /// Arrived. No later report changes that.
    Delivered,
    /// Something went wrong.
    Exception,
    /// On its way back.
    Returning,
    /// Back.
    Returned,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierEvent {
    /// Its row's id.
    pub id: Uuid,
    /// What makes it the same report when it comes again.
    pub identity: String,
    /// What happened.
    pub status: CarrierStatus,
    /// When.
    pub at: DateTime<Utc>,
    /// When it was reported here, for the first time.
    pub received_at: DateTime<Utc>,
    /// Where.
    pub location: Option<String>,
    /// More, in words.
    pub description: Option<String>,
}

/// What the identity of a report with an id of its own begins with.
const BY_ID: &str = "id:";

impl CarrierEvent {
    /// A report of this word, which may be none of ours. Its identity is its own id, or else its word, its
    /// time and its place.
    pub fn reported(
        (id, received_at): (Uuid, DateTime<Utc>),
        event_id: Option<&str>,
        (word, at): (&str, DateTime<Utc>),
        location: Option<String>,
        description: Option<String>,
    ) -> Self {
        let by_content = || {
            let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
            format!("{word}|{at}|{}", location.as_deref().unwrap_or_default())
        };
        let identity = event_id.map_or_else(by_content, |event_id| format!("{BY_ID}{event_id}"));
        let known = word.parse().ok().filter(|status| *status != CarrierStatus::Other);
        let (status, description) = match (known, description) {
            (Some(status), description) => (status, description),
            (None, None) => (CarrierStatus::Other, Some(word.to_owned())),
            (None, Some(more)) => (CarrierStatus::Other, Some(format!("{word}: {more}"))),
        };
        Self { id, identity, status, at, received_at, location, description }
    }

    /// The carrier's own id of it, or else ours.
    pub fn shown_id(&self) -> String {
        let own = self.identity.strip_prefix(BY_ID).map(str::to_owned);
        own.unwrap_or_else(|| self.id.to_string())
    }
}
