//! `GET /api/operator/sagas/{id}?atSeq=N`: a saga as it was after an entry of its log.

use super::saga::SagaView;
use crate::saga::Instance;

impl SagaView {
    /// The view of a saga as it was, with nothing that only the present knows.
    pub(super) fn in_the_past(self, saga: &Instance) -> Self {
        Self {
            version: None,
            state: saga.state().to_owned(),
            stuck: None,
            held: None,
            at_risk: saga.exposure().into(),
            cause: None,
            next: None,
            attempts: None,
            next_attempt_at: None,
            last_error: None,
            owner: None,
            updated_at: saga.updated_at,
            ..self
        }
    }
}
