//! What may be done to a saga now, as forms: each says what it will do, by the function that does it.

use axum::http::StatusCode;

use crate::console::piece::{brief, step_name};
use crate::operator::{Detail, PreviewView};
use crate::web::{Problem, Query};

/// The forms of a page.
pub(in crate::console) struct Forms {
    pub(super) may_act: bool,
    /// What is offered first comes first.
    pub(super) all: Vec<Form>,
    pub(super) note: Option<NoteForm>,
}

/// The form of an action.
pub(super) struct Form {
    pub(super) action: String,
    pub(super) label: String,
    /// Of the same page's forms, to tie labels to fields.
    pub(super) number: usize,
    /// What it will do; not for a verdict, whose choices say so.
    pub(super) will: Option<String>,
    /// Of a verdict.
    pub(super) verdict: Option<Verdict>,
    pub(super) reason: String,
    pub(super) error: Option<String>,
    pub(super) is_open: bool,
    pub(super) hint: &'static str,
}

pub(super) struct Verdict {
    pub(super) step: String,
    pub(super) line: Option<u16>,
    /// The word, what it says, what it will do, and whether it is chosen.
    pub(super) choices: Vec<(&'static str, &'static str, String, bool)>,
}

/// The form of a note.
pub(super) struct NoteForm {
    pub(super) text: String,
    pub(super) error: Option<String>,
    pub(super) is_open: bool,
}

/// A form that was opened, or sent and not taken.
#[derive(Debug)]
pub(in crate::console) struct Tried {
    action: String,
    form: Query,
    problem: Option<Problem>,
}

impl Tried {
    /// Whether there is such a form.
    pub(in crate::console) fn is_known(action: &str) -> bool {
        [NOTE, "retry", "compensate", "hold", "release", "resolve"].contains(&action)
    }

    /// It was only opened.
    pub(in crate::console) fn opened(action: &str) -> Self {
        Self { action: action.to_owned(), form: Query::default(), problem: None }
    }

    /// It was sent, and not taken.
    pub(in crate::console) fn refused(action: &str, form: Query, problem: Problem) -> Self {
        Self { action: action.to_owned(), form, problem: Some(problem) }
    }

    pub(super) fn status(&self) -> StatusCode {
        let status = self
            .problem
            .as_ref()
            .map_or(Ok(StatusCode::OK), |problem| StatusCode::from_u16(problem.status()));
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        let (error, sentence) = (problem.error(), problem.sentence());
        let said =
            if error == sentence { error.to_owned() } else { format!("{error}: {sentence}") };
        Some(brief(&said, 500))
    }

    fn text(&self, name: &str) -> String {
        self.form.text(name).unwrap_or_default().to_owned()
    }

    /// Whether it is this form of the page.
    fn is(&self, action: &str, verdict: Option<&Verdict>) -> bool {
        let Some(verdict) = verdict else { return self.action == action };
        let line = verdict.line.map(|line| line.to_string()).unwrap_or_default();
        let names_none = self.form.text("step").is_none();
        self.action == action
            && (names_none || (self.text("step") == verdict.step && self.text("line") == line))
    }
}

impl Forms {
    pub(super) fn of(detail: &Detail, tried: Option<Tried>, may_act: bool) -> Self {
        let mut forms: Vec<Form> = Vec::new();
        for preview in &detail.previews {
            let will = brief(&preview.will, 500);
            let Some(verdict) = verdict(preview) else {
                forms.push(form(preview.action, Some(will), None, forms.len()));
                continue;
            };
            let choice = match preview.happened {
                Some(true) => ("true", "It happened", will, false),
                Some(false) | None => ("false", "It did not happen", will, false),
            };
            let of_same = forms.iter_mut().filter_map(|form| form.verdict.as_mut());
            let mut same = of_same.filter(|it| it.step == verdict.step && it.line == verdict.line);
            if let Some(same) = same.next() {
                same.choices.push(choice);
            } else {
                let verdict = Verdict { choices: vec![choice], ..verdict };
                forms.push(form(preview.action, None, Some(verdict), forms.len()));
            }
        }
        let note = may_act.then(|| NoteForm::of(tried.as_ref()));
        if let Some(tried) = tried.filter(|tried| tried.action != NOTE) {
            keep(&mut forms, &tried);
        }
        if !may_act {
            forms.clear();
        }
        Self { may_act, all: forms, note }
    }
}

/// What the form of a note is called.
const NOTE: &str = "note";

impl NoteForm {
    fn of(tried: Option<&Tried>) -> Self {
        let tried = tried.filter(|tried| tried.action == NOTE);
        Self {
            text: tried.map(|tried| tried.text("text")).unwrap_or_default(),
            error: tried.and_then(Tried::error),
            is_open: tried.is_some(),
        }
    }
}

fn verdict(preview: &PreviewView) -> Option<Verdict> {
    let step = preview.step.filter(|_| preview.action == "resolve")?;
    Some(Verdict { step: step.to_owned(), line: preview.line, choices: Vec::new() })
}

fn form(action: &str, will: Option<String>, verdict: Option<Verdict>, number: usize) -> Form {
    let (label, hint) = match action {
        "retry" => ("Retry now", "Why now?"),
        "compensate" => ("Give up and undo", "Why is it to be undone?"),
        "hold" => ("Hold", "What are you about to do by hand?"),
        "release" => ("Release", "What was done by hand?"),
        "resolve" => ("Resolve", "How do you know? Where did you look?"),
        other => (other, "Why?"),
    };
    let label = match &verdict {
        Some(Verdict { step, line: Some(line), .. }) => {
            format!("{label} {} of line {line}", step_name(step))
        }
        Some(Verdict { step, line: None, .. }) => format!("{label} {}", step_name(step)),
        None => label.to_owned(),
    };
    Form {
        action: action.to_owned(),
        label,
        number,
        will,
        verdict,
        reason: String::new(),
        error: None,
        is_open: false,
        hint,
    }
}

/// Opens the form that was tried, with what was written there, also if it is not allowed any more. It comes
/// first: that is what the visitor is at.
fn keep(forms: &mut Vec<Form>, tried: &Tried) {
    let mut same = forms.iter_mut().filter(|it| tried.is(&it.action, it.verdict.as_ref()));
    if same.next().is_none() {
        let gone = "It is not allowed any more.".to_owned();
        let verdict = (tried.action == "resolve").then(|| Verdict {
            step: tried.text("step"),
            line: tried.text("line").parse().ok(),
            choices: vec![
                ("true", "It happened", gone.clone(), false),
                ("false", "It did not happen", gone.clone(), false),
            ],
        });
        let will = verdict.is_none().then_some(gone);
        forms.push(form(&tried.action, will, verdict, forms.len()));
    }
    let at = forms.iter().position(|it| tried.is(&it.action, it.verdict.as_ref()));
    let Some(mut form) = at.map(|at| forms.remove(at)) else { return };
    form.is_open = true;
    form.reason = tried.text("reason");
    form.error = tried.error();
    let happened = tried.text("happened");
    for choice in form.verdict.iter_mut().flat_map(|verdict| &mut verdict.choices) {
        choice.3 = choice.0 == happened;
    }
    forms.insert(0, form);
}
