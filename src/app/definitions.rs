//! The kinds of saga that this binary knows.

use crate::checkout;
use crate::saga::Definition;

/// The definitions of all kinds of saga.
pub(super) static DEFINITIONS: &[&Definition] = &[&checkout::DEFINITION];
