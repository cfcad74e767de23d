//! `sagas show`. It begins with what matters most: where the money is, what is stuck, and why.

use super::{
    answer::{AtRisk, Detail, Note, Preview, Saga, SameTrouble, Step, words},
    position::{StockHeld, held, money, stock},
    table::table,
};
use crate::cli::{
    format::{age, clipped, instant, rupees, took},
    out::TableStyle,
};
use crate::text::one_line;

/// Longer errors, reasons and names are cut; `--json` shows them in full.
const REASON: usize = 80;
const NAME: usize = 40;

/// Draws one saga.
pub(in crate::cli) fn show(detail: &Detail, style: TableStyle) -> String {
    let head = head(detail)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name:<8} {}", one_line(&value)))
        .collect::<Vec<_>>()
        .join("\n");
    let allowed = allowed(&detail.saga.id, detail);
    let (told, notes) = (told(detail), notes(detail));
    let mut blocks = vec![head, lines(detail, style), steps(detail, style), told, notes, allowed];
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n")
}

fn head(detail: &Detail) -> [(&'static str, String); 14] {
    let saga = &detail.saga;
    [
        ("Saga", format!("{} ({}, version {})", saga.id, saga.kind, saga.version)),
        ("HELD", held_by(saga)),
        ("STUCK", stuck(saga)),
        ("State", state(saga)),
        ("Money", detail.effects.as_ref().map(|effects| money(saga, effects)).unwrap_or_default()),
        ("Stock", detail.effects.as_ref().map(|effects| stock(&effects.lines)).unwrap_or_default()),
        ("At risk", saga.at_risk.as_ref().map(at_risk).unwrap_or_default()),
        ("Cause", saga.cause.clone().unwrap_or_default()),
        ("Next", next(saga)),
        ("Error", words(saga.last_error.as_ref())),
        ("Alike", detail.group.as_ref().map(alike).unwrap_or_default()),
        ("User", saga.user_id.clone().unwrap_or_default()),
        ("Owner", words(saga.owner.as_ref())),
        ("Accepted", instant(saga.created_at)),
    ]
}

/// The most that is out; nothing is not worth a line.
fn at_risk(risk: &AtRisk) -> String {
    let at_most = |unknown: bool| if unknown { "at most " } else { "" };
    let money =
        (risk.money > 0).then(|| format!("{}{}", at_most(risk.unknown), rupees(risk.money)));
    let stock = risk.stock.iter().map(|stock| {
        format!("{}{} of {}", at_most(stock.unknown), stock.quantity, stock.product_id)
    });
    money.into_iter().chain(stock).collect::<Vec<_>>().join(", ")
}

fn alike(group: &SameTrouble) -> String {
    match group.count {
        0 | 1 => "no other saga is in the same trouble".to_owned(),
        count => {
            let (others, id) = (count - 1, &group.id);
            format!("{others} more in the same trouble: order-service sagas list --group {id}")
        }
    }
}

fn next(saga: &Saga) -> String {
    let Some(next) = &saga.next else { return String::new() };
    match next.at.map(|at| (at - saga.now()).num_seconds()) {
        Some(seconds @ 1..) => format!("{} in {}", next.what, age(seconds)),
        Some(_due) => format!("{}, due now", next.what),
        None => next.what.clone(),
    }
}

/// What the customer and others were told.
fn told(detail: &Detail) -> String {
    let told = detail.told.iter().flatten().map(|told| {
        let status = told.status.map(|status| format!(" {status}")).unwrap_or_default();
        let to = told.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        let what = one_line(&format!("{}{status}{to}: {}", told.via, told.what));
        format!("  {} {what}", instant(told.at))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { String::new() } else { format!("Told:\n{}", told.join("\n")) }
}

fn notes(detail: &Detail) -> String {
    let note = |note: &Note| {
        let (who, text) = (one_line(&note.who), note.text.replace('\n', "\n      "));
        format!("  {} {who}: {text}", instant(note.at))
    };
    let notes: Vec<_> = detail.notes.iter().map(note).collect();
    if notes.is_empty() { String::new() } else { format!("Notes:\n{}", notes.join("\n")) }
}

fn held_by(saga: &Saga) -> String {
    let Some(held) = &saga.held else { return String::new() };
    let since = age((saga.now() - held.since).num_seconds());
    format!("for {since}, by {}: {}; nothing is sent until it is released", held.who, held.reason)
}

fn stuck(saga: &Saga) -> String {
    let Some(stuck) = &saga.stuck else {
        return String::new();
    };
    let step = stuck.step.as_ref().map(|step| format!(" at {step}"));
    let since =
        stuck.since.map(|since| format!(" for {}", age((saga.now() - since).num_seconds())));
    let detail = stuck.detail.as_ref().map(|detail| format!(": {detail}"));
    [Some(stuck.kind.clone()), step, since, detail].into_iter().flatten().collect()
}

fn state(saga: &Saga) -> String {
    let next = saga.next_attempt_at.map(|next| match (next - saga.now()).num_seconds() {
        ..=0 => ", next one due".to_owned(),
        seconds => format!(", next one in {}", age(seconds)),
    });
    let attempts = match saga.attempts {
        1 => "1 attempt".to_owned(),
        attempts => format!("{attempts} attempts"),
    };
    format!("{}, {} old, {attempts}{}", saga.state, age(saga.age()), next.unwrap_or_default())
}

fn lines(detail: &Detail, style: TableStyle) -> String {
    let lines = detail.effects.as_ref().map(|effects| effects.lines.as_slice()).unwrap_or_default();
    if lines.is_empty() {
        return String::new();
    }
    let headers = ["LINE", "PRODUCT", "QUANTITY", "RESERVED", "RELEASED", "HELD"];
    let mut drawn = table(style, &headers, &["LINE", "QUANTITY"]);
    for (index, line) in lines.iter().enumerate() {
        drawn.add_row([
            index.to_string(),
            line.product_id.clone(),
            line.quantity.to_string(),
            line.reserved.to_string(),
            line.released.to_string(),
            match held(line) {
                StockHeld::Yes => line.quantity.to_string(),
                StockHeld::No => "0".to_owned(),
                StockHeld::Unknown => format!("0 or {}", line.quantity),
            },
        ]);
    }
    drawn.trim_fmt()
}

fn steps(detail: &Detail, style: TableStyle) -> String {
    if detail.steps.is_empty() {
        return "no step was taken yet".to_owned();
    }
    let headers = [
        "#",
        "STARTED",
        "STEP",
        "PHASE",
        "TRY",
        "OUTCOME",
        "TOOK",
        "DID OR WHY",
        "IDEMPOTENCY-KEY",
    ];
    let mut drawn = table(style, &headers, &["#", "TRY", "TOOK"]);
    for step in &detail.steps {
        let plain = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let is_operators = step.phase.as_deref() == Some("operator");
        let attempt = step.attempt.filter(|_| !is_operators);
        let said = if is_operators { by_operator(step) } else { error(step) };
        drawn.add_row([
            step.seq.to_string(),
            step.started_at.map_or_else(|| "-".to_owned(), instant),
            step.name.clone(),
            plain(&step.phase),
            attempt.map_or_else(|| "-".to_owned(), |attempt| attempt.to_string()),
            plain(&step.outcome),
            step.duration_ms.map_or_else(|| "-".to_owned(), took),
            if said.is_empty() { "-".to_owned() } else { said },
            plain(&step.idempotency_key),
        ]);
    }
    drawn.trim_fmt()
}

fn error(step: &Step) -> String {
    clipped(&words(step.error.as_ref()), REASON)
}

/// Who did what, and why: `otto: held ("finance refunds by hand")`. Of what is missing, nothing is said.
fn by_operator(step: &Step) -> String {
    let who = step.who.as_ref().or(step.executor.as_ref());
    let reason = step.reason.as_deref().or_else(|| step.request.as_ref()?.get("reason")?.as_str());
    let did = step.did.clone().into_iter();
    let reason = reason.map(|reason| format!("(\"{}\")", clipped(reason, REASON)));
    let did = did.chain(reason).collect::<Vec<_>>().join(" ");
    let who = who.map(|who| clipped(who, NAME));
    who.into_iter().chain(Some(did).filter(|did| !did.is_empty())).collect::<Vec<_>>().join(": ")
}

/// The allowed actions: the command for each, and what it will do.
fn allowed(id: &str, detail: &Detail) -> String {
    if detail.actions.is_empty() {
        return "Allowed now: nothing".to_owned();
    }
    let names = detail.actions.join(", ");
    let buttons = detail.previews.iter().map(|preview| {
        let step = preview.step.as_ref().map(|step| format!(" --step {step}"));
        let line = preview.line.map(|line| format!(" --line {line}"));
        let happened = preview.happened.map(|happened| format!(" --happened {happened}"));
        let flags: String = [step, line, happened].into_iter().flatten().collect();
        let Preview { action, will, .. } = preview;
        format!(
            "  order-service sagas {action} {id}{flags} --reason '...'\n      {}",
            one_line(will)
        )
    });
    let buttons = buttons.collect::<Vec<_>>().join("\n");
    format!("Allowed now: {names}\n{buttons}")
}
