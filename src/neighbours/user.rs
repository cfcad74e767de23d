//! The user service: who a user is to the payment service.

use super::http::{Errand, Http};
use super::read::Found;
use crate::order::{OrderId, ProfileId, UserId};
use crate::saga::{Report, Step};

/// The user service.
#[derive(Debug)]
pub struct User(pub(super) Http);

impl User {
    /// The profile of a user; wallets belong to profiles.
    pub async fn profile(
        &self,
        errand: Errand<'_>,
        saga: OrderId,
        user: UserId,
    ) -> (Report, Found<ProfileId>) {
        let key = format!("{saga}:{}", Step::FetchProfile);
        let path = format!("/api/users/by-userid/{user}");
        self.0
            .read(errand, (Step::FetchProfile, None), (path, &key), |said| {
                said.not_another("userId", user.0)?;
                said.uuid("id")?.map(ProfileId).ok_or_else(|| "no profile id in it".to_owned())
            })
            .await
    }
}
