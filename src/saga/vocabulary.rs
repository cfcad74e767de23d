//! The words of a saga, as they are stored, logged and shown.
//!
//! They are a stored format: append, never rename (promise 47).

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// Where a saga stands. `Completed`, `Compensated` and `Rejected` are rest.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
pub enum State {
    /// Accepted.
    Started,
    /// The payer's profile is known.
    ProfileFetched,
    /// Every price is known and kept: from here on effects may have been sent.
    Priced,
    /// The payment is done.
    Paid,
    /// Every line is reserved: from here on only forward.
    Reserved,
    /// The order row stands. Rest.
    Completed,
    /// Going back: nothing goes forward any more.
    Compensating,
    /// Effects had happened and are undone. Rest.
    Compensated,
    /// No effect had happened. Rest.
    Rejected,
}

impl State {
    /// Nothing is left to do.
    pub fn is_rest(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated | Self::Rejected)
    }

    /// Effects may have been sent, and are not accounted for yet.
    pub fn has_money_at_risk(self) -> bool {
        match self {
            Self::Priced | Self::Paid | Self::Reserved | Self::Compensating => true,
            Self::Started
            | Self::ProfileFetched
            | Self::Completed
            | Self::Compensated
            | Self::Rejected => false,
        }
    }

    /// Which way a saga in this state goes.
    pub fn direction(self) -> Direction {
        match self {
            Self::Started
            | Self::ProfileFetched
            | Self::Priced
            | Self::Paid
            | Self::Reserved
            | Self::Completed => Direction::Forward,
            Self::Compensating | Self::Compensated | Self::Rejected => Direction::Backward,
        }
    }
}

/// Which way a saga goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards its goal.
    Forward,
    /// Undoing.
    Backward,
}

/// The steps that a saga is made of, forward and back.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// Read who pays.
    FetchProfile,
    /// Read what each product costs and whether there is enough of it.
    PriceCart,
    /// Take the total from the payer's wallet.
    ChargePayment,
    /// Reserve one line of the cart.
    ReserveStock,
    /// Write the order.
    ConfirmOrder,
    /// Give the total back.
    RefundPayment,
    /// Give one line's reservation back.
    ReleaseStock,
    /// Not a call: an executor took the saga over from one that had died with it.
    TakeOver,
    /// Not a call: an operator's word about the saga as a whole.
    Intervene,
}

impl Step {
    /// Who is called; `None` for what is no call.
    pub fn neighbour(self) -> Option<Neighbour> {
        match self {
            Self::FetchProfile => Some(Neighbour::User),
            Self::PriceCart | Self::ReserveStock | Self::ReleaseStock => Some(Neighbour::Product),
            Self::ChargePayment | Self::RefundPayment => Some(Neighbour::Payment),
            Self::ConfirmOrder | Self::TakeOver | Self::Intervene => None,
        }
    }
}

/// Whose log entry it is, as operators see it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// Towards the goal.
    Forward,
    /// Undoing, or finding out what there is to undo.
    Compensation,
    /// A person's.
    Operator,
}

/// The services that a saga calls.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Neighbour {
    /// Profiles and wallets' owners.
    User,
    /// Prices and stock.
    Product,
    /// Money.
    Payment,
}

/// Why a saga needs a person.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
pub enum StuckKind {
    /// An effect's outcome is unknown, and it may not be sent again.
    InDoubt,
    /// A step that must not be given up has failed for longer than `retry.stuck_after`.
    Exhausted,
    /// A refund or a release was answered with a definite no.
    Refused,
    /// This binary doesn't know the saga's kind, version, state or step.
    Unreadable,
}
