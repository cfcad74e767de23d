//! The user service: it knows a user's profile, which the wallet belongs to.

use super::endpoint::{CallContext, Endpoint};
use super::read::{Read, ReadResult};
use super::response::Response;
use super::transport::Request;
use crate::order::{ProfileId, UserId};
use crate::saga::{Effect, Report};
use crate::trace::TraceParent;

/// The user service.
#[derive(Debug)]
pub struct User(pub Endpoint);

/// Where a user can be written to.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// At this address, as the profile has it. It may be none.
    Email(String),
    /// There is no profile, or it has no address.
    Nowhere,
    /// No usable answer. Holds the reason, as a sentence.
    NoAnswer(String),
}

impl User {
    /// The address in the user's profile, read anew each time and kept nowhere. No saga waits for it, so
    /// it asks no lease and no breaker.
    pub async fn contact(&self, trace: &TraceParent, user: UserId) -> Contact {
        let key = format!("{user}:contact:{}", trace.trace_id());
        let request = Request::get(path(user), &key, trace);
        match self.0.send_unguarded(request).await {
            Err(error) => Contact::NoAnswer(error),
            Ok(response) if response.status == 200 => {
                let read = email(&response, user);
                read.unwrap_or_else(|wrong| Contact::NoAnswer(format!("answered 200: {wrong}")))
            }
            Ok(response) if response.is_refusal(&[404]) => Contact::Nowhere,
            Ok(response) => Contact::NoAnswer(format!("answered {}", response.status)),
        }
    }

    /// The user's profile, read under this key.
    pub async fn profile(
        &self,
        context: CallContext<'_>,
        effect: Effect,
        key: String,
        user: UserId,
    ) -> (Report, ReadResult<ProfileId>) {
        let read = Read { effect, path: path(user), key };
        self.0
            .read(context, read, |fields| {
                fields.check_uuid("userId", user.0)?;
                fields.uuid("id")?.map(ProfileId).ok_or_else(|| "no profile id in it".to_owned())
            })
            .await
    }
}

fn path(user: UserId) -> String {
    format!("/api/users/by-userid/{user}")
}

fn email(response: &Response, user: UserId) -> Result<Contact, String> {
    let fields = response.fields()?;
    fields.check_uuid("userId", user.0)?;
    let email = fields.text_or_null("email")?.filter(|email| !email.trim().is_empty());
    Ok(email.map_or(Contact::Nowhere, Contact::Email))
}
