//! The caller of a route of the clients' API.

use axum::http::StatusCode;

use super::{Person, Right};
use crate::order::UserId;
use crate::web::Problem;

/// The caller. As an extractor it rejects requests without a good token, if users need one.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Not authenticated: `users.auth` is `off`.
    Anyone,
    /// A user.
    User(UserId),
    /// The holder of an operator's token.
    Operator(Person),
}

impl Caller {
    /// Whether the caller may see orders of this user. If not, the answer is the same as for an unknown id.
    pub(crate) fn sees(&self, user_id: UserId) -> bool {
        match self {
            Self::Anyone => true,
            Self::User(own) => *own == user_id,
            Self::Operator(person) => person.has(Right::ReadOrders),
        }
    }

    /// 403 for an operator whose role lacks this right. A user needs no right for their own orders.
    pub(crate) fn require(&self, right: Right) -> Result<(), Problem> {
        match self {
            Self::Anyone | Self::User(_) => Ok(()),
            Self::Operator(person) => person.require(right),
        }
    }

    /// The operator who asks; `None` for anybody else.
    pub(crate) fn person(&self) -> Option<&Person> {
        match self {
            Self::Anyone | Self::User(_) => None,
            Self::Operator(person) => Some(person),
        }
    }

    /// The name of the operator who asks; `None` for anybody else. 400 if the name is malformed.
    pub(crate) fn operator(&self) -> Result<Option<String>, Problem> {
        match self {
            Self::Anyone | Self::User(_) => Ok(None),
            Self::Operator(person) => person.name().map(Some),
        }
    }

    /// 403 for callers who may not order in this user's name: other users, and every operator.
    pub(crate) fn may_order_for(&self, user_id: UserId) -> Result<(), Problem> {
        match self {
            Self::Anyone => Ok(()),
            Self::User(own) if *own == user_id => Ok(()),
            Self::User(_) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "Not allowed for another user")
                    .detail("userId is not the user whom the token was given to"))
            }
            Self::Operator(person) => Err(person.not_allowed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_user_sees_and_orders_for_themselves_only() {
        let (own, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let user = Caller::User(own);
        assert!(user.sees(own) && !user.sees(other));
        assert!(user.may_order_for(own).is_ok());
        assert!(user.may_order_for(other).is_err());
        assert!(user.require(Right::Act).is_ok());
        assert!(Caller::Anyone.sees(other) && Caller::Anyone.may_order_for(other).is_ok());
    }
}
