//! The user service: which profile, and so which wallet, a user has.

use super::endpoint::{CallContext, Endpoint};
use super::read::{Read, ReadResult};
use crate::order::{OrderId, ProfileId, UserId};
use crate::saga::{Report, Step};

/// The user service.
#[derive(Debug)]
pub struct User(pub(super) Endpoint);

impl User {
    /// The profile of a user; wallets belong to profiles.
    pub async fn profile(
        &self,
        context: CallContext<'_>,
        saga: OrderId,
        user: UserId,
    ) -> (Report, ReadResult<ProfileId>) {
        let read = Read {
            step: Step::FetchProfile,
            line: None,
            path: format!("/api/users/by-userid/{user}"),
            key: format!("{saga}:{}", Step::FetchProfile),
        };
        self.0
            .read(context, read, |fields| {
                fields.check_uuid("userId", user.0)?;
                fields.uuid("id")?.map(ProfileId).ok_or_else(|| "no profile id in it".to_owned())
            })
            .await
    }
}
