//! `POST /api/operator/sagas/{id}/notes`: something to remember at a saga.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Operators;
use super::reason::ReasonText;
use super::saga::missing;
use crate::auth::{Person, Right};
use crate::saga::SagaId;
use crate::store::{AuditAction, Error, NewAuditEntry, Note};
use crate::web::{Field, Problem, Segment, optional_json_body, read, uuid_segment};

/// What is to be remembered.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewNote)]
pub(super) struct NoteBody {
    #[schema(value_type = ReasonText, inline)]
    text: Field<ReasonText>,
}

/// A note at a saga.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Note)]
pub(crate) struct NoteView {
    pub(crate) at: DateTime<Utc>,
    /// The operator's name.
    pub(crate) who: String,
    pub(crate) text: String,
}

impl From<Note> for NoteView {
    fn from(Note { at, who, text }: Note) -> Self {
        Self { at, who, text }
    }
}

/// Add a note
///
/// It is kept at the saga, and changes nothing: its version stays.
#[utoipa::path(
    post,
    path = "/api/operator/sagas/{id}/notes",
    tag = "operators",
    operation_id = "addNote",
    security(("operatorToken" = [])),
    request_body = NoteBody,
    params(
        ("id" = Uuid, Path, description = "The saga"),
        ("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said"),
    ),
    responses(
        (status = 201, description = "The note", body = NoteView),
        (status = 400, description = "What is wrong, naming the field"),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 404, description = "`Saga not found`"),
        (status = 410, description = "`Saga forgotten`, with `archivedAt` and `file`"),
        (status = 408, description = "The body did not come"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn add_note(
    State(operators): State<Operators>,
    who: Person,
    id: Segment,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = who.audited(AuditAction::Note, &id, &operators.clock);
    let noted = async {
        who.require(Right::Act)?;
        let id = SagaId(uuid_segment(id, "id")?);
        let body: NoteBody = optional_json_body(&headers, body).await?;
        let (who, text) = (who.name()?, body.text.value()?.as_str());
        audited.because(text);
        let Some(note) = note(&operators, id, (&who, text), audited.done()).await? else {
            return Err(missing(&operators, id).await);
        };
        Ok((StatusCode::CREATED, Json(note)))
    };
    let noted: Result<_, Problem> = noted.await;
    audited.answer(&operators.executor, noted).await
}

/// Adds the note that a form has, as the API would.
pub(crate) async fn note_of(
    operators: &Operators,
    who: &Person,
    saga: SagaId,
    body: &Value,
) -> Result<(), Problem> {
    let mut audited = who.audited_anew(AuditAction::Note, &operators.clock);
    audited.to(&saga.to_string());
    let noted = async {
        who.require(Right::Act)?;
        let body: NoteBody = read(body)?;
        let (who, text) = (who.name()?, body.text.value()?.as_str());
        audited.because(text);
        match note(operators, saga, (&who, text), audited.done()).await? {
            Some(note) => Ok(note),
            None => Err(missing(operators, saga).await),
        }
    };
    let noted: Result<_, Problem> = noted.await;
    audited.conclude(&operators.executor, noted).await.map(drop)
}

/// Adds a note; `None` where there is no such saga.
pub(crate) async fn note(
    operators: &Operators,
    saga: SagaId,
    (who, text): (&str, &str),
    audit: &NewAuditEntry,
) -> Result<Option<NoteView>, Error> {
    let (at, id) = (operators.clock.now(), operators.clock.fresh_id());
    let note = Note { at, who: who.to_owned(), text: text.to_owned() };
    let is_added = operators.store.add_note(id, saga, &note, audit).await?;
    Ok(is_added.then(|| note.into()))
}
