//! The kinds of saga that this binary knows.

use crate::saga::{Catalogue, Definition};
use crate::{checkout, reversal};

/// Every table of every kind of saga.
pub const CATALOGUE: Catalogue = Catalogue::of(TABLES);

static TABLES: &[&Definition] =
    &[&checkout::DEFINITION, &reversal::CANCELLATION, &reversal::RETURN];
