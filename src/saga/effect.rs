//! One effect: a change at a neighbour that happens once or not at all.

use std::fmt;

use super::word::Step;

/// Which effect: a step, and the line where the step has one effect per line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    /// The step.
    pub step: Step,
    /// The line, from 0; `None` where the step has one effect in all.
    pub line: Option<u16>,
}

impl Effect {
    /// The one effect of a step without lines.
    pub const fn of(step: Step) -> Self {
        Self { step, line: None }
    }

    /// The effect of a step for one line.
    pub const fn of_line(step: Step, line: u16) -> Self {
        Self { step, line: Some(line) }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} of line {line}", self.step),
            None => self.step.fmt(f),
        }
    }
}
