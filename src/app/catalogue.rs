//! The kinds of saga that this binary knows.

use crate::checkout;
use crate::saga::Catalogue;

/// Every table of every kind of saga.
pub(super) const CATALOGUE: Catalogue = Catalogue::of(checkout::DEFINITIONS);
