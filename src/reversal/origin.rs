//! What a reversal has to know of its order.

use crate::order::{OrderId, PricedLine, ProfileId, UserId};

/// An order that something of is given back.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Which.
    pub order_id: OrderId,
    /// Whose.
    pub user_id: UserId,
    /// Who paid, as the user service knows them; needed where anything was paid.
    pub profile_id: Option<ProfileId>,
    /// Its lines.
    pub items: Vec<PricedLine>,
    /// W3C trace context of what asks for it.
    pub trace_parent: String,
}
