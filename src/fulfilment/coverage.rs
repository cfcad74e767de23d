//! Which pieces of an order have left, and whether all have arrived.

use std::collections::BTreeMap;

/// Pieces by line of an order, from 0.
pub type Pieces = BTreeMap<u16, i64>;

/// Why these pieces can't leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// The order has no such line.
    NoSuchLine(u16),
    /// Fewer of this line are left.
    TooMany(u16),
    /// Nothing is left.
    Nothing,
}

/// What of an order has not left yet.
pub fn remaining(ordered: &Pieces, shipped: &Pieces) -> Pieces {
    let left = |(line, ordered): (&u16, &i64)| {
        let left = ordered - shipped.get(line).copied().unwrap_or_default();
        (left > 0).then_some((*line, left))
    };
    ordered.iter().filter_map(left).collect()
}

/// The pieces that leave now: those asked for, or all that are left.
pub fn take(
    ordered: &Pieces,
    shipped: &Pieces,
    asked: Option<&Pieces>,
) -> Result<Pieces, Shortage> {
    let left = remaining(ordered, shipped);
    let Some(asked) = asked else {
        return if left.is_empty() { Err(Shortage::Nothing) } else { Ok(left) };
    };
    if let Some(line) = asked.keys().find(|line| !ordered.contains_key(line)) {
        return Err(Shortage::NoSuchLine(*line));
    }
    if left.is_empty() {
        return Err(Shortage::Nothing);
    }
    let too_many = asked
        .iter()
        .find(|(line, quantity)| left.get(line).copied().unwrap_or_default() < **quantity);
    too_many.map_or_else(|| Ok(asked.clone()), |(line, _)| Err(Shortage::TooMany(*line)))
}

/// Whether these pieces are all of an order.
pub fn covers(ordered: &Pieces, delivered: &Pieces) -> bool {
    remaining(ordered, delivered).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(of: &[(u16, i64)]) -> Pieces {
        of.iter().copied().collect()
    }

    #[test]
    fn no_more_leaves_than_was_ordered() {
        let ordered = pieces(&[(0, 2), (1, 3)]);
        let shipped = pieces(&[(0, 2), (1, 1)]);
        assert_eq!(take(&ordered, &shipped, None), Ok(pieces(&[(1, 2)])));
        let asked = |line, quantity| take(&ordered, &shipped, Some(&pieces(&[(line, quantity)])));
        assert_eq!(asked(1, 2), Ok(pieces(&[(1, 2)])));
        assert_eq!(asked(1, 3), Err(Shortage::TooMany(1)));
        assert_eq!(asked(0, 1), Err(Shortage::TooMany(0)));
        assert_eq!(asked(2, 1), Err(Shortage::NoSuchLine(2)));
        assert_eq!(take(&ordered, &ordered, None), Err(Shortage::Nothing));
        assert_eq!(take(&ordered, &ordered, Some(&ordered)), Err(Shortage::Nothing));
        assert!(covers(&ordered, &ordered) && !covers(&ordered, &shipped));
    }
}
