//! The user service: it knows a user's profile, which the wallet belongs to.

use super::endpoint::{CallContext, Endpoint};
use super::read::{Read, ReadResult};
use crate::order::{ProfileId, UserId};
use crate::saga::{Effect, Report};

/// The user service.
#[derive(Debug)]
pub struct User(pub Endpoint);

impl User {
    /// The user's profile, read under this key.
    pub async fn profile(
        &self,
        context: CallContext<'_>,
        effect: Effect,
        key: String,
        user: UserId,
    ) -> (Report, ReadResult<ProfileId>) {
        let read = Read { effect, path: format!("/api/users/by-userid/{user}"), key };
        self.0
            .read(context, read, |fields| {
                fields.check_uuid("userId", user.0)?;
                fields.uuid("id")?.map(ProfileId).ok_or_else(|| "no profile id in it".to_owned())
            })
            .await
    }
}
