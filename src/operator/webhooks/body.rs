//! The bodies of requests about endpoints.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use strum::VariantNames as _;
use utoipa::ToSchema;

use super::types::Types;
use crate::store::WebhookState;
use crate::web::{Field, MomentText};

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 500;

/// An endpoint to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewWebhook)]
pub(super) struct NewWebhookBody {
    /// Where events are sent: an https URL without user name and password, whose host is no private or special
    /// address.
    #[schema(value_type = String, max_length = 2000, pattern = r"^https://[A-Za-z]{1,60}\.[A-Za-z]{1,60}(/[A-Za-z0-9._~-]*)*$")]
    pub(super) url: Field<String>,
    /// Which types of events it wants, each `order.confirmed`, `order.*` or `*`; by default `order.*`.
    #[schema(value_type = Option<Types>, inline)]
    pub(super) types: Field<Option<Types>>,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$")]
    pub(super) description: Field<Option<Description>>,
    /// Whether the next event of an order waits until the one before is delivered or given up; by default not.
    #[schema(value_type = Option<bool>)]
    pub(super) ordered: Field<Option<bool>>,
}

/// What is to change of an endpoint. What is missing or null stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WebhookChange)]
pub(super) struct ChangeBody {
    /// Where events are sent, from the next attempt on.
    #[schema(value_type = Option<String>, max_length = 2000, pattern = r"^https://[A-Za-z]{1,60}\.[A-Za-z]{1,60}(/[A-Za-z0-9._~-]*)*$")]
    pub(super) url: Field<Option<String>>,
    /// Which types of events it wants, from now on.
    #[schema(value_type = Option<Types>, inline)]
    pub(super) types: Field<Option<Types>>,
    /// `enabled`, or `disabled`: what is pending is given up.
    #[schema(value_type = Option<String>, pattern = "^(enabled|disabled)$")]
    pub(super) state: Field<Option<State>>,
    /// What it is for; empty for nothing.
    #[schema(value_type = Option<String>, max_length = 500, pattern = r"^[^\u0000]*$")]
    pub(super) description: Field<Option<Description>>,
}

/// Since when to send again what failed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Recovery)]
pub(super) struct RecoverBody {
    /// The time of the oldest event, inclusive.
    #[schema(value_type = MomentText, inline)]
    pub(super) since: Field<MomentText>,
}

/// What an endpoint is for, without the spaces around it.
#[derive(Clone, Debug)]
pub(super) struct Description(pub(super) String);

impl<'de> Deserialize<'de> for Description {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from).map_err(|_| D::Error::custom("must be text"))?;
        if text.contains('\0') {
            return Err(D::Error::custom("must be text"));
        }
        if text.chars().count() > MAX_DESCRIPTION {
            let rule = format!("must not be longer than {MAX_DESCRIPTION} characters");
            return Err(D::Error::custom(rule));
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct State(pub(super) WebhookState);

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rule =
            || D::Error::custom(format!("must be one of {}", WebhookState::VARIANTS.join(", ")));
        let word = String::deserialize(from).map_err(|_| rule())?;
        word.parse().map(Self).map_err(|_| rule())
    }
}
