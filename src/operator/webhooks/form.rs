//! Changes of endpoints that a form of the console asks for, each with the body that it has in the API.

use serde_json::Value;
use uuid::Uuid;

use super::super::Operators;
use super::again::{recover, resend, test};
use super::body::NewWebhookBody;
use super::change::{add, change, remove, rotate};
use crate::auth::{Audited, Person, Right};
use crate::store::{AuditAction, Webhook};
use crate::web::{Problem, read};

/// What was done to an endpoint.
#[derive(Debug)]
pub(crate) struct Changed {
    /// The endpoint; `None` once it is removed.
    pub(crate) id: Option<Uuid>,
    /// As a sentence.
    pub(crate) said: String,
    /// A new secret, which is shown once.
    pub(crate) secret: Option<String>,
}

/// Does what is asked for; `None` if there is no such change.
pub(crate) async fn carry_out(
    operators: &Operators,
    who: &Person,
    id: Option<Uuid>,
    what: &str,
    body: &Value,
) -> Result<Option<Changed>, Problem> {
    let action = match (what, id) {
        ("add", None) => AuditAction::CreateWebhook,
        ("rotate", Some(_)) => AuditAction::RotateWebhook,
        ("change", Some(_)) => AuditAction::ChangeWebhook,
        ("remove", Some(_)) => AuditAction::RemoveWebhook,
        ("test", Some(_)) => AuditAction::TestWebhook,
        ("resend", Some(_)) => AuditAction::ResendDelivery,
        ("recover", Some(_)) => AuditAction::RecoverDeliveries,
        _unknown => return Ok(None),
    };
    let id = id.unwrap_or_else(|| operators.clock.fresh_id());
    let mut audited = who.audited_anew(action, &operators.clock);
    audited.to(&id.to_string());
    let changed = async {
        who.require(Right::Administer)?;
        changed(operators, id, &mut audited, action, body).await.map(Some)
    };
    let changed = changed.await;
    audited.conclude(&operators.executor, changed).await
}

async fn changed(
    operators: &Operators,
    id: Uuid,
    audited: &mut Audited,
    action: AuditAction,
    body: &Value,
) -> Result<Changed, Problem> {
    let said = |said: String| Changed { id: Some(id), said, secret: None };
    Ok(match action {
        AuditAction::CreateWebhook => {
            let body: NewWebhookBody = read(body)?;
            with_secret(&add(operators, id, &body, audited.done()).await?, "Added")
        }
        AuditAction::RotateWebhook => {
            let rotated = rotate(operators, id, audited.done()).await?;
            with_secret(&rotated, "Has a new secret; for 24 hours the old one signs, too")
        }
        AuditAction::ChangeWebhook => {
            let changed = change(operators, id, &read(body)?, audited.done()).await?;
            said(format!("Changed; it is {}", changed.state))
        }
        AuditAction::RemoveWebhook => {
            remove(operators, id, audited.done()).await?;
            Changed { id: None, said: "Removed".to_owned(), secret: None }
        }
        AuditAction::TestWebhook => {
            let event = test(operators, id, audited.done()).await?;
            said(format!("A test will be sent, as the event {event}"))
        }
        AuditAction::ResendDelivery => {
            let event = body["eventid"].as_str().and_then(|event| event.parse::<Uuid>().ok());
            let event = event.ok_or_else(|| Problem::bad_request("eventId is not a UUID"))?;
            audited.to(&format!("{id}/{event}"));
            resend(operators, (id, event), audited.done()).await?;
            said(format!("The event {event} will be sent again"))
        }
        _recover => {
            let count = recover(operators, id, &read(body)?, audited.done()).await?;
            said(format!("{count} that failed will be sent again"))
        }
    })
}

fn with_secret(webhook: &Webhook, said: &str) -> Changed {
    let newest = webhook.secrets.first().map(|newest| newest.secret.clone());
    Changed { id: Some(webhook.id), said: said.to_owned(), secret: newest }
}
