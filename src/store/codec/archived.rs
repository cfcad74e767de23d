//! Rows as the archive keeps them: every column under its name in JSON, apart from addresses.

use entity::{outbox, saga_instance, step_log};
use serde_json::{Value, json};

use crate::store::Note;
use crate::store::trail_chain::AuditEntry;

/// A saga's row.
pub(in crate::store) fn archived_saga(row: &saga_instance::Model) -> Value {
    json!({
        "id": row.id,
        "orderId": row.order_id.unwrap_or(row.id),
        "kind": row.kind,
        "definitionVersion": row.definition_version,
        "state": row.state,
        "stuck": row.stuck,
        "held": row.held,
        "cancelRequest": row.cancel_request,
        "userId": row.user_id,
        "totalAmount": row.total_amount,
        "context": without_addresses(&row.context),
        "idempotencyKey": row.idempotency_key,
        "fingerprint": row.fingerprint,
        "attempts": row.attempts,
        "failingSince": row.failing_since,
        "lastError": row.last_error,
        "deadlineAt": row.deadline_at,
        "fence": row.fence,
        "revision": row.revision,
        "version": row.version,
        "traceParent": row.trace_parent,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    })
}

/// An entry of its log.
pub(in crate::store) fn archived_step(row: &step_log::Model) -> Value {
    json!({
        "seq": row.seq,
        "step": row.step,
        "line": row.line,
        "phase": row.phase,
        "event": row.event,
        "outcome": row.outcome,
        "fromState": row.from_state,
        "generation": row.generation,
        "attempt": row.attempt,
        "idempotencyKey": row.idempotency_key,
        "startedAt": row.started_at,
        "durationMs": row.duration_ms,
        "request": row.request.as_ref().map(without_addresses),
        "response": row.response.as_ref().map(without_addresses),
        "error": row.error,
        "executor": row.executor,
    })
}

/// An event of its order.
pub(in crate::store) fn archived_event(row: &outbox::Model) -> Value {
    json!({
        "id": row.id,
        "orderId": row.order_id,
        "userId": row.user_id,
        "type": row.kind,
        "version": row.version,
        "status": row.status,
        "position": row.position,
        "time": row.created_at,
        "traceParent": row.trace_parent,
        "data": without_addresses(&row.payload),
    })
}

/// What an operator wrote down.
pub(in crate::store) fn archived_note(note: &Note) -> Value {
    json!({ "at": note.at, "who": note.who, "text": note.text })
}

/// What a person did to it, or to its order.
pub(in crate::store) fn archived_audit(entry: &AuditEntry) -> Value {
    json!({
        "seq": entry.seq,
        "hash": entry.hash,
        "at": entry.at,
        "who": entry.who,
        "role": entry.role,
        "via": entry.via,
        "action": entry.action,
        "target": entry.target,
        "reason": entry.reason,
        "result": entry.result,
    })
}

/// The same without any address of a customer: what is kept for years must not have one.
fn without_addresses(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "shippingAddress");
            kept.map(|(name, value)| (name.clone(), without_addresses(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_addresses).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_archived_however_deep() {
        let known = json!({
            "lines": [1],
            "shippingAddress": { "city": "Pune" },
            "within": [{ "shippingAddress": null, "kept": "yes" }],
        });
        let kept = json!({ "lines": [1], "within": [{ "kept": "yes" }] });
        assert_eq!(without_addresses(&known), kept);
    }
}
