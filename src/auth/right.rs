//! What each role may do.

use crate::config::Role;

/// A permission that not every operator has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum Right {
    /// Read sagas, their groups, the audit trail and the feed.
    ReadSagas,
    /// Read any order, with its history, tracking, shipments and stream.
    ReadOrders,
    /// Act on sagas, and cancel any order.
    Act,
    /// Ship orders, and report what carriers say.
    Fulfil,
    /// Take goods back.
    TakeBack,
    /// Configure where events go.
    Administer,
}

impl Right {
    /// Whether this role has this right.
    pub(super) fn is_of(self, role: Role) -> bool {
        use Role::{Admin, Fulfilment, Operator, Viewer};
        match self {
            Self::ReadOrders => matches!(role, Viewer | Operator | Fulfilment | Admin),
            Self::ReadSagas => matches!(role, Viewer | Operator | Admin),
            Self::Act => matches!(role, Operator | Admin),
            Self::Fulfil => matches!(role, Fulfilment | Admin),
            Self::TakeBack => matches!(role, Fulfilment | Operator | Admin),
            Self::Administer => matches!(role, Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    fn rights(role: Role) -> Vec<Right> {
        Right::iter().filter(|right| right.is_of(role)).collect()
    }

    #[test]
    fn each_role_has_its_rights_and_no_more() {
        use Right::{Act, Fulfil, ReadOrders, ReadSagas, TakeBack};
        assert_eq!(rights(Role::Viewer), [ReadSagas, ReadOrders]);
        assert_eq!(rights(Role::Operator), [ReadSagas, ReadOrders, Act, TakeBack]);
        assert_eq!(rights(Role::Fulfilment), [ReadOrders, Fulfil, TakeBack]);
        assert_eq!(rights(Role::Admin), Right::iter().collect::<Vec<_>>());
    }
}
